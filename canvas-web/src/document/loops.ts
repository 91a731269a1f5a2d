/**
 * Loops of a drawing: a wire with `loop` leads back to the header, where the next iteration begins. All back wires to one
 * header make one loop, whose body is what the header reaches and what leads to a back wire's start. Pure.
 */
import type { FlowChannel, FlowEdge, LoopSettings } from "@/shared/protocol/types";
import { allWires } from "./channels";
import { nodeOf, refuse, type FlowDoc, type Plan } from "./model";
import { reachedFrom, reaches } from "./reach";

export const DEFAULT_ITERATIONS = 10;
/** The contract's bound for a whole number that is typed here. */
export const MOST_ITERATIONS = 1_000_000;

export interface Loop {
  header: string;
  /** Node ids, the header among them. */
  body: ReadonlySet<string>;
  backEdges: readonly FlowEdge[];
  /** The smallest of its back wires: past it the run fails. */
  maxIterations: number;
}

/** The wires that lead on. Without them a drawing has no circle, unless one was drawn without saying so. */
export const forwardEdges = (edges: readonly FlowEdge[]): readonly FlowEdge[] => edges.filter((edge) => edge.loop === undefined);

/** The loops, outer ones first. What goes through a channel is as well inside a loop as what goes along a wire. */
export function loopsOf(flow: Pick<FlowDoc, "edges"> & { channels?: readonly FlowChannel[] }): readonly Loop[] {
  const edges = allWires(flow);
  const back = new Map<string, FlowEdge[]>();
  for (const edge of edges) {
    if (edge.loop === undefined) continue;
    const known = back.get(edge.target.nodeId);
    if (known) known.push(edge);
    else back.set(edge.target.nodeId, [edge]);
  }
  const loops = [...back].map(([header, backEdges]): Loop => {
    const others = edges.filter((edge) => edge.target.nodeId !== header);
    const ahead = reachedFrom(others, [header]);
    const behind = reachedFrom(others.map(turned), backEdges.map((edge) => edge.source.nodeId));
    const body = new Set([...ahead].filter((id) => behind.has(id)));
    body.add(header);
    return { header, body, backEdges, maxIterations: Math.min(...backEdges.map((edge) => edge.loop?.maxIterations ?? DEFAULT_ITERATIONS)) };
  });
  return loops.sort((a, b) => b.body.size - a.body.size);
}

/** The loops a node runs in, outer ones first. */
export function loopsAround(loops: readonly Loop[], nodeId: string): readonly Loop[] {
  return loops.filter((loop) => loop.body.has(nodeId));
}

/** Whether a wire between these nodes would lead back: its target already leads to its source. */
export function leadsBack(edges: readonly FlowEdge[], sourceId: string, targetId: string): boolean {
  return sourceId === targetId || reaches(forwardEdges(edges), targetId, sourceId);
}

export function setLoop(doc: FlowDoc, edgeId: string, loop: LoopSettings | null): Plan {
  const edge = doc.edges.find((other) => other.id === edgeId);
  if (!edge) return refuse("That wire is gone.");
  const plain: FlowEdge = { id: edge.id, source: edge.source, target: edge.target };
  return { ok: true, label: loop ? "Change a loop" : "Make it a plain wire", edits: [{ kind: "putEdge", edge: loop ? { ...plain, loop } : plain }] };
}

export interface LoopFinding {
  edgeIndex: number;
  nodeId: string;
  message: string;
}

/** What is wrong with the loops: a back wire that leads nowhere back, and a second way into a loop. */
export function loopProblems(doc: FlowDoc): LoopFinding[] {
  const loops = loopsOf(doc);
  const name = (id: string) => nodeOf(doc, id)?.name ?? "?";
  const found: LoopFinding[] = [];
  doc.edges.forEach((edge, edgeIndex) => {
    const [source, target] = [edge.source.nodeId, edge.target.nodeId];
    if (edge.loop !== undefined && !leadsBack(allWires(doc), source, target)) {
      found.push({ edgeIndex, nodeId: target, message: `The loop's wire from ${name(source)} does not lead back: ${name(target)} does not lead to ${name(source)}. Make it a plain wire, or lead it to a node before ${name(source)}.` });
    }
    const entered = loops.find((loop) => loop.body.has(target) && !loop.body.has(source) && loop.header !== target);
    if (entered) {
      found.push({ edgeIndex, nodeId: target, message: `${name(source)} leads into the middle of the loop that begins at ${name(entered.header)}. A loop has one way in: lead the wire to ${name(entered.header)}.` });
    }
  });
  return found;
}

/** "loop ≤ 10", as the wire says it. */
export const loopLabel = (loop: LoopSettings): string => `loop ≤ ${loop.maxIterations.toLocaleString("en")}`;

const turned = (edge: FlowEdge): FlowEdge => ({ ...edge, source: edge.target, target: edge.source });
