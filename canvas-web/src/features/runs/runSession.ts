/**
 * One run on screen: its record, its blueprint, its events as they come. No framework; React subscribes to it.
 *
 * Events are taken in once a frame, however many came, so that a run of ten thousand events stays fluent.
 */
import {
  type Activation,
  api,
  type Blueprint,
  type Execution,
  type ExecutionEvent,
  type ExecutionFeed,
  type FeedState,
  hasEnded,
  onServerBack,
  openExecutionFeed,
  ProblemError,
} from "@/shared/protocol";
import { RunHistory } from "./model/history";
import type { RunState } from "./model/runState";

export interface RunSnapshot {
  execution: Execution | null;
  /** Null until it came, or where its flow was deleted. */
  blueprint: Blueprint | null;
  blueprintGone: boolean;
  feed: FeedState | null;
  state: RunState;
  /** Goes up with every change of the events; what is derived from them depends on it. */
  revision: number;
  /** By `scope|node id`. Asked for when somebody looks at data, and again when more nodes have ended. */
  activations: ReadonlyMap<string, Activation>;
  /** Why the run cannot be shown. */
  failure: unknown;
}

const HIDDEN_FLUSH_MS = 250;

export class RunSession {
  readonly history = new RunHistory();
  private snapshot: RunSnapshot = {
    execution: null, blueprint: null, blueprintGone: false, feed: null, state: this.history.latest, revision: 0, activations: new Map(), failure: null,
  };
  private readonly listeners = new Set<() => void>();
  private stop = new AbortController();
  private feed: ExecutionFeed | null = null;
  private waiting: ExecutionEvent[] = [];
  private flushHandle: number | ReturnType<typeof setTimeout> | null = null;
  private activationsAt = -1;
  private forget: () => void = () => undefined;

  constructor(readonly id: string) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): RunSnapshot => this.snapshot;

  /** May be called again after `close`: what was read is kept, and the events go on after the last one. */
  open(): void {
    this.stop = new AbortController();
    this.forget = onServerBack(this.retryNow);
    void this.load();
    this.feed = openExecutionFeed(this.id, {
      onEvents: (events) => {
        this.waiting.push(...events);
        this.flushSoon();
      },
      onState: (feed) => {
        this.set({ feed });
      },
      onRestart: () => {
        this.waiting = [];
        this.history.clear();
        this.set({ state: this.history.latest, revision: this.snapshot.revision + 1 });
      },
    }, this.history.events.at(-1)?.id ?? null);
  }

  close(): void {
    this.stop.abort();
    this.forget();
    this.feed?.close();
    if (this.flushHandle !== null) {
      if (typeof this.flushHandle === "number") cancelAnimationFrame(this.flushHandle);
      clearTimeout(this.flushHandle);
      this.flushHandle = null;
    }
    this.waiting = [];
  }

  readonly retryNow = (): void => {
    if (this.snapshot.failure !== null) {
      this.set({ failure: null });
      void this.load();
    }
    this.feed?.retryNow();
  };

  /** Take an execution that another call answered with, such as a cancel. */
  readonly take = (execution: Execution): void => this.set({ execution });

  /** What each node's activation recorded: lit ports, and inputs where the run was traced. */
  readonly loadActivations = (): void => {
    if (this.activationsAt === this.snapshot.revision) return;
    this.activationsAt = this.snapshot.revision;
    void this.readActivations();
  };

  private async readActivations(): Promise<void> {
    try {
      // Of a run with thousands of items the newest would take a hundred pages; there the events tell enough.
      const list = await api.executions.activations(this.id, { signal: this.stop.signal, most: 2000 });
      // A scope's last one stands for a node.
      this.set({ activations: new Map(list.map((activation) => [`${activation.scope}|${activation.nodeId}`, activation])) });
    } catch {
      // What the events tell is shown without it; the next look asks again.
      this.activationsAt = -1;
    }
  }

  private set(change: Partial<RunSnapshot>): void {
    if (this.stop.signal.aborted) return;
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of [...this.listeners]) listener();
  }

  private async load(): Promise<void> {
    const { signal } = this.stop;
    try {
      const { data: execution } = await api.executions.get(this.id, { signal });
      this.set({ execution });
      if (this.snapshot.blueprint === null) await this.loadBlueprint(execution);
    } catch (failure) {
      if (!signal.aborted) this.set({ failure });
    }
  }

  private async loadBlueprint(execution: Execution): Promise<void> {
    try {
      const { data } = await api.flows.version(execution.flowId, execution.blueprintVersion, { signal: this.stop.signal });
      this.set({ blueprint: data.flow });
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 404) throw error;
      this.set({ blueprintGone: true });
    }
  }

  private flushSoon(): void {
    if (this.flushHandle !== null) return;
    const flush = (): void => {
      this.flushHandle = null;
      this.flush();
    };
    // A hidden page gets no frames.
    this.flushHandle = document.visibilityState === "visible" ? requestAnimationFrame(flush) : setTimeout(flush, HIDDEN_FLUSH_MS);
  }

  private flush(): void {
    const events = this.waiting;
    this.waiting = [];
    if (events.length === 0) return;
    this.history.append(events);
    this.set({ state: this.history.latest, revision: this.snapshot.revision + 1 });
    const last = events.at(-1);
    const over = last?.type === "execution.completed" || last?.type === "execution.failed";
    if (over && !(this.snapshot.execution !== null && hasEnded(this.snapshot.execution.status))) void this.load();
  }
}
