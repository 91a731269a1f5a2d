/** What a change of the run is worth saying aloud: failures and the end at once, else the newest node that ended. Pure. */
import type { FlowNode } from "@/shared/protocol";
import { duration, statusWord } from "@/shared/ui/statusWords";
import { hasFailed, type RunState } from "./runState";

export function spoken(before: RunState, after: RunState, nodes: readonly FlowNode[]): { text: string; now: boolean } | null {
  if (before.endedAt === null && after.endedAt !== null) {
    const took = after.startedAt === null ? "" : `, ${duration(after.endedAt - after.startedAt)}`;
    return { text: `Run ${statusWord[after.status].toLowerCase()}${took}`, now: true };
  }
  let newest: { text: string; now: boolean; at: number } | null = null;
  for (const node of nodes) {
    const run = after.nodes[node.id];
    if (run?.phase === "waiting" && before.nodes[node.id]?.phase !== "waiting") return { text: `${node.name} waits for ${run.wait?.kind === "approval" ? "a decision" : run.wait?.kind === "timer" ? "its time" : "an event"}`, now: true };
    if (run === undefined || run === before.nodes[node.id] || run.endedAt === null || before.nodes[node.id]?.endedAt === run.endedAt) continue;
    if (run.phase === "skipped") continue;
    const now = hasFailed(run.phase);
    const text = `${node.name} ${statusWord[run.phase].toLowerCase()}, ${duration(run.endedAt - run.startedAt)}`;
    if (newest === null || (now && !newest.now) || (now === newest.now && run.endedAt >= newest.at)) newest = { text, now, at: run.endedAt };
  }
  return newest;
}
