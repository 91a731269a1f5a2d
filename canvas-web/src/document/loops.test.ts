import { describe, expect, test } from "vitest";
import type { FlowEdge, FlowNode, NodeType } from "@/shared/protocol/types";
import {
  addChannel, applyEdits, changeNode, channelWires, clipOf, connect, duplicate, emptyDoc, freeEnds, joinChannel, leaveChannel, localProblems, loopsAround, loopsOf, paste, putChannel, removeChannel,
  removeSelection, rewire, setLoop, setSubflowMode, shareChannel, splice, subflowMode, type FlowDoc, type Plan,
} from ".";

let count = 0;
const newId = () => `id-${++count}`;
const node = (id: string, type: NodeType = "action"): FlowNode => ({ id, type, name: id.toUpperCase(), handlers: { main: { entrypoint: "core:map", config: {} } }, position: { x: 0, y: 0 } });
const edge = (from: string, to: string, most?: number): FlowEdge => ({ id: `${from}>${to}`, source: { nodeId: from, port: "out" }, target: { nodeId: to, port: "input" }, ...(most === undefined ? {} : { loop: { maxIterations: most } }) });
const flow = (ids: string, ...edges: FlowEdge[]): FlowDoc => ({ ...emptyDoc, name: "Flow", nodes: Array.from(ids).map((id) => node(id, id === "t" ? "trigger" : id === "o" ? "output" : "action")), edges });
const made = (from: FlowDoc, plan: Plan): FlowDoc => {
  if (!plan.ok) throw new Error(plan.reason);
  return applyEdits(from, plan.edits).doc;
};
const cycles = (doc: FlowDoc) => localProblems(doc, () => []).filter((problem) => problem.reason === "CYCLE");

const line = flow("tabco", edge("t", "a"), edge("a", "b"), edge("b", "c"), edge("c", "o"));

describe("drawing a loop", () => {
  test("a wire back offers to be a loop, and is one once it is said how often", () => {
    const [from, to] = [{ nodeId: "c", port: "out" }, { nodeId: "a", port: "input" }];
    const plan = connect(line, from, to, newId);
    expect(plan).toMatchObject({ ok: false, offer: { from, to } });
    const doc = made(line, connect(line, from, to, newId, { maxIterations: 5, while: "input.n < 3" }));
    expect(doc.edges.at(-1)).toMatchObject({ loop: { maxIterations: 5, while: "input.n < 3" } });
    expect(cycles(doc)).toEqual([]);
  });

  test("inside a loop wires go forward as before, and a node may feed itself", () => {
    const doc = { ...line, edges: [...line.edges, edge("c", "a", 5)] };
    expect(connect(doc, { nodeId: "a", port: "out" }, { nodeId: "c", port: "input" }, newId).ok).toBe(true);
    expect(connect(line, { nodeId: "b", port: "out" }, { nodeId: "b", port: "input" }, newId)).toMatchObject({ ok: false, offer: { to: { nodeId: "b" } } });
  });

  test("a node put into a wire that leads back leaves the loop where it leads", () => {
    const doc = { ...line, edges: [...line.edges, edge("c", "a", 5)], nodes: [...line.nodes, node("x")] };
    const [first, second] = made(doc, splice(doc, "c>a", node("x"), newId)).edges.slice(-2);
    expect(first).toMatchObject({ source: { nodeId: "c" }, target: { nodeId: "x" } });
    expect(first?.loop).toBeUndefined();
    expect(second).toMatchObject({ source: { nodeId: "x" }, target: { nodeId: "a" }, loop: { maxIterations: 5 } });
  });

  test("a wire that is moved loses its loop where it leads on, and gets one where it leads back", () => {
    const doc = { ...line, edges: [...line.edges, edge("c", "a", 5)] };
    const forward = rewire(doc, "c>a", { nodeId: "t", port: "out" }, { nodeId: "c", port: "input" });
    expect(made(doc, forward).edges.at(-1)?.loop).toBeUndefined();
    const back = rewire(line, "c>o", { nodeId: "c", port: "out" }, { nodeId: "b", port: "input" });
    expect(back).toMatchObject({ ok: true, warning: expect.stringContaining("10 rounds") as string });
    expect(made(line, back).edges.at(-1)?.loop).toEqual({ maxIterations: 10 });
    expect(made(doc, setLoop(doc, "c>a", null)).edges.at(-1)).not.toHaveProperty("loop");
  });
});

describe("a sub-flow's mode", () => {
  test("brings the ports it needs, takes wires along, and drops what other modes set", () => {
    const sub: FlowNode = { id: "s", type: "subflow", name: "Each", handlers: { main: { entrypoint: "core:subflow", config: { flowId: "f", mode: "while", while: "true", maxIterations: 3 } } }, position: { x: 0, y: 0 } };
    const doc = { ...flow("t", edge("t", "s")), nodes: [node("t", "trigger"), sub] };
    const each = made(doc, setSubflowMode(doc, sub, "forEach"));
    expect(each.nodes[1]?.handlers["main"]?.config).toEqual({ flowId: "f", mode: "forEach" });
    expect(each.nodes[1]?.ports?.inputs?.map((port) => port.key)).toEqual(["items"]);
    expect(each.nodes[1]?.ports?.outputs?.map((port) => port.key)).toEqual(["out", "errors"]);
    expect(each.edges[0]?.target).toEqual({ nodeId: "s", port: "items" });
    const again = each.nodes[1];
    if (!again) throw new Error("unreachable");
    const once = made(each, setSubflowMode(each, again, "once"));
    expect(once.edges[0]?.target.port).toBe("input");
    expect(subflowMode(once.nodes[1] ?? sub)).toBe("once");
  });
});

describe("channels", () => {
  const piped: FlowDoc = { ...flow("tabo", edge("t", "a")), channels: [{ id: "c", name: "news", publishers: [{ nodeId: "a", port: "out" }], subscribers: [{ nodeId: "b", port: "input" }] }] };

  test("lead on as wires do, and offer the ports that are not in them yet", () => {
    const unreached = localProblems(piped, () => []).filter((problem) => problem.reason === "UNREACHABLE").map((problem) => problem.nodeId);
    expect(unreached).toEqual(["o"]);
    const [channel] = piped.channels;
    expect(channel && freeEnds(piped, channel, "subscribers").map((end) => end.nodeId)).toEqual(["a", "o"]);
  });

  test("lose what is deleted, and undo brings it back", () => {
    const plan = removeSelection(piped, new Set(["b"]), new Set());
    if (!plan.ok) throw new Error(plan.reason);
    const { doc, inverse } = applyEdits(piped, plan.edits);
    expect(doc.channels[0]?.subscribers).toEqual([]);
    expect(applyEdits(doc, inverse).doc).toEqual(piped);
  });

  test("go along when their port gets another key, and when its node is copied", () => {
    const [a] = piped.nodes.filter((node) => node.id === "a");
    if (!a) throw new Error("unreachable");
    const named = made(piped, changeNode(piped, { ...a, ports: { outputs: [{ key: "story", label: "story" }] } }));
    expect(named.channels[0]?.publishers).toEqual([{ nodeId: "a", port: "story" }]);
    const copied = made(piped, duplicate(piped, new Set(["b"]), newId));
    expect(copied.channels[0]?.subscribers).toHaveLength(2);
    const elsewhere = made(emptyDoc, paste(emptyDoc, clipOf(piped, new Set(["a", "b"])), newId));
    expect(elsewhere.channels).toMatchObject([{ name: "news", publishers: [{ port: "out" }], subscribers: [{ port: "input" }] }]);
  });

  test("are joined by name from a port, and go with their last port", () => {
    const joined = made(piped, joinChannel(piped, { nodeId: "o", port: "input" }, "subscribers", " news ", newId));
    expect(joined.channels[0]?.subscribers).toHaveLength(2);
    expect(joinChannel(joined, { nodeId: "o", port: "input" }, "subscribers", "news", newId)).toMatchObject({ ok: false });
    const fresh = made(piped, joinChannel(piped, { nodeId: "b", port: "out" }, "publishers", "late", newId));
    expect(fresh.channels.map((channel) => channel.name)).toEqual(["news", "late"]);
    expect(made(fresh, leaveChannel(fresh, { nodeId: "b", port: "out" }, "publishers", fresh.channels[1]?.id ?? "")).channels).toHaveLength(1);
    expect(made(piped, shareChannel(piped, "c", true)).channels[0]?.shared).toBe(true);
  });

  test("stand for wires, without those that are drawn; a wire against them makes a loop", () => {
    expect(channelWires(piped)).toMatchObject([{ source: { nodeId: "a" }, target: { nodeId: "b" } }]);
    expect(channelWires({ ...piped, edges: [...piped.edges, edge("a", "b")] })).toEqual([]);
    expect(connect(piped, { nodeId: "b", port: "out" }, { nodeId: "a", port: "input" }, newId)).toMatchObject({ ok: false, offer: {} });
  });

  test("have names of their own", () => {
    const two = made(piped, addChannel(piped, newId));
    expect(two.channels.map((channel) => channel.name)).toEqual(["news", "channel 2"]);
    const second = two.channels[1];
    expect(second && putChannel(two, { ...second, name: "news" })).toMatchObject({ ok: false });
    expect(made(two, removeChannel(two, "c")).channels).toHaveLength(1);
  });
});

describe("what a loop is", () => {
  test("its body is what the header reaches and what leads back, and its bound the smallest", () => {
    const doc = { ...line, edges: [...line.edges, edge("c", "a", 5), edge("b", "a", 3)] };
    const [loop] = loopsOf(doc);
    expect(loop?.header).toBe("a");
    expect([...(loop?.body ?? [])].sort()).toEqual(["a", "b", "c"]);
    expect(loop?.maxIterations).toBe(3);
  });

  test("nested loops come outer first", () => {
    const doc = { ...line, edges: [...line.edges, edge("c", "a", 5), edge("b", "b", 2)] };
    expect(loopsAround(loopsOf(doc), "b").map((loop) => loop.header)).toEqual(["a", "b"]);
    expect(loopsAround(loopsOf(doc), "o")).toEqual([]);
  });

  test("a second way in, and a wire back that leads nowhere back, are problems at their wires", () => {
    const entered = flow("tuabo", edge("t", "a"), edge("a", "b"), edge("b", "a", 5), edge("u", "b"), edge("b", "o"));
    expect(cycles(entered)).toMatchObject([{ pointer: "/edges/3", message: expect.stringContaining("lead the wire to A") as string }]);
    expect(cycles(flow("tab", edge("t", "a"), edge("a", "b", 4)))).toMatchObject([{ pointer: "/edges/1", nodeId: "b" }]);
  });
});
