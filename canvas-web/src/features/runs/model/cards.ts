/** The run as the graph's cards show it. Pure. */
import type { FlowNode } from "@/shared/protocol";
import type { NodeRunState } from "@/shared/graph";
import { duration } from "@/shared/ui/statusWords";
import { litPorts, wiredErrors, type Graph } from "./flowing";
import { maxAttempts } from "./ports";
import { backingOff, type NodeRun } from "./runState";
import { roundOf, type RunView } from "./view";

/** `totals`: by node id of a sub-flow, how many items its list has, where that is known. */
export function nodeStates(graph: Graph, view: RunView, now: number, live: boolean, totals: Readonly<Record<string, number>> = {}): Record<string, NodeRunState> {
  const { state } = view;
  const errors = wiredErrors(graph);
  const states: Record<string, NodeRunState> = {};
  for (const node of graph.nodes) {
    const run = state.nodes[node.id];
    if (run !== undefined) states[node.id] = cardOf(node, run, errors.has(node.id), now, live, state.startedAt);
    else if (state.endedAt !== null) states[node.id] = { status: "queued", word: "Not reached" };
    const round = run === undefined || run.phase === "skipped" ? null : roundOf(view, node.id);
    const card = states[node.id];
    if (round !== null && card !== undefined) card.round = round.text;
    const counts = view.groups[node.id]?.counts;
    if (counts !== undefined && card !== undefined && (counts.begun > 1 || (totals[node.id] ?? 0) > 1)) {
      const { done, failed, cancelled } = counts;
      card.progress = { done, failed: failed + cancelled, running: counts.running + counts.waiting, total: totals[node.id] ?? (run?.endedAt == null ? null : counts.begun) };
    }
  }
  return states;
}

const WAITS: Record<string, string> = { approval: "Decide", timer: "Waiting", event: "Waiting" };

function cardOf(node: FlowNode, run: NodeRun, errorWired: boolean, now: number, live: boolean, runStart: number | null): NodeRunState {
  const waits = backingOff(run, now);
  if (waits) return { status: "retrying", word: `Try ${waits.attempt} of ${maxAttempts(node)}`, time: `in ${duration(Math.max(1, waits.until - now))}` };
  const lines = run.lines.length > 0 ? { lines: run.lines } : {};
  const attempt = run.tries.at(-1)?.attempt ?? 1;
  if (run.endedAt === null) {
    const word = attempt > 1 ? { word: `Try ${attempt} of ${maxAttempts(node)}` } : {};
    if (run.phase === "waiting" && run.wait !== undefined) {
      const left = run.wait.dueAt === null ? null : run.wait.dueAt - now;
      return { status: "waiting", word: WAITS[run.wait.kind] ?? "Waiting", ...(left === null ? (live ? { since: run.startedAt } : {}) : { time: left > 0 ? `${duration(left)} left` : "due" }), ...lines };
    }
    const since = run.tries.at(-1)?.startedAt ?? run.startedAt;
    return { status: run.phase, ...word, ...(live ? { since } : { time: duration(Math.max(0, now - since)) }), ...lines };
  }
  if (run.phase === "skipped") return { status: "skipped" };
  if (run.phase === "cancelled") return { status: "cancelled", time: runStart === null ? "" : `at ${duration(run.endedAt - runStart)}` };
  if (run.phase === "done" && run.reusedFrom !== undefined) return { status: "done", word: "Used again" };
  const time = duration(run.endedAt - run.startedAt);
  if (run.phase === "done" && run.rescued !== undefined) return { status: "done", word: "Done by onError", time };
  if (run.phase === "done" && node.type === "condition") {
    const lit = litPorts(node, run, errorWired);
    const port = lit === null ? undefined : Object.keys(lit)[0];
    if (port !== undefined) return { status: "done", word: port, time };
  }
  if (run.phase === "done" && attempt > 1) return { status: "done", word: `Done, ${ordinal(attempt)} try`, time };
  return { status: run.phase, time, ...lines };
}

function ordinal(n: number): string {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${ending}`;
}
