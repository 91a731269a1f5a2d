/** The timeline: one row a node, bars for tries and back-off on a scale from the run's start. Pure. */
import type { FlowNode } from "@/shared/protocol";
import type { RunStatus } from "@/shared/ui";
import { duration } from "@/shared/ui/statusWords";
import { backingOff, hasFailed, type NodeRun, type RunState, shownPhase } from "./runState";

export type BarKind = "done" | "running" | "failed" | "backoff" | "waiting" | "cancelled" | "lost";

export interface Bar {
  kind: BarKind;
  /** Milliseconds from the run's start. */
  from: number;
  to: number;
  label: string;
}

export interface TimelineRow {
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

export function timelineRows(state: RunState, nodes: readonly FlowNode[], now: number): TimelineRow[] {
  const names = new Map(nodes.map((node) => [node.id, node.name]));
  const start = state.startedAt ?? state.lastEventAt ?? now;
  const runs = state.order.flatMap((id) => {
    const run = state.nodes[id];
    return run === undefined ? [] : [run];
  });
  const started = runs.filter((run) => run.phase !== "skipped").sort((a, b) => a.startedAt - b.startedAt);
  const skipped = runs.filter((run) => run.phase === "skipped");
  return [...started, ...skipped].map((run) => rowOf(run, names.get(run.nodeId) ?? "Unknown node", start, now));
}

function rowOf(run: NodeRun, name: string, start: number, now: number): TimelineRow {
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
  return { nodeId: run.nodeId, name, status: shownPhase(run, now), took, bars, note: noteOf(run, now) };
}

function noteOf(run: NodeRun, now: number): string {
  if (run.phase === "skipped") return "skipped, nothing live came in";
  const waits = backingOff(run, now);
  if (waits) return `try ${waits.attempt} in ${duration(Math.max(1, waits.until - now))}`;
  const failures = run.tries.filter((attempt) => attempt.outcome === "failed");
  const parts: string[] = [];
  if (run.recovered) parts.push("ran again after a restart");
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
