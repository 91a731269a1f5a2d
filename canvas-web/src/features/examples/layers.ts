/** A small picture's layout: the columns the wires lead through, and the order in which nodes stand in them. Pure. */
import type { FlowEdge, FlowNode } from "@/shared/protocol";

export interface Spot {
  node: FlowNode;
  column: number;
  /** 0 is the middle of the column; neighbours are one apart. */
  row: number;
}

export interface Layers {
  spots: readonly Spot[];
  columns: number;
  /** Most nodes in one column. */
  rows: number;
}

/** A node stands one column right of the last node before it; nodes of a column stand as they do on the canvas. */
export function layersOf(nodes: readonly FlowNode[], edges: readonly FlowEdge[]): Layers {
  const ids = new Set(nodes.map((node) => node.id));
  const wires = edges.filter((edge) => ids.has(edge.source.nodeId) && ids.has(edge.target.nodeId));
  const column = new Map(nodes.map((node) => [node.id, 0]));
  // As many rounds as there are nodes settle any graph without a cycle, and end for one with.
  for (let round = 0; round < nodes.length; round += 1) {
    let moved = false;
    for (const { source, target } of wires) {
      const wanted = (column.get(source.nodeId) ?? 0) + 1;
      if ((column.get(target.nodeId) ?? 0) >= wanted || wanted >= nodes.length) continue;
      column.set(target.nodeId, wanted);
      moved = true;
    }
    if (!moved) break;
  }
  const byColumn = new Map<number, FlowNode[]>();
  for (const node of nodes) {
    const at = column.get(node.id) ?? 0;
    byColumn.set(at, [...(byColumn.get(at) ?? []), node]);
  }
  const spots: Spot[] = [];
  let rows = 1;
  for (const [at, members] of byColumn) {
    rows = Math.max(rows, members.length);
    members
      .sort((a, b) => a.position.y - b.position.y)
      .forEach((node, index) => spots.push({ node, column: at, row: index - (members.length - 1) / 2 }));
  }
  return { spots, columns: byColumn.size, rows };
}
