/** Who reaches whom along the edges, and the order in which people walk a graph. Pure. */
import type { FlowEdge } from "@/shared/protocol/types";
import { allWires } from "./channels";
import { nodeOf, type FlowDoc } from "./model";

/** Edges by the node they start at. (Node 20, where the tests run, has no Map.groupBy.) */
function bySource(edges: readonly FlowEdge[]): Map<string, FlowEdge[]> {
  const groups = new Map<string, FlowEdge[]>();
  for (const edge of edges) {
    const group = groups.get(edge.source.nodeId);
    if (group) group.push(edge);
    else groups.set(edge.source.nodeId, [edge]);
  }
  return groups;
}

export function reaches(edges: readonly FlowEdge[], from: string, to: string): boolean {
  const next = bySource(edges);
  const seen = new Set<string>();
  const todo = [from];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const edge of next.get(id) ?? []) todo.push(edge.target.nodeId);
  }
  return false;
}

/** The ids reached from these nodes, themselves included. */
export function reachedFrom(edges: readonly FlowEdge[], starts: readonly string[]): Set<string> {
  const next = bySource(edges);
  const seen = new Set<string>();
  const todo = [...starts];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const edge of next.get(id) ?? []) todo.push(edge.target.nodeId);
  }
  return seen;
}

/** Nodes that lie on a cycle: what is left after taking away, again and again, whatever has no way in. */
export function onCycles(doc: Pick<FlowDoc, "nodes" | "edges">): Set<string> {
  const left = new Set(doc.nodes.map((node) => node.id));
  const trim = (end: "source" | "target", other: "source" | "target") => {
    for (let changed = true; changed; ) {
      changed = false;
      for (const id of left) {
        if (doc.edges.some((edge) => edge[end].nodeId === id && left.has(edge[other].nodeId))) continue;
        left.delete(id);
        changed = true;
      }
    }
  };
  trim("target", "source");
  trim("source", "target");
  return left;
}

export type Direction = "left" | "right" | "up" | "down";

/** The node an arrow key leads to: along a wire sideways, to the nearest card up and down. */
export function neighbour(doc: FlowDoc, id: string, direction: Direction): string | null {
  const from = nodeOf(doc, id);
  if (!from) return doc.nodes[0]?.id ?? null;
  const horizontal = direction === "left" || direction === "right";
  if (horizontal) {
    const ids = allWires(doc)
      .filter((edge) => (direction === "right" ? edge.source.nodeId : edge.target.nodeId) === id)
      .map((edge) => (direction === "right" ? edge.target.nodeId : edge.source.nodeId));
    const wired = nearest(ids.flatMap((other) => nodeOf(doc, other) ?? []), from.position);
    if (wired) return wired.id;
  }
  const { x, y } = from.position;
  const beside = doc.nodes.filter(({ id: other, position }) => {
    if (other === id) return false;
    const dx = position.x - x;
    const dy = position.y - y;
    switch (direction) {
      case "left": return dx < 0 && Math.abs(dy) <= Math.abs(dx);
      case "right": return dx > 0 && Math.abs(dy) <= Math.abs(dx);
      case "up": return dy < 0 && Math.abs(dx) <= Math.abs(dy) * 2;
      case "down": return dy > 0 && Math.abs(dx) <= Math.abs(dy) * 2;
    }
  });
  return nearest(beside, from.position)?.id ?? null;
}

function nearest<T extends { position: { x: number; y: number } }>(nodes: readonly T[], to: { x: number; y: number }): T | null {
  let best: T | null = null;
  let least = Infinity;
  for (const node of nodes) {
    const distance = Math.hypot(node.position.x - to.x, (node.position.y - to.y) * 1.5);
    if (distance < least) [best, least] = [node, distance];
  }
  return best;
}

export interface OutlineItem {
  nodeId: string;
  depth: number;
}

/** Every node once, as a tree along the wires: triggers first, then what they reach, then what nothing reaches. */
export function outline(doc: Pick<FlowDoc, "nodes" | "edges"> & { channels?: FlowDoc["channels"] }): OutlineItem[] {
  const forward = allWires(doc).filter((edge) => edge.loop === undefined);
  const next = bySource(forward);
  const targets = new Set(forward.map((edge) => edge.target.nodeId));
  const places = new Map(doc.nodes.map((node) => [node.id, node.position]));
  const byPlace = (a: string, b: string) => {
    const [p, q] = [places.get(a), places.get(b)];
    return p && q ? p.y - q.y || p.x - q.x : 0;
  };
  const items: OutlineItem[] = [];
  const seen = new Set<string>();
  const visit = (id: string, depth: number) => {
    if (seen.has(id) || !places.has(id)) return;
    seen.add(id);
    items.push({ nodeId: id, depth });
    const children = [...new Set((next.get(id) ?? []).map((edge) => edge.target.nodeId))].sort(byPlace);
    // A chain stays at its depth, so that ten nodes in a row don't walk off the panel; branches indent.
    for (const child of children) visit(child, children.length > 1 || depth === 0 ? depth + 1 : depth);
  };
  const roots = doc.nodes.filter((node) => !targets.has(node.id));
  const triggersFirst = (a: { type: string; id: string }, b: { type: string; id: string }) =>
    Number(b.type === "trigger") - Number(a.type === "trigger") || byPlace(a.id, b.id);
  for (const root of roots.toSorted(triggersFirst)) visit(root.id, 0);
  for (const node of doc.nodes) visit(node.id, 0);
  return items;
}
