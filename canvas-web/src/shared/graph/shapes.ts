/** The shape of every card of a drawing, by node id. Pure. */
import { allWires } from "@/document";
import { errorWired, shapeOf, type CardShape } from "./geometry";
import type { GraphFlow } from "./types";

export function shapeFor(flow: GraphFlow): Map<string, CardShape> {
  const shown = errorWired(flow.nodes, allWires(flow));
  return new Map(flow.nodes.map((node) => [node.id, shapeOf(node, shown.has(node.id))]));
}
