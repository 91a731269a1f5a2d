/** The states a node or a run can be in on screen, their words, and how the API's words map on them. */

export type RunStatus = "queued" | "running" | "done" | "failed" | "waiting" | "retrying" | "skipped" | "cancelled" | "timed-out" | "stale";

export const statusWord: Record<RunStatus, string> = {
  queued: "Queued",
  running: "Running",
  done: "Done",
  failed: "Failed",
  waiting: "Waiting",
  retrying: "Retrying",
  skipped: "Skipped",
  cancelled: "Cancelled",
  "timed-out": "Timed out",
  stale: "Stale",
};

/** An execution's or activation's API status, with its error's type, as the state shown. */
export function shownStatus(status: string, errorType?: string): RunStatus {
  if (errorType === "TimedOut") return "timed-out";
  switch (status) {
    case "succeeded":
      return "done";
    case "queued":
    case "running":
    case "waiting":
    case "failed":
    case "skipped":
    case "cancelled":
      return status;
    default:
      return "queued";
  }
}

/** "3 ms", "412 ms", "1.9 s", "31.4 s", "2 min 5 s", "1 h 4 min". Exact where it is short, never rounded to zero. */
export function duration(ms: number): string {
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
