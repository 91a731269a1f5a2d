/**
 * Fold the events of a run into what is known of it: the run's status, each node's state and tries. Pure.
 *
 * A fold of the first n events is the run as it stood then, which is all that stepping through time needs.
 */
import type { ChunkError, ChunkEvent, ExecutionEvent, Json, MetricEvent, Metrics, NodeDetail } from "@/shared/protocol";
import type { RunStatus } from "@/shared/ui";
import { timeOf } from "@/shared/time/words";

/** `lost`: the process ended while it ran, which is no failure of the node. */
export type TryOutcome = "running" | "done" | "failed" | "cancelled" | "lost";

export interface Try {
  attempt: number;
  startedAt: number;
  endedAt: number | null;
  outcome: TryOutcome;
  /** The error's type, of a try that failed. */
  error?: string;
  /** A crash ended the process; this is the same try, run again. */
  recovered?: boolean;
}

export type NodePhase = "running" | "waiting" | "done" | "failed" | "timed-out" | "cancelled" | "skipped";

export interface NodeRun {
  nodeId: string;
  phase: NodePhase;
  startedAt: number;
  endedAt: number | null;
  /** The last one is the one that runs, or ran last. Empty for a skipped node. */
  tries: Try[];
  /** Present where the end event carried one; null is a value. */
  result?: Json;
  error: ChunkError | null;
  activationId: string | null;
  endEventId: string | null;
  recovered: boolean;
  /** What it wrote or streamed, newest last, at most three. */
  lines: string[];
  /** What its handler measured, in all tries. */
  metrics?: Metrics;
  /** The run whose result this is: it did not run here. */
  reusedFrom?: string;
  /** The type of the failure after which `onError` ran. */
  rescued?: string;
  /** What it waits for, or waited. */
  wait?: { id: string; kind: string; dueAt: number | null };
}

export interface RunState {
  status: RunStatus;
  /** Of the last event of a failed run. */
  message: string | null;
  startedAt: number | null;
  endedAt: number | null;
  nodes: Readonly<Record<string, NodeRun>>;
  /** Node ids in the order in which they were first heard of. */
  order: readonly string[];
  events: number;
  logs: number;
  /** What handlers measured, added up over all scopes. */
  metrics: Metrics;
  lastEventAt: number | null;
}

export const EMPTY: RunState = {
  status: "queued", message: null, startedAt: null, endedAt: null, nodes: {}, order: [], events: 0, logs: 0, metrics: {}, lastEventAt: null,
};

const LINES = 3;

/**
 * The state after `events[from]` to `events[to - 1]`. Nodes that nothing touched keep their identity. With `places`, the
 * scope of each event, those of other scopes are counted and change no node.
 */
export function fold(before: RunState, events: readonly ExecutionEvent[], from = 0, to = events.length, places?: readonly string[]): RunState {
  if (to <= from) return before;
  const draft = new Draft(before);
  for (let index = from; index < to; index += 1) {
    const event = events[index];
    if (event === undefined) continue;
    if (places === undefined || (places[index] ?? "") === "") draft.apply(event);
    else draft.count(event);
  }
  return draft.done();
}

class Draft {
  private readonly state: { -readonly [K in keyof RunState]: RunState[K] };
  private readonly nodes: Record<string, NodeRun>;
  private readonly order: string[];
  private readonly owned = new Set<string>();
  /** The detail after it tells whose it is. */
  private measured: MetricEvent | null = null;

  constructor(before: RunState) {
    this.state = { ...before };
    this.nodes = { ...before.nodes };
    this.order = [...before.order];
  }

  done(): RunState {
    return { ...this.state, nodes: this.nodes, order: this.order };
  }

  /** An event of another scope. */
  count(event: ExecutionEvent): void {
    this.state.events += 1;
    this.state.lastEventAt = timeOf(event.timestamp);
    if (event.type === "log") this.state.logs += 1;
    else if (event.type === "metric") this.state.metrics = withMetric(this.state.metrics, event);
  }

  apply(event: ExecutionEvent): void {
    const at = timeOf(event.timestamp);
    this.state.events += 1;
    this.state.lastEventAt = at;
    switch (event.type) {
      case "execution.started":
        this.state.status = "running";
        this.state.startedAt ??= at;
        break;
      case "execution.completed":
        this.state.status = "done";
        this.state.endedAt = at;
        break;
      case "execution.failed":
        this.failRun(event.payload?.message ?? null, at);
        break;
      case "chunk.started":
      case "chunk.completed":
      case "chunk.failed":
        if (event.payload) this.chunk(event, event.payload, at);
        break;
      case "runtime.output":
        if (event.payload?.stream === "custom") this.custom(event.payload.data, at);
        break;
      case "log":
        this.state.logs += 1;
        this.rescue(event);
        break;
      case "metric":
        this.state.metrics = withMetric(this.state.metrics, event);
        this.measured = event;
        break;
    }
  }

  /** Its log says that `onError` runs now; what it gives is the node's result. */
  private rescue({ payload }: ExecutionEvent & { type: "log" }): void {
    const failure = /^attempt \d+ failed: (.+); onError runs$/.exec(payload?.message ?? "")?.[1];
    const id = payload?.nodeId;
    if (failure !== undefined && id !== undefined && this.nodes[id]?.endedAt === null) this.node(id, this.state.lastEventAt ?? 0).rescued = failure;
  }

  private failRun(message: string | null, at: number): void {
    this.state.endedAt = at;
    this.state.message = message;
    if (message?.startsWith("cancelled: ")) this.state.status = "cancelled";
    else if (message?.startsWith("timed_out: ")) this.state.status = "timed-out";
    else this.state.status = "failed";
  }

  /** The node's own copy, made once a fold. */
  private node(nodeId: string, at: number): NodeRun {
    const known = this.nodes[nodeId];
    if (known !== undefined && this.owned.has(nodeId)) return known;
    const own: NodeRun = known
      ? { ...known, tries: [...known.tries], lines: [...known.lines] }
      : {
          nodeId, phase: "running", startedAt: at, endedAt: null, tries: [], error: null, activationId: null, endEventId: null, recovered: false, lines: [],
        };
    if (known === undefined) this.order.push(nodeId);
    this.nodes[nodeId] = own;
    this.owned.add(nodeId);
    return own;
  }

  private chunk(event: ChunkEvent, payload: NonNullable<ChunkEvent["payload"]>, at: number): void {
    const node = this.node(payload.nodeId, at);
    if (event.type === "chunk.started") {
      node.phase = "running";
      node.startedAt = at;
      node.endedAt = null;
      node.error = null;
      delete node.result;
      delete node.wait;
      node.tries = [{ attempt: 1, startedAt: at, endedAt: null, outcome: "running" }];
      return;
    }
    node.endedAt = at;
    node.endEventId = event.id;
    if (payload.result !== undefined) node.result = payload.result;
    node.error = payload.error ?? null;
    const type = payload.error?.type;
    if (event.type === "chunk.completed") node.phase = "done";
    else if (type === "Cancelled") node.phase = "cancelled";
    else if (type === "TimedOut") node.phase = "timed-out";
    else node.phase = "failed";
    const outcome = node.phase === "done" ? "done" : node.phase === "cancelled" ? "cancelled" : "failed";
    endTry(node, at, outcome, type);
  }

  private custom(data: Json | undefined, at: number): void {
    if (data === null || typeof data !== "object" || Array.isArray(data)) return;
    const detail = data as unknown as NodeDetail;
    if (typeof detail.nodeId !== "string") return;
    if (detail.kind === "skip") {
      const node = this.node(detail.nodeId, at);
      node.phase = "skipped";
      node.endedAt = at;
    } else if (detail.kind === "retry") {
      this.retry(this.node(detail.nodeId, at), detail, at);
    } else if (detail.kind === "wait") {
      const node = this.node(detail.nodeId, at);
      if (node.endedAt === null) node.phase = "waiting";
      const { waitId, waitKind, dueAt } = detail;
      if (typeof waitId === "string") node.wait = { id: waitId, kind: typeof waitKind === "string" ? waitKind : "", dueAt: typeof dueAt === "string" ? timeOf(dueAt) : null };
    } else if (detail.kind === "token") {
      const node = this.node(detail.nodeId, at);
      const text = streamedText(detail);
      if (text !== "") node.lines = lastLines(node.lines, text);
    }
    if (detail.kind === "detail" && this.measured !== null && detail.eventId === this.measured.id) {
      const node = this.node(detail.nodeId, at);
      node.metrics = withMetric(node.metrics ?? {}, this.measured);
      this.measured = null;
    }
    if (detail.kind === "detail" && detail["reused"] === true && typeof detail["from"] === "string") this.node(detail.nodeId, at).reusedFrom = detail["from"];
    const known = this.nodes[detail.nodeId];
    if (known !== undefined && typeof detail.activationId === "string" && known.activationId === null) {
      this.node(detail.nodeId, at).activationId = detail.activationId;
    }
  }

  private retry(node: NodeRun, detail: NodeDetail, at: number): void {
    const attempt = typeof detail.attempt === "number" ? detail.attempt : node.tries.length + 1;
    if (detail.recovered === true) {
      node.recovered = true;
      node.phase = "running";
      // Nobody saw when the process died: the try before ends where the next one begins.
      endTry(node, at, "lost", undefined);
      node.tries.push({ attempt, startedAt: at, endedAt: null, outcome: "running", recovered: true });
      return;
    }
    const due = detail["dueAt"];
    endTry(node, at, "failed", typeof detail["error"] === "string" ? detail["error"] : undefined);
    node.tries.push({ attempt, startedAt: typeof due === "string" ? timeOf(due) : at, endedAt: null, outcome: "running" });
  }
}

function endTry(node: NodeRun, at: number, outcome: TryOutcome, error: string | undefined): void {
  const last = node.tries.at(-1);
  if (last === undefined || last.endedAt !== null) return;
  const ended: Try = { ...last, endedAt: at, outcome };
  if (outcome === "failed" && error !== undefined) ended.error = error;
  // Cancelled while it waited for its next try: that try never began.
  if (ended.startedAt > at) node.tries.pop();
  else node.tries[node.tries.length - 1] = ended;
}

/** What a token row adds to a node's stream, as text. */
export function streamedText(detail: NodeDetail): string {
  const { text, values } = detail;
  if (typeof text === "string") return text;
  return Array.isArray(values) ? values.map((value) => `${typeof value === "string" ? value : JSON.stringify(value)}\n`).join("") : "";
}

function withMetric(metrics: Metrics, event: MetricEvent): Metrics {
  if (event.payload === undefined) return metrics;
  const { name, value, unit = null } = event.payload;
  const known = metrics[name];
  return { ...metrics, [name]: { total: (known?.total ?? 0) + value, count: (known?.count ?? 0) + 1, unit: unit ?? known?.unit ?? null } };
}

function lastLines(lines: readonly string[], text: string): string[] {
  const joined = `${lines.join("\n")}${text}`;
  return joined.split("\n").slice(-LINES);
}

/** Whether the node waits for its next try at `now`, and since when. */
export function backingOff(node: NodeRun, now: number): { until: number; attempt: number } | null {
  const last = node.tries.at(-1);
  if (last === undefined || node.phase !== "running" || last.startedAt <= now) return null;
  return { until: last.startedAt, attempt: last.attempt };
}

/** How the node stands at `now`, as a status that can be shown. */
export function shownPhase(node: NodeRun, now: number): RunStatus {
  return backingOff(node, now) ? "retrying" : node.phase;
}

export function hasFailed(phase: NodePhase): boolean {
  return phase === "failed" || phase === "timed-out";
}

export interface Counts {
  done: number;
  failed: number;
  running: number;
  skipped: number;
  total: number;
}

export function countNodes(state: RunState, total: number): Counts {
  const counts: Counts = { done: 0, failed: 0, running: 0, skipped: 0, total };
  for (const node of Object.values(state.nodes)) {
    if (node.phase === "done") counts.done += 1;
    else if (hasFailed(node.phase)) counts.failed += 1;
    else if (node.phase === "skipped") counts.skipped += 1;
    else if (node.phase === "running" || node.phase === "waiting") counts.running += 1;
  }
  return counts;
}
