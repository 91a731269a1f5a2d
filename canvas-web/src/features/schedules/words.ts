/** What became of a due time, in words. Pure. */
import type { Firing, Schedule } from "@/shared/protocol";
import type { RunStatus } from "@/shared/ui";

export interface FiringWords {
  word: string;
  status: RunStatus;
}

const WORDS: Record<Firing["status"], FiringWords> = {
  upcoming: { word: "Due", status: "queued" },
  held: { word: "Held by its limits", status: "waiting" },
  ready: { word: "About to start", status: "running" },
  started: { word: "Started", status: "done" },
  dropped: { word: "Dropped", status: "skipped" },
  missed: { word: "Missed", status: "failed" },
};

export const firingWords = (firing: Pick<Firing, "status">): FiringWords => WORDS[firing.status];

export const MISSED_WORDS: Record<Schedule["missed"], string> = {
  skip: "Times missed while the server was down are skipped",
  once: "Missed times are made up for by one run",
  all: "Each missed time runs, the last 100",
};

/** The earliest next time first; what is paused or never due again last. */
export function byNext(schedules: readonly Schedule[]): Schedule[] {
  return schedules.toSorted((a, b) => Number(a.nextAt === null) - Number(b.nextAt === null) || (a.nextAt ?? a.flowName).localeCompare(b.nextAt ?? b.flowName));
}
