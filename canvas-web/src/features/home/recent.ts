/** The newest runs of each flow, as bars and as the last one. Pure. */
import { type Execution, hasEnded } from "@/shared/protocol";
import { type RunStatus, shownStatus } from "@/shared/ui/statusWords";

export const BARS = 21;
const FLOOR = 0.16;

export interface RunBar {
  id: string;
  status: RunStatus;
  /** 0 to 1 of the highest bar; bars start at zero, a very short one stays visible. */
  height: number;
  ms: number | null;
}

/** Runs by flow, newest first, each list at most BARS long. */
export function byFlow(runs: readonly Execution[]): Map<string, Execution[]> {
  const groups = new Map<string, Execution[]>();
  for (const run of runs) {
    const group = groups.get(run.flowId) ?? [];
    if (group.length < BARS) group.push(run);
    groups.set(run.flowId, group);
  }
  return groups;
}

export function tookMs(run: Execution, now: number): number | null {
  if (run.startedAt === null) return null;
  return Math.max(0, (run.endedAt === null ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt));
}

/** Oldest first, as one reads. */
export function barsOf(runs: readonly Execution[], now: number): RunBar[] {
  const most = Math.max(1, ...runs.map((run) => tookMs(run, now) ?? 0));
  return runs
    .slice(0, BARS)
    .map((run) => {
      const ms = tookMs(run, now);
      return { id: run.id, status: shownStatus(run.status, run.error?.type), ms, height: Math.max(FLOOR, (ms ?? 0) / most) };
    })
    .reverse();
}

export function needsAttention(flow: { problems: readonly { severity: string }[] }, last: Execution | undefined): boolean {
  return flow.problems.some((problem) => problem.severity === "error") || (last !== undefined && hasEnded(last.status) && last.status === "failed");
}
