/** Wiring: connect, rewire and splice, each answered with a plan or with the reason it may not be. Pure. */
import type { FlowEdge, FlowNode, LoopSettings, PortReference } from "@/shared/protocol/types";
import { allWires } from "./channels";
import { nodeOf, refuse, samePort, type Edit, type FlowDoc, type NewId, type Plan } from "./model";
import { declaredOutputs, inputPorts, outputPorts, typesFit } from "./ports";
import { DEFAULT_ITERATIONS, leadsBack } from "./loops";

/** A wire that would lead back needs `loop`; without it the refusal offers one. */
export function connect(doc: FlowDoc, from: PortReference, to: PortReference, newId: NewId, loop?: LoopSettings): Plan {
  return checked(doc, from, to, (source, target, back, warning) => {
    if (back && !loop) return { ok: false, reason: `This leads back to ${target.name}: it makes a loop.`, offer: { from: plainEnd(from), to: plainEnd(to) } };
    const id = newId();
    return {
      ok: true,
      label: back ? `Loop from ${source.name} back to ${target.name}` : `Connect ${source.name} to ${target.name}`,
      edits: [{ kind: "putEdge", edge: { id, source: plainEnd(from), target: plainEnd(to), ...(back && loop ? { loop } : {}) } }],
      ...(warning ? { warning } : {}),
    };
  });
}

/** Move an edge's end, or both, keeping its id and its place in the order. */
export function rewire(doc: FlowDoc, edgeId: string, from: PortReference, to: PortReference): Plan {
  const edge = doc.edges.find((other) => other.id === edgeId);
  if (!edge) return refuse("That wire is gone.");
  if (samePort(edge.source, from) && samePort(edge.target, to)) return { ok: true, label: "Leave the wire", edits: [] };
  const without = { ...doc, edges: doc.edges.filter((other) => other.id !== edgeId) };
  return checked(without, from, to, (source, target, back, warning) => {
    const { loop = { maxIterations: DEFAULT_ITERATIONS }, ...plain } = edge;
    const became = back && !edge.loop ? `It leads back now: a loop of at most ${DEFAULT_ITERATIONS} rounds.` : undefined;
    const said = became ?? warning;
    return {
      ok: true,
      label: `Rewire ${source.name} to ${target.name}`,
      edits: [{ kind: "putEdge", edge: { ...plain, source: plainEnd(from), target: plainEnd(to), ...(back ? { loop } : {}) } }],
      ...(said ? { warning: said } : {}),
    };
  });
}

/** Put a node into a wire: the wire ends at its first input, a new one goes on from its first output. */
export function splice(doc: FlowDoc, edgeId: string, node: FlowNode, newId: NewId): Plan {
  const edge = doc.edges.find((other) => other.id === edgeId);
  const input = inputPorts(node)[0];
  const output = declaredOutputs(node)[0];
  if (!edge) return refuse("That wire is gone.");
  if (!input) return refuse(`${node.name} has no input: it starts a flow.`);
  if (!output) return refuse(`${node.name} has no output: it ends a flow.`);
  // Of a wire that leads back the second half does so.
  const { loop, ...plain } = edge;
  const first: FlowEdge = { ...plain, target: { nodeId: node.id, port: input.key } };
  const second: FlowEdge = { id: newId(), source: { nodeId: node.id, port: output.key }, target: edge.target, ...(loop ? { loop } : {}) };
  const edits: Edit[] = [{ kind: "putEdge", edge: first }, { kind: "putEdge", edge: second }];
  return { ok: true, label: `Put ${node.name} into the wire`, edits };
}

/** The first pair of ports that lets one node feed another. */
export function connectNodes(doc: FlowDoc, fromId: string, toId: string, newId: NewId): Plan {
  const from = nodeOf(doc, fromId);
  const to = nodeOf(doc, toId);
  if (!from || !to) return refuse("That node is gone.");
  let last: Plan = refuse(`${from.name} has no output.`);
  const wired = (nodeId: string, port: string, end: "source" | "target") => doc.edges.some((edge) => samePort(edge[end], { nodeId, port }));
  const outputs = [...declaredOutputs(from)].sort((a, b) => Number(wired(fromId, a.key, "source")) - Number(wired(fromId, b.key, "source")));
  const inputs = [...inputPorts(to)].sort((a, b) => Number(wired(toId, a.key, "target")) - Number(wired(toId, b.key, "target")));
  for (const output of outputs) {
    if (inputs.length === 0) return refuse(`${to.name} starts the flow: nothing goes into it.`);
    for (const input of inputs) {
      last = connect(doc, { nodeId: fromId, port: output.key }, { nodeId: toId, port: input.key }, newId);
      if (last.ok) return last;
    }
  }
  return last;
}

function checked(doc: FlowDoc, from: PortReference, to: PortReference, plan: (source: FlowNode, target: FlowNode, back: boolean, warning?: string) => Plan): Plan {
  const source = nodeOf(doc, from.nodeId);
  const target = nodeOf(doc, to.nodeId);
  if (!source || !target) return refuse("That node is gone.");
  if (target.type === "trigger") return refuse(`${target.name} starts the flow: nothing goes into it.`);
  if (source.type === "output") return refuse(`${source.name} ends the flow: nothing comes out of it.`);
  const output = outputPorts(source).find((port) => port.key === from.port);
  if (!output) return refuse(`${source.name} has no output “${from.port}”.`);
  const input = inputPorts(target).find((port) => port.key === to.port);
  if (!input) return refuse(`${target.name} has no input “${to.port}”.`);
  if (doc.edges.some((edge) => samePort(edge.source, from) && samePort(edge.target, to))) return refuse("These two are wired already.");
  const fits = typesFit(output.type, input.type);
  return plan(source, target, leadsBack(allWires(doc), source.id, target.id), fits ? undefined : `${source.name} gives ${output.type}, ${target.name} expects ${input.type}.`);
}

const plainEnd = ({ nodeId, port }: PortReference): PortReference => ({ nodeId, port });
