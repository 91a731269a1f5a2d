/** What became of something that was to start a run, in words. Pure. */
import type { Firing } from "@/shared/protocol";
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
