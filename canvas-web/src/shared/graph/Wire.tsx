/** A wire between two ports. Dash, weight and end mark tell its state; colour helps. */
import type { Edge, EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { middleOf, pathOf, simpleRoute, type Route } from "./routing";
import type { EdgeState } from "./types";

export interface WireData extends Record<string, unknown> {
  route: Route | undefined;
  state: EdgeState;
  isError: boolean;
  /** It would take in what is being dragged over it. */
  target: boolean;
  still: boolean;
  /** It leads back: drawn in its own way, and says how often. */
  isLoop: boolean;
  label: string;
  /** Nobody drew it: a channel stands for it. */
  channel?: { name: string; hue: string };
}

export type WireEdge = Edge<WireData, "wire">;

/** From the middle of a handle's far side to where a wire starts: the port's edge. */
export const HANDLE_REACH = 7;

export const Wire = memo(function Wire({ id, sourceX, sourceY, targetX, targetY, selected, data }: EdgeProps<WireEdge>) {
  const from = { x: sourceX - HANDLE_REACH, y: sourceY };
  const to = { x: targetX + HANDLE_REACH, y: targetY };
  // A route made before the last move belongs to other ends: until it is made again, draw a plain one.
  const kept = data?.route;
  const fits = kept && near(kept[0], from) && near(kept.at(-1), to);
  const route = fits ? kept : simpleRoute(from, to);
  const state = data?.state ?? "idle";
  const classes = ["wire", state, data?.isError ? "on-error" : "", data?.isLoop ? "back" : "", selected ? "selected" : "", data?.target ? "drop" : "", data?.still ? "still" : "", data?.channel ? "by-channel" : ""].join(" ");
  const dead = state === "dead";
  const end = dead ? shortened(route, 10) : shortened(route, 6);
  return (
    <g className={classes} data-testid={data?.channel ? `channel-wire-${data.channel.name}` : `edge-${id}`} data-state={state} style={data?.channel && ({ "--hue": data.channel.hue } as React.CSSProperties)}>
      <path className="wire-hit react-flow__edge-interaction" d={pathOf(route)} fill="none" />
      <path className="wire-line react-flow__edge-path" d={pathOf(end)} fill="none" />
      {dead ? (
        <path className="wire-stop" d={`M${to.x - 8} ${to.y - 5}v10`} />
      ) : (
        <path className="wire-head" d={`M${to.x - 8} ${to.y - 4.5}L${to.x} ${to.y}L${to.x - 8} ${to.y + 4.5}Z`} />
      )}
      {data?.isLoop && <LoopLabel at={middleOf(route)} text={data.label} />}
    </g>
  );
});

/** On a patch of paper at the wire's middle: an arrow that turns, and how often. */
function LoopLabel({ at, text }: { at: { x: number; y: number }; text: string }) {
  const width = text.length * 5.9 + 30;
  return (
    <g className="wire-label" transform={`translate(${at.x} ${at.y})`} aria-hidden>
      <rect x={-width / 2} y={-9} width={width} height={18} rx={9} />
      <path d={`M${-width / 2 + 17} -3.2a4.2 4.2 0 1 0 1 4.6M${-width / 2 + 18} -5.4v3h-3`} />
      <text x={-width / 2 + 24} y={3.8}>{text}</text>
    </g>
  );
}

const near = (a: { x: number; y: number } | undefined, b: { x: number; y: number }) => a !== undefined && Math.abs(a.x - b.x) < 0.75 && Math.abs(a.y - b.y) < 0.75;

function shortened(route: Route, by: number): Route {
  const last = route.at(-1);
  return last ? [...route.slice(0, -1), { x: last.x - by, y: last.y }] : route;
}
