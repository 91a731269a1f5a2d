/** A picture of a flow, drawn from the flow itself. */
import type { FlowEdge, FlowNode } from "@/shared/protocol";
import { kindOf } from "@/shared/ui";
import { layersOf } from "./layers";

const BOX = { width: 288, height: 104 };
const EDGE = 16;
const CARD_HEIGHT = 16;
const CORNER = 4;
/** How far below the row a wire runs that passes cards. */
const LANE = 15;

/** Long flows get smaller cards, not a smaller picture: a tile is always as large as on the next card. */
function sizes(columns: number): { card: number; step: number } {
  const card = columns <= 5 ? 34 : columns <= 7 ? 25 : 16;
  const step = columns < 2 ? 0 : Math.min(68, (BOX.width - 2 * EDGE - card) / (columns - 1));
  return { card, step };
}

export function MiniGraph({ nodes, edges, height = BOX.height }: { nodes: readonly FlowNode[]; edges: readonly FlowEdge[]; height?: number }) {
  const { spots, columns, rows } = layersOf(nodes, edges);
  const { card, step } = sizes(columns);
  const rowStep = Math.min(24, rows < 2 ? 24 : (BOX.height - 2 * EDGE - CARD_HEIGHT) / (rows - 1));
  const left = (BOX.width - (columns - 1) * step - card) / 2;
  const at = new Map(spots.map((spot) => [spot.node.id, { x: left + spot.column * step, y: BOX.height / 2 + spot.row * rowStep, column: spot.column }]));
  const passes = (from: { column: number; y: number }, to: { column: number; y: number }): boolean =>
    from.y === to.y && [...at.values()].some((place) => place.y === from.y && place.column > from.column && place.column < to.column);
  return (
    <svg className="mini" viewBox={`0 0 ${BOX.width} ${BOX.height}`} width="100%" height={height} preserveAspectRatio="xMidYMid meet" aria-hidden>
      {edges.map((edge) => {
        const from = at.get(edge.source.nodeId);
        const to = at.get(edge.target.nodeId);
        if (from === undefined || to === undefined) return null;
        const gap = Math.max(4, (step - card) / 2);
        const shape = passes(from, to) ? detour(from.x + card, to.x, from.y, gap) : wire(from.x + card, from.y, to.x, to.y, gap);
        return <path key={edge.id} className={edge.source.port === "error" ? "mini-wire mini-error" : "mini-wire"} d={shape} />;
      })}
      {spots.map(({ node }) => {
        const place = at.get(node.id);
        if (place === undefined) return null;
        const { kind } = kindOf(node.type, node.handlers["main"]?.entrypoint);
        return (
          <g key={node.id} transform={`translate(${place.x} ${place.y - CARD_HEIGHT / 2})`}>
            <rect className="mini-card" width={card} height={CARD_HEIGHT} rx="3" />
            <rect className={`mini-kind k-${kind}`} x="4" y="4" width="8" height="8" rx="1.5" />
            {card > 20 && <path className="mini-line" d={`M16 8h${card - 22 - (node.name.length % 3) * (card > 30 ? 2 : 1)}`} />}
          </g>
        );
      })}
    </svg>
  );
}

/** Right, up or down in the gap before the target, right again, with round corners. */
function wire(x1: number, y1: number, x2: number, y2: number, gap: number): string {
  if (Math.abs(y1 - y2) < 1) return `M${x1} ${y1}H${x2}`;
  const middle = x2 - gap;
  const size = Math.min(CORNER, gap, Math.abs(y2 - y1) / 2);
  const turn = size * Math.sign(y2 - y1);
  return `M${x1} ${y1}H${middle - size}Q${middle} ${y1} ${middle} ${y1 + turn}V${y2 - turn}Q${middle} ${y2} ${middle + size} ${y2}H${x2}`;
}

/** Out of the row, along below the cards in between, and back. */
function detour(x1: number, x2: number, y: number, gap: number): string {
  const size = Math.min(CORNER, gap);
  const lane = y + LANE;
  const out = x1 + gap;
  const back = x2 - gap;
  return `M${x1} ${y}H${out - size}Q${out} ${y} ${out} ${y + size}V${lane - size}Q${out} ${lane} ${out + size} ${lane}H${back - size}Q${back} ${lane} ${back} ${lane - size}V${y + size}Q${back} ${y} ${back + size} ${y}H${x2}`;
}
