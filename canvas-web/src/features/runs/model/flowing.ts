/** What travelled along the wires: which ports a node lit, how each edge stands, what came in at a node. Pure. */
import { type Activation, type FlowChannel, type FlowEdge, type FlowNode, isValueReference, type Json, type JsonObject } from "@/shared/protocol";
import { allWires, inputPorts } from "@/document";
import type { EdgeState } from "@/shared/graph";
import { resultIsOut } from "./ports";
import { hasFailed, type NodeRun, type RunState } from "./runState";

export interface Graph {
  nodes: readonly FlowNode[];
  edges: readonly FlowEdge[];
  /** Wires that nobody drew: values go along them as along the others. */
  channels?: readonly FlowChannel[];
}

/** What is left of a graph whose flow was deleted: the nodes the events speak of, without names and wires. */
export function withoutFlow(nodeIds: readonly string[]): Graph {
  return { nodes: nodeIds.map((id) => ({ id, type: "action", name: `Node ${id.slice(0, 8)}`, handlers: {}, position: { x: 0, y: 0 } })), edges: [] };
}

/** The ports a finished node lit, with their values; null where the result was too large to tell. */
export function litPorts(node: FlowNode, run: NodeRun, errorWired: boolean, activation?: Activation): JsonObject | null {
  if (hasFailed(run.phase)) return errorWired ? { error: errorValue(run) } : {};
  if (run.phase !== "done") return {};
  if (activation !== undefined && activation.status === "succeeded" && Object.keys(activation.ports).length > 0) return activation.ports;
  if (run.result === undefined) return {};
  if (resultIsOut(node)) return { out: run.result };
  if (isValueReference(run.result)) return null;
  return typeof run.result === "object" && run.result !== null && !Array.isArray(run.result) ? run.result : {};
}

function errorValue(run: NodeRun): JsonObject {
  const { type = "", message = "", stack } = run.error ?? {};
  return { type, message, ...(stack === undefined ? {} : { stack }), attempt: run.tries.at(-1)?.attempt ?? 1 };
}

/** By edge id; wires of channels by theirs. */
export function edgeStates(graph: Graph, state: RunState, activations: ReadonlyMap<string, Activation> = new Map()): Record<string, EdgeState> {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const errorWired = wiredErrors(graph);
  const states: Record<string, EdgeState> = {};
  const lit = new Map<string, JsonObject | null>();
  for (const edge of allWires(graph)) {
    const node = nodes.get(edge.source.nodeId);
    const run = state.nodes[edge.source.nodeId];
    if (node === undefined || run === undefined) {
      states[edge.id] = "pending";
      continue;
    }
    if (!lit.has(node.id)) lit.set(node.id, litPorts(node, run, errorWired.has(node.id), activations.get(node.id)));
    states[edge.id] = edgeState(edge, run, lit.get(node.id) ?? null, errorWired.has(node.id), state.nodes[edge.target.nodeId]);
  }
  return states;
}

function edgeState(edge: FlowEdge, source: NodeRun, lit: JsonObject | null, errorWired: boolean, target: NodeRun | undefined): EdgeState {
  if (source.phase === "skipped") return "dead";
  if (hasFailed(source.phase)) {
    if (!errorWired) return "pending";
    return edge.source.port === "error" ? "error" : "dead";
  }
  if (source.phase !== "done") return "pending";
  const carried = lit === null ? edge.source.port !== "error" && target !== undefined && target.phase !== "skipped" : edge.source.port in lit;
  if (!carried) return "dead";
  const arriving = target !== undefined && (target.phase === "running" || target.phase === "waiting");
  return arriving ? "flowing" : "carried";
}

export function wiredErrors(graph: Graph): Set<string> {
  return new Set(allWires(graph).filter((edge) => edge.source.port === "error").map((edge) => edge.source.nodeId));
}

export interface Incoming {
  port: string;
  value: Json;
  /** The node it came from; null for a default, and for what the run was started with. */
  from: string | null;
}

/**
 * What came in at a node, put together from the results of the nodes before it. `before`: for the header of a loop that
 * goes round again, the nodes of the round before.
 */
export function incoming(
  graph: Graph,
  nodeId: string,
  state: RunState,
  inputs: JsonObject,
  activations: ReadonlyMap<string, Activation> = new Map(),
  before?: Readonly<Record<string, NodeRun>>,
): Incoming[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const node = nodes.get(nodeId);
  if (node === undefined) return [];
  if (node.type === "trigger") return state.nodes[nodeId]?.phase === "skipped" ? [] : [{ port: "inputs", value: inputs, from: null }];
  const traced = activations.get(nodeId)?.inputs;
  const errorWired = wiredErrors(graph);
  const found: Incoming[] = [];
  for (const port of inputPorts(node)) {
    const all = allWires(graph).filter((edge) => edge.target.nodeId === nodeId && edge.target.port === port.key);
    // From the second round on a port that a back wire feeds takes what came along it; before that nothing came.
    const back = before === undefined ? [] : all.filter((edge) => edge.loop !== undefined);
    const edges = back.length > 0 ? back : all.filter((edge) => edge.loop === undefined);
    const first = edges
      .flatMap((edge) => {
        const source = nodes.get(edge.source.nodeId);
        const run = edge.loop === undefined ? state.nodes[edge.source.nodeId] : before?.[edge.source.nodeId];
        if (source === undefined || run?.endedAt == null) return [];
        const value = litPorts(source, run, errorWired.has(source.id), edge.loop === undefined ? activations.get(source.id) : undefined)?.[edge.source.port];
        return value === undefined ? [] : [{ port: port.key, value, from: source.id, at: run.endedAt }];
      })
      // A port keeps the first live token.
      .sort((a, b) => a.at - b.at)[0];
    const exact = traced?.[port.key];
    if (first !== undefined) found.push({ port: port.key, value: exact ?? first.value, from: first.from });
    else if (exact !== undefined) found.push({ port: port.key, value: exact, from: null });
    else if (port.default !== undefined && (edges.length === 0 || state.nodes[nodeId] !== undefined)) {
      found.push({ port: port.key, value: port.default, from: null });
    }
  }
  return found;
}
