/**
 * The timeline: one row a node, bars for tries and back-off on a scale from the run's start; the rounds of a loop and the
 * items of a sub-flow under a row of their own, folded until somebody opens them. Pure.
 */
import { loopsOf } from "@/document";
import type { FlowNode } from "@/shared/protocol";
import type { RunStatus } from "@/shared/ui";
import { duration } from "@/shared/ui/statusWords";
import type { Graph } from "./flowing";
import type { RunHistory } from "./history";
import { backingOff, hasFailed, type NodeRun, shownPhase } from "./runState";
import { phaseAt, type ScopeGroup, type ScopeItem } from "./scopes";
import { isSubflow, itemWord } from "./view";

export type BarKind = "done" | "running" | "failed" | "backoff" | "waiting" | "cancelled" | "lost";

export interface Bar {
  kind: BarKind;
  /** Milliseconds from the run's start. */
  from: number;
  to: number;
  label: string;
}

export interface TimelineRow {
  /** Unique in the timeline, and what opening a row is remembered by. */
  key: string;
  depth: number;
  /** A row that opens: a loop or a sub-flow with its rounds or items, a round with its nodes. */
  fold: "open" | "closed" | null;
  /** An item of a sub-flow: its own picture opens at this scope. */
  opens: string | null;
  nodeId: string;
  name: string;
  status: RunStatus;
  /** Milliseconds the node took, or has taken so far. Null for one that was skipped. */
  took: number | null;
  bars: Bar[];
  /** Stands behind the last bar. */
  note: string;
}

const KIND: Record<string, BarKind> = { done: "done", failed: "failed", cancelled: "cancelled", running: "running", lost: "lost" };

/** Where the timeline reads from, and what is open in it. */
export interface TimelineSource {
  graph: Graph;
  history: RunHistory;
  /** The scope the picture shows. */
  base: string;
  count: number;
  open: ReadonlySet<string>;
}

interface Placed {
  at: number;
  skipped: boolean;
  rows: TimelineRow[];
}

export function timelineRows(source: TimelineSource, now: number): TimelineRow[] {
  const run = source.history.after(source.count);
  const start = run.startedAt ?? run.lastEventAt ?? now;
  return rowsIn(source, source.base, 0, start, now);
}

function rowsIn(source: TimelineSource, scope: string, depth: number, start: number, now: number): TimelineRow[] {
  const { graph, history, count } = source;
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const headers = new Map(loopsOf(graph).map((loop) => [loop.header, loop]));
  const state = history.inScope(scope, count);
  const groups = new Map(history.scopes.groupsIn(scope).map((group) => [group.nodeId, group]));
  const placed: Placed[] = [];
  for (const id of state.order) {
    const run = state.nodes[id];
    if (run === undefined) continue;
    const node = nodes.get(id);
    const group = node !== undefined && isSubflow(node) ? groups.get(id) : undefined;
    const key = `${scope}|${id}`;
    const row = { ...rowOf(run, node?.name ?? "Unknown node", start, now, key), depth };
    placed.push({ at: run.startedAt, skipped: run.phase === "skipped", rows: group === undefined || node === undefined ? [row] : folded(source, row, () => itemsOf(group, count).map((item) => itemRow(item, node, depth + 1, start, now, count))) });
  }
  for (const [header, group] of groups) {
    const loop = headers.get(header);
    const items = itemsOf(group, count);
    const first = items[0];
    if (loop === undefined || first === undefined) continue;
    const name = nodes.get(header)?.name ?? "Loop";
    placed.push({
      at: first.startedAt,
      skipped: false,
      rows: folded(source, loopRow(`${scope}|loop ${header}`, name, header, items, loop.maxIterations, depth, start, now, count), () =>
        items.flatMap((item) => folded(source, roundRow(item, depth + 1, start, now, count, loop.maxIterations, header), () => rowsIn(source, item.scope, depth + 2, start, now)))),
    });
  }
  placed.sort((a, b) => Number(a.skipped) - Number(b.skipped) || a.at - b.at);
  return placed.flatMap((one) => one.rows);
}

const itemsOf = (group: ScopeGroup, count: number): ScopeItem[] => group.items.filter((item): item is ScopeItem => item !== undefined && item.startIndex < count);

function folded(source: TimelineSource, row: TimelineRow, inside: () => TimelineRow[]): TimelineRow[] {
  const open = source.open.has(row.key);
  return [{ ...row, fold: open ? "open" : "closed" }, ...(open ? inside() : [])];
}

/** A bar a round, as long as they can be told apart. */
const MOST_BARS = 80;

function loopRow(key: string, name: string, nodeId: string, items: readonly ScopeItem[], most: number, depth: number, start: number, now: number, count: number): TimelineRow {
  const last = items.at(-1);
  const phases = items.map((item) => phaseAt(item, count));
  const status = phases.find((phase) => phase === "running" || phase === "waiting") ?? phases.at(-1) ?? "running";
  const bars = items.length <= MOST_BARS
    ? items.map((item) => itemBar(item, start, now, count, String(item.n + 1)))
    : [{ kind: status, from: (items[0]?.startedAt ?? start) - start, to: Math.max(...items.map((item) => endOf(item, now, count))) - start, label: `${items.length.toLocaleString("en")} rounds` }];
  const took = last === undefined ? 0 : endOf(last, now, count) - (items[0]?.startedAt ?? start);
  return { key, depth, fold: "closed", opens: null, nodeId, name: `Loop at ${name}`, status, took, bars, note: `${items.length.toLocaleString("en")} of at most ${most.toLocaleString("en")} rounds` };
}

function roundRow(item: ScopeItem, depth: number, start: number, now: number, count: number, most: number, nodeId: string): TimelineRow {
  return { key: item.scope, depth, fold: "closed", opens: null, nodeId, name: `Round ${item.n + 1} of ${most}`, status: phaseAt(item, count), took: endOf(item, now, count) - item.startedAt, bars: [itemBar(item, start, now, count, "")], note: item.error ?? "" };
}

function itemRow(item: ScopeItem, node: FlowNode, depth: number, start: number, now: number, count: number): TimelineRow {
  const word = itemWord(node, item.n);
  return { key: item.scope, depth, fold: null, opens: item.scope, nodeId: node.id, name: word.charAt(0).toUpperCase() + word.slice(1), status: phaseAt(item, count), took: endOf(item, now, count) - item.startedAt, bars: [itemBar(item, start, now, count, "")], note: item.error ?? "" };
}

const endOf = (item: ScopeItem, now: number, count: number): number => (item.endedAt !== null && item.endIndex < count ? item.endedAt : now);

function itemBar(item: ScopeItem, start: number, now: number, count: number, label: string): Bar {
  const from = item.startedAt - start;
  return { kind: phaseAt(item, count), from, to: Math.max(from, endOf(item, now, count) - start), label };
}

function rowOf(run: NodeRun, name: string, start: number, now: number, key: string): TimelineRow {
  const bars: Bar[] = [];
  let before: number | null = null;
  for (const [index, attempt] of run.tries.entries()) {
    const from = attempt.startedAt - start;
    const to = Math.max(from, (attempt.endedAt ?? now) - start);
    if (before !== null && from > before) {
      const until = Math.min(from, Math.max(before, now - start));
      bars.push({ kind: "backoff", from: before, to: until, label: `waits ${duration(from - before)}` });
    }
    // A try that has not begun yet has no bar.
    if (attempt.endedAt !== null || attempt.startedAt <= now) {
      const kind = run.phase === "waiting" && index === run.tries.length - 1 ? "waiting" : (KIND[attempt.outcome] ?? "running");
      const several = run.tries.length > 1;
      const label = attempt.outcome === "lost" ? "lost with the process" : attempt.recovered ? `try ${attempt.attempt}, again` : several ? `try ${attempt.attempt}` : "";
      bars.push({ kind, from, to, label });
    }
    before = to;
  }
  const took = run.phase === "skipped" ? null : (run.endedAt ?? now) - run.startedAt;
  return { key, depth: 0, fold: null, opens: null, nodeId: run.nodeId, name, status: shownPhase(run, now), took, bars, note: noteOf(run, now) };
}

function noteOf(run: NodeRun, now: number): string {
  if (run.phase === "skipped") return "skipped, nothing live came in";
  const waits = backingOff(run, now);
  if (waits) return `try ${waits.attempt} in ${duration(Math.max(1, waits.until - now))}`;
  const failures = run.tries.filter((attempt) => attempt.outcome === "failed");
  const parts: string[] = [];
  if (run.recovered) parts.push("ran again after a restart");
  if (run.rescued !== undefined) parts.push(`${run.rescued}, then onError`);
  if (hasFailed(run.phase)) parts.push(run.error?.type ?? "failed");
  else if (failures.length > 0) {
    const first = failures[0];
    const took = first?.endedAt == null ? "" : ` after ${duration(first.endedAt - first.startedAt)}`;
    parts.push(`${first?.error ?? "failed"}${took}${failures.length > 1 ? `, ${failures.length} tries failed` : ""}`);
  }
  if (run.endedAt !== null && !hasFailed(run.phase)) {
    const last = run.tries.at(-1);
    if (last?.endedAt != null) parts.push(`${failures.length > 0 ? "then " : ""}${duration(last.endedAt - last.startedAt)}`);
  }
  return parts.join(", ");
}

export interface Axis {
  /** Milliseconds the whole width stands for. */
  span: number;
  ticks: number[];
}

const STEPS = [1, 2, 5];

/** A scale that holds `total` milliseconds with at most `most` ticks at round numbers. */
export function axisOf(total: number, most = 8): Axis {
  const span = Math.max(total * 1.04, 1);
  let step: number;
  outer: for (let power = -1; ; power += 1) {
    for (const base of STEPS) {
      step = base * 10 ** power;
      if (span / step <= most) break outer;
    }
  }
  // Past two minutes round numbers are multiples of a minute.
  if (step >= 20_000) step = [30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000].find((minutes) => span / minutes <= most) ?? step;
  const ticks: number[] = [];
  for (let tick = 0; tick <= span; tick += step) ticks.push(tick);
  return { span, ticks };
}

export function tickLabel(ms: number, span: number): string {
  if (ms === 0) return "0 s";
  if (span < 1000) return `${Number(ms.toFixed(1))} ms`;
  if (span < 120_000) return `${Number((ms / 1000).toFixed(1))} s`;
  return duration(ms);
}
