import { describe, expect, test } from "vitest";
import type { FlowEdge, FlowNode, NodeType } from "@/shared/protocol/types";
import {
  addNode, applyEdits, changeNode, clipOf, connect, connectNodes, duplicate, emptyDoc, inputPorts, localProblems, mergeProblems, moveNodes, neighbour, noHistory,
  outline, outputPorts, paste, portKeyProblem, record, redo, removeSelection, renameNode, rewire, splice, undo, type Edit, type FlowDoc, type Plan,
} from ".";

let count = 0;
const newId = () => `id-${++count}`;
const keys = (ports: readonly { key: string }[]) => ports.map((port) => port.key);

function node(id: string, type: NodeType = "action", more: Partial<FlowNode> = {}): FlowNode {
  return { id, type, name: id, handlers: { main: { entrypoint: type === "condition" ? "core:condition" : "core:map", config: {} } }, position: { x: 0, y: 0 }, ...more };
}
function edge(from: string, to: string, out = "out", into = "input"): FlowEdge {
  return { id: `${from}>${to}`, source: { nodeId: from, port: out }, target: { nodeId: to, port: into } };
}
const doc = (nodes: FlowNode[], edges: FlowEdge[] = []): FlowDoc => ({ ...emptyDoc, name: "Flow", nodes, edges });
const end = (nodeId: string, port = "out") => ({ nodeId, port });

function made(from: FlowDoc, plan: Plan): FlowDoc {
  if (!plan.ok) throw new Error(plan.reason);
  return applyEdits(from, plan.edits).doc;
}
const refusal = (plan: Plan) => (plan.ok ? "accepted" : plan.reason);

describe("ports", () => {
  test("absent ports take their defaults, and every action has error last", () => {
    expect(keys(inputPorts(node("a")))).toEqual(["input"]);
    expect(keys(outputPorts(node("a")))).toEqual(["out", "error"]);
    expect(keys(inputPorts(node("t", "trigger")))).toEqual([]);
    expect(keys(outputPorts(node("t", "trigger")))).toEqual(["out"]);
    expect(keys(outputPorts(node("o", "output")))).toEqual([]);
    expect(keys(outputPorts(node("c", "condition")))).toEqual(["true", "false"]);
  });

  test("an empty list is not nothing", () => {
    expect(keys(inputPorts(node("a", "action", { ports: { inputs: [] } })))).toEqual([]);
  });

  test("a condition's cases are its ports, and only default exists while they are not valid", () => {
    const withCases = (cases: { port: string; when: string }[]) =>
      node("c", "condition", { handlers: { main: { entrypoint: "core:condition", config: { cases } } } });
    expect(keys(outputPorts(withCases([{ port: "high", when: "true" }])))).toEqual(["high", "default"]);
    expect(keys(outputPorts(withCases([{ port: "Not allowed", when: "true" }])))).toEqual(["default"]);
    expect(keys(outputPorts(withCases([{ port: "a", when: "true" }, { port: "a", when: "false" }])))).toEqual(["default"]);
  });

  test.each([
    ["order", "inputs", "action", null],
    ["Order", "inputs", "action", "starts with"],
    ["inputs", "inputs", "action", "whole inputs"],
    ["while", "outputs", "action", "reserved"],
    ["true", "outputs", "condition", null],
    ["true", "outputs", "action", "reserved"],
    ["error", "outputs", "action", "already"],
    ["error", "outputs", "trigger", null],
  ] as const)("the key %s among the %s of a %s", (key, side, type, reason) => {
    const found = portKeyProblem(key, side, type);
    if (reason === null) expect(found).toBeNull();
    else expect(found).toContain(reason);
  });
});

describe("connect", () => {
  const three = doc([node("t", "trigger"), node("a"), node("b"), node("o", "output")], [edge("t", "a"), edge("a", "b")]);

  test("a free pair of ports is wired", () => {
    const next = made(three, connect(three, end("b"), end("o", "input"), newId));
    expect(next.edges.at(-1)).toMatchObject({ source: end("b"), target: end("o", "input") });
  });

  test.each([
    ["the same wire twice", end("t"), end("a", "input"), "wired already"],
    ["into a trigger", end("b"), end("t", "input"), "starts the flow"],
    ["out of an output", end("o"), end("a", "input"), "ends the flow"],
    ["a port that is not there", end("a", "nope"), end("o", "input"), "no output"],
    ["an input that is not there", end("a"), end("o", "nope"), "no input"],
    ["a circle", end("b"), end("a", "input"), "makes a loop"],
    ["itself", end("a"), end("a", "input"), "makes a loop"],
    ["a node that is gone", end("x"), end("a", "input"), "gone"],
  ])("%s is refused with the reason", (_name, from, to, reason) => {
    expect(refusal(connect(three, from, to, newId))).toContain(reason);
  });

  test("types that do not fit are wired with a warning", () => {
    const typed = doc([
      node("a", "action", { ports: { outputs: [{ key: "out", label: "out", type: "string" }] } }),
      node("b", "action", { ports: { inputs: [{ key: "n", label: "n", type: "integer" }] } }),
    ]);
    const plan = connect(typed, end("a"), end("b", "n"), newId);
    expect(plan).toMatchObject({ ok: true, warning: "a gives string, b expects integer." });
  });

  test("the keyboard's connect takes the first pair of ports that is free", () => {
    const join = doc([node("a"), node("b"), node("j", "action", { ports: { inputs: ["x", "y"].map((key) => ({ key, label: key, type: "any" })) } })], [edge("a", "j", "out", "x")]);
    const next = made(join, connectNodes(join, "b", "j", newId));
    expect(next.edges.at(-1)?.target.port).toBe("y");
  });

  test("rewiring keeps the wire's id and its place, and may put it back where it was", () => {
    const next = made(three, rewire(three, "t>a", end("t"), end("b", "input")));
    expect(next.edges.map((e) => e.id)).toEqual(["t>a", "a>b"]);
    expect(next.edges[0]?.target.nodeId).toBe("b");
    expect(rewire(three, "t>a", end("t"), end("a", "input"))).toMatchObject({ ok: true, edits: [] });
  });

  test("splicing keeps what went in and what came out", () => {
    const withNode = { ...three, nodes: [...three.nodes, node("m")] };
    const next = made(withNode, splice(withNode, "a>b", node("m"), newId));
    expect(next.edges.map((e) => `${e.source.nodeId}>${e.target.nodeId}`)).toEqual(["t>a", "a>m", "m>b"]);
    expect(refusal(splice(three, "a>b", node("t2", "trigger"), newId))).toContain("no input");
  });
});

describe("nodes", () => {
  const entry = { node: { type: "action" as const, name: "Map", handlers: { main: { entrypoint: "core:map", config: {} } } } };

  test("adding behind a node wires it, to the right of it, under a free name", () => {
    const start = doc([node("t", "trigger", { position: { x: 100, y: 40 } }), node("Map")]);
    const next = made(start, addNode(start, entry, { after: "t" }, newId));
    expect(next.nodes[2]).toMatchObject({ name: "Map 2", position: { x: 348, y: 40 } });
    expect(next.edges).toHaveLength(1);
  });

  test("a node put into a wire gets its place: what comes after moves right, and nothing else does", () => {
    const at = (id: string, x: number, y: number, type: NodeType = "action") => node(id, type, { position: { x, y } });
    const start = doc([at("t", 0, 0, "trigger"), at("a", 248, 0), at("b", 496, 0), at("c", 248, 200)], [edge("t", "a"), edge("a", "b"), edge("t", "c")]);
    const next = made(start, addNode(start, entry, { at: { x: 248, y: 0 }, into: "t>a" }, newId));
    expect(Object.fromEntries(next.nodes.map((n) => [n.name, n.position.x]))).toEqual({ t: 0, a: 496, b: 744, c: 248, Map: 248 });
    expect(next.edges.map((e) => `${e.source.nodeId}>${e.target.nodeId}`)).toContain(`t>${next.nodes[4]?.id ?? ""}`);
  });

  test("what was added shares nothing with the catalogue", () => {
    const next = made(emptyDoc, addNode(emptyDoc, entry, {}, newId));
    expect(next.nodes[0]?.handlers["main"]).not.toBe(entry.node.handlers.main);
  });

  test("deleting a node deletes its wires, and undo brings all back in their order", () => {
    const start = doc([node("a"), node("b"), node("c")], [edge("a", "b"), edge("b", "c")]);
    const plan = removeSelection(start, new Set(["b"]), new Set());
    if (!plan.ok) throw new Error(plan.reason);
    const { doc: next, inverse } = applyEdits(start, plan.edits);
    expect(next.edges).toEqual([]);
    expect(applyEdits(next, inverse).doc).toEqual(start);
  });

  test("moves snap to the grid, and a move to the same place is no edit", () => {
    const start = doc([node("a"), node("b")]);
    const plan = moveNodes(start, { a: { x: 13, y: 6 }, b: { x: 1, y: -1 } });
    expect(plan.ok && plan.edits.map((e) => e.kind === "putNode" && e.node.position)).toEqual([{ x: 12, y: 8 }]);
  });

  test("two outputs may not share a name, other nodes may", () => {
    const start = doc([node("o1", "output"), node("o2", "output"), node("a")]);
    expect(refusal(renameNode(start, "o2", "o1"))).toContain("Another output");
    expect(refusal(renameNode(start, "a", "o1"))).toBe("accepted");
    expect(refusal(renameNode(start, "a", "  "))).toContain("needs a name");
  });

  test("a copy has ids of its own, the wires inside it, and no wire out of it", () => {
    const start = doc([node("a"), node("b"), node("c")], [edge("a", "b"), edge("b", "c")]);
    const plan = paste(start, clipOf(start, new Set(["a", "b"])), newId, { x: 400, y: 0 });
    const next = made(start, plan);
    expect(next.nodes).toHaveLength(5);
    expect(next.edges).toHaveLength(3);
    expect(new Set(next.nodes.map((n) => n.id)).size).toBe(5);
    expect(next.nodes.slice(3).map((n) => n.name)).toEqual(["a 2", "b 2"]);
    expect(plan.ok && plan.select).toEqual(next.nodes.slice(3).map((n) => n.id));
    expect(made(start, duplicate(start, new Set(["c"]), newId)).nodes.at(-1)?.position).toEqual({ x: 32, y: 32 });
  });

  test("a renamed port takes its wires along, a removed one loses them with a warning", () => {
    const ports = (...names: string[]) => ({ inputs: names.map((key) => ({ key, label: key, type: "any" })) });
    const start = doc([node("a"), node("j", "action", { ports: ports("x", "y") })], [edge("a", "j", "out", "x")]);
    const renamed = made(start, changeNode(start, node("j", "action", { ports: ports("z", "y") })));
    expect(renamed.edges[0]?.target.port).toBe("z");
    const plan = changeNode(start, node("j", "action", { ports: ports("y") }));
    expect(plan).toMatchObject({ ok: true, warning: "One wire lost its port and was cut." });
    expect(made(start, plan).edges).toEqual([]);
  });

  test("wires of a condition survive while its cases are half typed", () => {
    const condition = (cases: unknown) => node("c", "condition", { handlers: { main: { entrypoint: "core:condition", config: { cases } as never } } });
    const start = doc([condition([{ port: "high", when: "true" }]), node("a")], [edge("c", "a", "high")]);
    const typing = made(start, changeNode(start, condition([{ port: "", when: "true" }])));
    expect(typing.edges).toHaveLength(1);
    expect(localProblems(typing, () => []).some((problem) => problem.reason === "UNKNOWN_PORT")).toBe(true);
  });
});

describe("history", () => {
  const step = (start: FlowDoc, edits: Edit[], key: string | null, at: number) => {
    const { doc: next, inverse } = applyEdits(start, edits);
    return { next, step: { label: "Type", undo: inverse, redo: edits, key, at } };
  };
  const named = (name: string): Edit[] => [{ kind: "setFlow", patch: { name } }];

  test("typing into one field is one step; a pause begins another", () => {
    let history = noHistory;
    let current = emptyDoc;
    for (const [name, at] of [["a", 0], ["ab", 100], ["abc", 5000]] as const) {
      const { next, step: taken } = step(current, named(name), "name", at);
      history = record(history, taken);
      current = next;
    }
    expect(history.past).toHaveLength(2);
    const back = undo(current, history);
    expect(back?.doc.name).toBe("ab");
    expect(back && undo(back.doc, back.history)?.doc.name).toBe("");
    expect(back && redo(back.doc, back.history)?.doc.name).toBe("abc");
  });

  test("an edit after undo forgets what was undone", () => {
    const one = step(emptyDoc, named("a"), null, 0);
    const back = undo(one.next, record(noHistory, one.step));
    if (!back) throw new Error("nothing to undo");
    const two = step(back.doc, named("b"), null, 1);
    expect(redo(two.next, record(back.history, two.step))).toBeNull();
  });
});

describe("problems", () => {
  test("a drawing tells what is missing, and where", () => {
    const drawing = doc([node("t", "trigger"), node("o1", "output", { name: "result" }), node("o2", "output", { name: "result" })], [edge("t", "o1")]);
    const found = localProblems(drawing, (n) => (n.id === "t" ? [{ pointer: "/path", message: "is needed" }] : []));
    expect(found.map((problem) => [problem.reason, problem.nodeId])).toEqual([
      ["CONFIG_INVALID", "t"],
      ["DUPLICATE_OUTPUT", "o2"],
      ["UNREACHABLE", "o2"],
    ]);
  });

  test("a circle that came from elsewhere is named", () => {
    const drawing = doc([node("t", "trigger"), node("a"), node("b"), node("o", "output")], [edge("t", "a"), edge("a", "b"), edge("b", "a"), edge("b", "o")]);
    expect(localProblems(drawing, () => []).filter((problem) => problem.reason === "CYCLE")).toHaveLength(2);
  });

  test("the server's words stand while its node is unchanged, and go when it changes", () => {
    const drawing = doc([node("t", "trigger"), node("a")], [edge("t", "a")]);
    const problems = [{ severity: "error" as const, pointer: "/nodes/1", nodeId: "a", reason: "UNKNOWN_HANDLER", message: "Nobody serves it." }];
    const moved = made(drawing, moveNodes(drawing, { t: { x: 80, y: 0 } }));
    expect(mergeProblems(moved, [], { doc: drawing, problems })).toEqual(problems);
    const changed = made(moved, changeNode(moved, node("a", "action", { name: "other" })));
    expect(mergeProblems(changed, [], { doc: drawing, problems })).toEqual([]);
  });
});

describe("walking", () => {
  const at = (id: string, x: number, y: number, type: NodeType = "action") => node(id, type, { position: { x, y } });
  const graph = doc([at("t", 0, 0, "trigger"), at("a", 256, -100), at("b", 256, 100), at("o", 512, 0, "output")], [edge("t", "a"), edge("t", "b"), edge("a", "o"), edge("b", "o")]);

  test("arrows walk along the wires sideways and to the nearest card up and down", () => {
    expect(neighbour(graph, "t", "right")).toBe("a");
    expect(neighbour(graph, "a", "down")).toBe("b");
    expect(neighbour(graph, "o", "left")).toBe("a");
    expect(neighbour(graph, "t", "left")).toBeNull();
  });

  test("the outline lists every node once, triggers first", () => {
    expect(outline(graph).map((item) => `${item.depth} ${item.nodeId}`)).toEqual(["0 t", "1 a", "1 o", "1 b"]);
  });
});
