/** A schedule's policy in words, and the order of the list. Pure. */
import type { Schedule } from "@/shared/protocol";

export const MISSED_WORDS: Record<Schedule["missed"], string> = {
  skip: "Times missed while the server was down are skipped",
  once: "Missed times are made up for by one run",
  all: "Each missed time runs, the last 100",
};

/** The earliest next time first; what is paused or never due again last. */
export function byNext(schedules: readonly Schedule[]): Schedule[] {
  return schedules.toSorted((a, b) => Number(a.nextAt === null) - Number(b.nextAt === null) || (a.nextAt ?? a.flowName).localeCompare(b.nextAt ?? b.flowName));
}
