/** A picture of a flow, drawn from the flow itself. */
import type { FlowEdge, FlowNode } from "@/shared/protocol";
import { kindOf } from "@/shared/ui";
import { layersOf } from "./layers";

const CARD = { width: 34, height: 16 };
const STEP = { x: 62, y: 24 };
const CORNER = 4;

export function MiniGraph({ nodes, edges, height = 104 }: { nodes: readonly FlowNode[]; edges: readonly FlowEdge[]; height?: number }) {
  const { spots, columns, rows } = layersOf(nodes, edges);
  const width = (columns - 1) * STEP.x + CARD.width;
  const tall = (rows - 1) * STEP.y + CARD.height;
  const at = new Map(spots.map((spot) => [spot.node.id, { x: spot.column * STEP.x, y: (spot.row + (rows - 1) / 2) * STEP.y, column: spot.column }]));
  // Small flows are not blown up: the drawing area is at least as large as the picture.
  const box = { width: Math.max(width + 32, 260), height: Math.max(tall + 24, height) };
  return (
    <svg className="mini" viewBox={`${(width - box.width) / 2} ${(tall - box.height) / 2} ${box.width} ${box.height}`} width="100%" height={height} preserveAspectRatio="xMidYMid meet" aria-hidden>
      {edges.map((edge) => {
        const from = at.get(edge.source.nodeId);
        const to = at.get(edge.target.nodeId);
        if (from === undefined || to === undefined) return null;
        return <path key={edge.id} className={edge.source.port === "error" ? "mini-wire mini-error" : "mini-wire"} d={wire(from.x + CARD.width, from.y + CARD.height / 2, to.x, to.y + CARD.height / 2)} />;
      })}
      {spots.map(({ node }) => {
        const place = at.get(node.id);
        if (place === undefined) return null;
        const { kind } = kindOf(node.type, node.handlers["main"]?.entrypoint);
        return (
          <g key={node.id} transform={`translate(${place.x} ${place.y})`}>
            <rect className="mini-card" width={CARD.width} height={CARD.height} rx="3" />
            <rect className={`mini-kind k-${kind}`} x="4" y="4" width="8" height="8" rx="1.5" />
            <path className="mini-line" d={`M16 8h${12 - (node.name.length % 3) * 2}`} />
          </g>
        );
      })}
    </svg>
  );
}

/** Right, up or down in the gap before the target, right again, with round corners. */
function wire(x1: number, y1: number, x2: number, y2: number): string {
  if (Math.abs(y1 - y2) < 1) return `M${x1} ${y1}H${x2}`;
  const middle = x2 - (STEP.x - CARD.width) / 2;
  const turn = Math.min(CORNER, Math.abs(y2 - y1) / 2) * Math.sign(y2 - y1);
  const size = Math.abs(turn);
  return `M${x1} ${y1}H${middle - size}Q${middle} ${y1} ${middle} ${y1 + turn}V${y2 - turn}Q${middle} ${y2} ${middle + size} ${y2}H${x2}`;
}
