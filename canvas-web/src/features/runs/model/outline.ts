/** The nodes in the order one reads a flow: along the wires from the triggers, side by side from top to bottom. Pure. */
import { allWires } from "@/document";
import type { FlowNode } from "@/shared/protocol";
import type { Graph } from "./flowing";

export function outlineOrder(graph: Graph): FlowNode[] {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const waiting = new Map(graph.nodes.map((node) => [node.id, 0]));
  const edges = allWires(graph).filter((edge) => edge.loop === undefined && byId.has(edge.source.nodeId) && byId.has(edge.target.nodeId));
  for (const edge of edges) waiting.set(edge.target.nodeId, (waiting.get(edge.target.nodeId) ?? 0) + 1);
  const order: FlowNode[] = [];
  const left = new Set(graph.nodes);
  while (left.size > 0) {
    const ready = [...left].filter((node) => (waiting.get(node.id) ?? 0) === 0).sort((a, b) => a.position.y - b.position.y || a.position.x - b.position.x);
    // In a cycle nothing is ever ready: the leftmost goes first.
    const batch = ready.length > 0 ? ready : [...left].sort((a, b) => a.position.x - b.position.x).slice(0, 1);
    for (const node of batch) {
      left.delete(node);
      order.push(node);
      for (const edge of edges) if (edge.source.nodeId === node.id) waiting.set(edge.target.nodeId, (waiting.get(edge.target.nodeId) ?? 0) - 1);
    }
  }
  return order;
}
