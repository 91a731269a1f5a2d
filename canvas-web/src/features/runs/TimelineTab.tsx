/** When each node ran: bars from the run's start, failed tries torn, back-off hatched, waiting hollow. */
import { useEffect, useMemo, useRef, useState } from "react";
import type { FlowNode } from "@/shared/protocol";
import { duration, StatusSign } from "@/shared/ui";
import { ChevronRight } from "lucide-react";
import type { RunHistory } from "./model/history";
import type { Graph } from "./model/flowing";
import type { RunState } from "./model/runState";
import { axisOf, type Bar, type BarKind, tickLabel, type TimelineRow, timelineRows } from "./model/timeline";
import { VirtualList } from "./VirtualList";

const ROW = 22;
/** Name, time and padding beside the track. */
const BESIDE = 272;
/** Room a time on the axis needs: where there is less before the edge, its line stands alone. */
const LABEL = 36;
/** About how wide a letter of a note is. */
const LETTER = 5.8;
const WORD: Record<BarKind, string> = { done: "finished", running: "running", failed: "failed try", backoff: "back-off", waiting: "waiting", cancelled: "cancelled", lost: "lost" };
const LEGEND: readonly BarKind[] = ["done", "running", "failed", "backoff", "waiting"];

export function TimelineLegend() {
  return (
    <ul className="tl-legend">
      {LEGEND.map((kind) => (
        <li key={kind}><i className={`tl-bar tl-${kind} tl-key`} aria-hidden />{WORD[kind]}</li>
      ))}
    </ul>
  );
}

export function TimelineTab({ state, graph, history, base, count: seen, revision, now, selected, onSelect, onScope }: {
  state: RunState;
  graph: Graph;
  history: RunHistory;
  /** The scope the picture shows. */
  base: string;
  count: number;
  revision: number;
  now: number;
  selected: string | null;
  onSelect: (nodeId: string) => void;
  onScope: (scope: string) => void;
}) {
  const { nodes } = graph;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) => setOpen((before) => {
    const next = new Set(before);
    if (!next.delete(key)) next.add(key);
    return next;
  });
  const end = state.endedAt ?? now;
  const start = state.startedAt ?? end;
  // The history grows in place: the revision says when.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const rows = useMemo(() => timelineRows({ graph, history, base, count: seen, open }, end), [graph, history, base, seen, open, end, revision]);
  const axis = axisOf(Math.max(end - start, 0.1));
  const rest = nodes.filter((node) => state.nodes[node.id] === undefined);
  const at = (ms: number): string => `${((ms / axis.span) * 100).toFixed(3)}%`;
  const count = rows.length + (rest.length > 0 ? 1 : 0);
  const body = useRef<HTMLDivElement>(null);
  const [track, setTrack] = useState(1000);
  useEffect(() => {
    const element = body.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setTrack(Math.max(80, element.clientWidth - BESIDE)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const selectedRow = rows.findIndex((row) => row.nodeId === selected);
  return (
    <div className="tl" data-testid="timeline">
      <div className="tl-row tl-head">
        <span className="tl-name">Node, by start</span>
        <span className="tl-took">Time</span>
        <span className="tl-track tl-axis">
          {axis.ticks.filter((tick) => track - (tick / axis.span) * track > LABEL).map((tick) => <span key={tick} style={{ left: at(tick) }}>{tickLabel(tick, axis.span)}</span>)}
        </span>
      </div>
      <div className="tl-body" ref={body}>
        <div className="tl-lines" aria-hidden>
          <div>
            {axis.ticks.slice(1).map((tick) => <i key={tick} style={{ left: at(tick) }} />)}
            {state.endedAt === null && state.startedAt !== null && <i className="tl-now" style={{ left: at(end - start) }} />}
          </div>
        </div>
        <VirtualList
          count={count}
          rowHeight={ROW}
          label="Timeline"
          reveal={selectedRow >= 0 ? selectedRow : null}
          row={(index) => {
            const row = rows[index];
            return row === undefined ? <Rest nodes={rest} ended={state.endedAt !== null} /> : <Row row={row} at={at} track={track} span={axis.span} selected={row.nodeId === selected && row.depth === 0} onSelect={onSelect} onFold={toggle} onScope={onScope} />;
          }}
        />
      </div>
    </div>
  );
}

/** Where a row's note has room: behind the last bar, inside it, before the first, or nowhere but in the tooltip. */
function placeOf(row: TimelineRow, span: number, track: number): "behind" | "inside" | "before" | "hidden" {
  const needed = row.note.length * LETTER + 16;
  const pixels = (ms: number): number => (ms / span) * track;
  const last = row.bars.at(-1);
  if (last === undefined || track - pixels(last.to) > needed) return "behind";
  if (pixels(last.to - last.from) > needed + last.label.length * LETTER) return "inside";
  return pixels(row.bars[0]?.from ?? 0) > needed ? "before" : "hidden";
}

function Row({ row, at, track, span, selected, onSelect, onFold, onScope }: {
  row: TimelineRow;
  at: (ms: number) => string;
  track: number;
  span: number;
  selected: boolean;
  onSelect: (nodeId: string) => void;
  onFold: (key: string) => void;
  onScope: (scope: string) => void;
}) {
  const act = () => {
    if (row.opens !== null) onScope(row.opens);
    else if (row.fold !== null) onFold(row.key);
    if (row.depth === 0 && row.opens === null) onSelect(row.nodeId);
  };
  const place = placeOf(row, span, track);
  const last = row.bars.length - 1;
  const end = row.bars[last]?.to ?? 0;
  return (
    <button type="button" className="tl-row" aria-pressed={selected} aria-expanded={row.fold === null ? undefined : row.fold === "open"} title={place === "hidden" ? row.note : undefined} onClick={act} data-node={row.nodeId} data-depth={row.depth}>
      <span className="tl-name" style={row.depth > 0 ? { paddingLeft: 16 + row.depth * 12 + (row.fold === null ? 16 : 0) } : undefined}>{row.fold !== null && <ChevronRight className={`icon icon-12 tl-fold ${row.fold}`} aria-hidden />}<StatusSign status={row.status} /><span className="cut">{row.name}</span></span>
      <span className="tl-took">{row.took === null ? "" : duration(row.took)}</span>
      <span className="tl-track">
        {row.bars.map((bar, index) => <BarShape key={index} bar={bar} at={at} room={((bar.to - bar.from) / span) * track} text={place === "inside" && index === last ? [bar.label, row.note].filter(Boolean).join(", ") : bar.label} />)}
        {place === "behind" && <span className="tl-note" style={{ left: `calc(${at(end)} + ${row.bars.length > 0 ? 8 : 6}px)` }}>{row.note}</span>}
        {place === "before" && <span className="tl-note" style={{ right: `calc(100% - ${at(row.bars[0]?.from ?? 0)} + 6px)` }}>{row.note}</span>}
      </span>
    </button>
  );
}

function BarShape({ bar, at, room, text }: { bar: Bar; at: (ms: number) => string; room: number; text: string }) {
  return (
    <i
      className={`tl-bar tl-${bar.kind}`}
      style={{ left: at(bar.from), width: `max(3px, ${at(bar.to - bar.from)})` }}
      title={`${bar.label ? `${bar.label}, ` : ""}${WORD[bar.kind]}, ${duration(bar.to - bar.from)}`}
    >
      {room > text.length * LETTER + 10 && text !== "" ? <em>{text}</em> : null}
    </i>
  );
}

function Rest({ nodes, ended }: { nodes: readonly FlowNode[]; ended: boolean }) {
  const names = nodes.slice(0, 6).map((node) => node.name);
  const list = nodes.length > 6 ? `${names.join(", ")} and ${nodes.length - 6} others` : names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}` : names[0];
  return (
    <div className="tl-row text-ink-3">
      <span className="tl-name text-ink-3"><StatusSign status="queued" />{nodes.length === 1 ? "1 more" : `${nodes.length} more`}</span>
      <span className="tl-took" />
      <span className="tl-track"><span className="tl-note" style={{ left: 6 }}>{list} {ended ? (nodes.length === 1 ? "was not reached" : "were not reached") : nodes.length === 1 ? "has not started" : "have not started"}</span></span>
    </div>
  );
}
