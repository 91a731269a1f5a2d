/** When each node ran: bars from the run's start, failed tries torn, back-off hatched, waiting hollow. */
import { useMemo } from "react";
import type { FlowNode } from "@/shared/protocol";
import { duration, StatusSign } from "@/shared/ui";
import type { RunState } from "./model/runState";
import { axisOf, type Bar, type BarKind, tickLabel, type TimelineRow, timelineRows } from "./model/timeline";
import { VirtualList } from "./VirtualList";

const ROW = 22;
const WORD: Record<BarKind, string> = { done: "finished", running: "running", failed: "failed try", backoff: "back-off", waiting: "waiting", cancelled: "cancelled" };
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

export function TimelineTab({ state, nodes, now, selected, onSelect }: {
  state: RunState;
  nodes: readonly FlowNode[];
  now: number;
  selected: string | null;
  onSelect: (nodeId: string) => void;
}) {
  const end = state.endedAt ?? now;
  const start = state.startedAt ?? end;
  const rows = useMemo(() => timelineRows(state, nodes, end), [state, nodes, end]);
  const axis = axisOf(Math.max(end - start, 0.1));
  const rest = nodes.filter((node) => state.nodes[node.id] === undefined);
  const at = (ms: number): string => `${((ms / axis.span) * 100).toFixed(3)}%`;
  const count = rows.length + (rest.length > 0 ? 1 : 0);
  const selectedRow = rows.findIndex((row) => row.nodeId === selected);
  return (
    <div className="tl" data-testid="timeline">
      <div className="tl-row tl-head">
        <span className="tl-name">Node, by start</span>
        <span className="tl-took">Time</span>
        <span className="tl-track tl-axis">
          {axis.ticks.map((tick) => <span key={tick} style={{ left: at(tick) }}>{tickLabel(tick, axis.span)}</span>)}
        </span>
      </div>
      <div className="tl-body">
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
            return row === undefined ? <Rest nodes={rest} ended={state.endedAt !== null} /> : <Row row={row} at={at} selected={row.nodeId === selected} onSelect={onSelect} />;
          }}
        />
      </div>
    </div>
  );
}

function Row({ row, at, selected, onSelect }: { row: TimelineRow; at: (ms: number) => string; selected: boolean; onSelect: (nodeId: string) => void }) {
  const end = row.bars.at(-1)?.to ?? 0;
  // Behind a bar that reaches far right there is no room: the note stands inside it, or before it.
  const far = parseFloat(at(end)) > 72;
  const wide = row.bars.at(-1) !== undefined && parseFloat(at(end - (row.bars.at(-1)?.from ?? 0))) > 22;
  return (
    <button type="button" className="tl-row" aria-pressed={selected} onClick={() => onSelect(row.nodeId)} data-node={row.nodeId}>
      <span className="tl-name"><StatusSign status={row.status} /><span className="cut">{row.name}</span></span>
      <span className="tl-took">{row.took === null ? "" : duration(row.took)}</span>
      <span className="tl-track">
        {row.bars.map((bar, index) => <BarShape key={index} bar={bar} at={at} text={far && wide && index === row.bars.length - 1 ? [bar.label, row.note].filter(Boolean).join(", ") : bar.label} />)}
        {!(far && wide) && (
          <span className="tl-note" style={far ? { right: `calc(100% - ${at(row.bars[0]?.from ?? 0)} + 6px)` } : { left: `calc(${at(end)} + ${row.bars.length ? 8 : 6}px)` }}>{row.note}</span>
        )}
      </span>
    </button>
  );
}

function BarShape({ bar, at, text }: { bar: Bar; at: (ms: number) => string; text: string }) {
  const width = parseFloat(at(bar.to - bar.from));
  const room = width > 4;
  return (
    <i
      className={`tl-bar tl-${bar.kind}`}
      style={{ left: at(bar.from), width: `max(3px, ${width}%)` }}
      title={`${bar.label ? `${bar.label}, ` : ""}${WORD[bar.kind]}, ${duration(bar.to - bar.from)}`}
    >
      {room && text ? <em>{text}</em> : null}
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
