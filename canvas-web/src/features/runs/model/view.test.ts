import { describe, expect, it } from "vitest";
import { nodeStates } from "./cards";
import { edgeStates, incoming } from "./flowing";
import { RunHistory } from "./history";
import { edge, node, nodeId, Recording, START } from "./runRecording";
import { itemOrder, loopLabels, loopPlace, roundsOf, roundsText, type Rounds, viewOf } from "./view";

const back = { ...edge(3, 2), id: "back", loop: { maxIterations: 10 } };
const graph = {
  nodes: [node(1, "trigger", "Start"), node(2, "action", "Draft"), node(3, "action", "Review"), node(4, "output", "Text")],
  edges: [edge(1, 2), edge(2, 3), back, edge(3, 4)],
};
const round = (n: number) => `${nodeId(2)}:${n}`;
const run = new Recording().started().begin(0, 1).end(1, 1, "topic").ran(2, 2, round(0), 3, "draft 1").ran(6, 3, round(0), 1, "worse").ran(10, 2, round(1), 3, "draft 2").ran(14, 3, round(1), 1, "better").begin(20, 2).inScope(20, 2, round(2));

function seen(rounds: Rounds = {}, count?: number) {
  const history = new RunHistory();
  history.append(run.events);
  return { history, view: viewOf(graph, history, "", rounds, count ?? history.length) };
}

describe("a loop on the graph", () => {
  it("shows its nodes in the newest round, and which one that is", () => {
    const { view } = seen();
    const cards = nodeStates(graph, view, START + 30, false);
    expect(cards[nodeId(2)]).toMatchObject({ status: "running", round: "3 of 10" });
    expect(cards[nodeId(3)]).toBeUndefined();
    expect(cards[nodeId(1)]).not.toHaveProperty("round");
    expect(loopLabels(view)).toEqual({ back: "round 3 of 10" });
  });

  it("shows any round that is chosen, with what came in and went out there", () => {
    const place = loopPlace("", nodeId(2));
    const { view } = seen({ [place]: 1 });
    expect(view.state.nodes[nodeId(2)]?.result).toBe("draft 2");
    expect(edgeStates(graph, view.state)["back"]).toBe("carried");
    expect(incoming(graph, nodeId(2), view.state, {}, new Map(), view.before[nodeId(2)])).toEqual([{ port: "input", value: "worse", from: nodeId(3) }]);
    const first = seen({ [place]: 0 }).view;
    expect(incoming(graph, nodeId(2), first.state, {}, new Map(), first.before[nodeId(2)])).toEqual([{ port: "input", value: "topic", from: nodeId(1) }]);
    expect(roundsOf(roundsText({ [place]: 1 }))).toEqual({ [place]: 1 });
  });

  it("knows nothing of rounds that had not begun", () => {
    const { history } = seen();
    const firstEnd = history.events.findIndex((event) => event.type === "chunk.completed" && event.payload?.result === "draft 1") + 1;
    const { view } = seen({}, firstEnd);
    expect(view.loops).toMatchObject([{ n: 0, begun: 1 }]);
    expect(view.state.nodes[nodeId(3)]).toBeUndefined();
  });
});

describe("a sub-flow on the graph", () => {
  const each = { nodes: [node(9, "subflow", "Per document", { handlers: { main: { entrypoint: "core:subflow", config: { flowId: nodeId(77), mode: "forEach" } } } })], edges: [] };

  it("is one node with counts, failed items first in its list, and each item a picture of its own", () => {
    const item = (n: number) => `${nodeId(9)}:${n}`;
    const recording = new Recording().started().begin(1, 9).ran(2, 5, item(0), 1, "a").ran(2, 5, item(1), 1, "b")
      .begin(3, 5).inScope(3, 5, item(2)).fail(4, 5, "HttpStatus").inScope(4, 5, item(2)).begin(5, 5).inScope(5, 5, item(3));
    const history = new RunHistory();
    history.append(recording.events);
    const view = viewOf(each, history, "", {}, history.length);
    expect(nodeStates(each, view, START + 9, false, { [nodeId(9)]: 1000 })[nodeId(9)]).toMatchObject({ status: "running", progress: { done: 2, failed: 1, running: 1, total: 1000 } });
    const group = view.groups[nodeId(9)]?.group;
    expect(group && itemOrder(group)).toEqual([2, 3, 0, 1]);
    const child = { nodes: [node(5, "action", "Read")], edges: [] };
    expect(viewOf(child, history, item(2), {}, history.length).state.nodes[nodeId(5)]).toMatchObject({ phase: "failed" });
  });
});
