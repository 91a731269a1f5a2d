/** Wiring: connect, rewire and splice, each answered with a plan or with the reason it may not be. Pure. */
import type { FlowEdge, FlowNode, PortReference } from "@/shared/protocol/types";
import { nodeOf, refuse, samePort, type Edit, type FlowDoc, type NewId, type Plan } from "./model";
import { declaredOutputs, inputPorts, outputPorts, typesFit } from "./ports";
import { reaches } from "./reach";

export function connect(doc: FlowDoc, from: PortReference, to: PortReference, newId: NewId): Plan {
  return checked(doc, from, to, (source, target, warning) => ({
    ok: true,
    label: `Connect ${source.name} to ${target.name}`,
    edits: [{ kind: "putEdge", edge: { id: newId(), source: plainEnd(from), target: plainEnd(to) } }],
    ...(warning ? { warning } : {}),
  }));
}

/** Move an edge's end, or both, keeping its id and its place in the order. */
export function rewire(doc: FlowDoc, edgeId: string, from: PortReference, to: PortReference): Plan {
  const edge = doc.edges.find((other) => other.id === edgeId);
  if (!edge) return refuse("That wire is gone.");
  if (samePort(edge.source, from) && samePort(edge.target, to)) return { ok: true, label: "Leave the wire", edits: [] };
  const without = { ...doc, edges: doc.edges.filter((other) => other.id !== edgeId) };
  return checked(without, from, to, (source, target, warning) => ({
    ok: true,
    label: `Rewire ${source.name} to ${target.name}`,
    edits: [{ kind: "putEdge", edge: { ...edge, source: plainEnd(from), target: plainEnd(to) } }],
    ...(warning ? { warning } : {}),
  }));
}

/** Put a node into a wire: the wire ends at its first input, a new one goes on from its first output. */
export function splice(doc: FlowDoc, edgeId: string, node: FlowNode, newId: NewId): Plan {
  const edge = doc.edges.find((other) => other.id === edgeId);
  const input = inputPorts(node)[0];
  const output = declaredOutputs(node)[0];
  if (!edge) return refuse("That wire is gone.");
  if (!input) return refuse(`${node.name} has no input: it starts a flow.`);
  if (!output) return refuse(`${node.name} has no output: it ends a flow.`);
  const first: FlowEdge = { ...edge, target: { nodeId: node.id, port: input.key } };
  const second: FlowEdge = { id: newId(), source: { nodeId: node.id, port: output.key }, target: edge.target };
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

function checked(doc: FlowDoc, from: PortReference, to: PortReference, plan: (source: FlowNode, target: FlowNode, warning?: string) => Plan): Plan {
  const source = nodeOf(doc, from.nodeId);
  const target = nodeOf(doc, to.nodeId);
  if (!source || !target) return refuse("That node is gone.");
  if (source.id === target.id) return refuse("A node cannot feed itself.");
  if (target.type === "trigger") return refuse(`${target.name} starts the flow: nothing goes into it.`);
  if (source.type === "output") return refuse(`${source.name} ends the flow: nothing comes out of it.`);
  const output = outputPorts(source).find((port) => port.key === from.port);
  if (!output) return refuse(`${source.name} has no output “${from.port}”.`);
  const input = inputPorts(target).find((port) => port.key === to.port);
  if (!input) return refuse(`${target.name} has no input “${to.port}”.`);
  if (doc.edges.some((edge) => samePort(edge.source, from) && samePort(edge.target, to))) return refuse("These two are wired already.");
  if (reaches(doc.edges, target.id, source.id)) return refuse(`This would be a circle: ${target.name} already leads to ${source.name}. Loops come later.`);
  const fits = typesFit(output.type, input.type);
  return plan(source, target, fits ? undefined : `${source.name} gives ${output.type}, ${target.name} expects ${input.type}.`);
}

const plainEnd = ({ nodeId, port }: PortReference): PortReference => ({ nodeId, port });
