/** The whole flow in a corner, hidden while everything is in view. Press or drag to look elsewhere. */
import { useReactFlow, useStore } from "@xyflow/react";
import { shallow } from "zustand/shallow";
import { boundsOf, type Rect } from "./geometry";
import type { RunStatus } from "@/shared/ui";

export interface MapCard extends Rect {
  id: string;
  status: RunStatus | null;
}

const width = 176;
const height = 88;
const fills: Partial<Record<RunStatus, string>> = {
  done: "var(--bar-done)", running: "var(--bar-running)", failed: "var(--bar-failed)", "timed-out": "var(--bar-failed)", waiting: "var(--bar-waiting)", retrying: "var(--bar-waiting)",
};

export function Minimap({ cards }: { cards: readonly MapCard[] }) {
  const view = useStore(
    ({ transform: [x, y, zoom], width: w, height: h }) => ({ x: -x / zoom, y: -y / zoom, width: w / zoom, height: h / zoom }),
    shallow,
  );
  const { setCenter, getZoom } = useReactFlow();
  const all = boundsOf(cards);
  const inView = all.x >= view.x - 1 && all.y >= view.y - 1 && all.x + all.width <= view.x + view.width + 1 && all.y + all.height <= view.y + view.height + 1;
  if (inView || cards.length === 0 || view.width === 0) return null;

  const frame = boundsOf([all, view]);
  const scale = Math.max(frame.width / (width - 12), frame.height / (height - 12));
  const left = frame.x - (width * scale - frame.width) / 2;
  const top = frame.y - (height * scale - frame.height) / 2;
  const look = (event: React.PointerEvent<SVGSVGElement>) => {
    if (event.buttons !== 1) return;
    const box = event.currentTarget.getBoundingClientRect();
    void setCenter(left + (event.clientX - box.left) * scale, top + (event.clientY - box.top) * scale, { zoom: getZoom() });
  };
  return (
    <div className="minimap" role="img" aria-label="Minimap">
      <svg
        width={width}
        height={height}
        viewBox={`${left} ${top} ${width * scale} ${height * scale}`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          look(event);
        }}
        onPointerMove={look}
      >
        {cards.map((card) => (
          <rect key={card.id} x={card.x} y={card.y} width={card.width} height={card.height} rx={12} fill={(card.status && fills[card.status]) ?? "var(--line-control)"} opacity={card.status && fills[card.status] ? 0.9 : 0.55} />
        ))}
        <rect x={view.x} y={view.y} width={view.width} height={view.height} fill="none" stroke="var(--accent)" strokeWidth={1.5 * scale} rx={2 * scale} />
      </svg>
    </div>
  );
}
