/** The graph, for drawing and for watching alike. */
import type { GraphViewProps } from "./types";

export function GraphView({ flow }: GraphViewProps) {
  return <section className="graph" aria-label="Canvas">{flow.nodes.length}</section>;
}
