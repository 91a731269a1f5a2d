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
  /** How many of them were read, by rising start, and whether there are more. */
  recorded: { read: number; more: boolean; reading: boolean };
  /** Why the run cannot be shown. */
  failure: unknown;
}

const HIDDEN_FLUSH_MS = 250;
/** Activations read at a time: of a run with thousands of items all of them would take a hundred pages. */
const AT_A_TIME = 2000;

export class RunSession {
  readonly history = new RunHistory();
  private snapshot: RunSnapshot = {
    execution: null, blueprint: null, blueprintGone: false, feed: null, state: this.history.latest, revision: 0, activations: new Map(), recorded: { read: 0, more: false, reading: false }, failure: null,
  };
  private readonly listeners = new Set<() => void>();
  private stop = new AbortController();
  private feed: ExecutionFeed | null = null;
  private waiting: ExecutionEvent[] = [];
  private flushHandle: number | ReturnType<typeof setTimeout> | null = null;
  private activationsAt = -1;
  private nextActivations: string | undefined = undefined;
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
    // What was read stays read: as far as somebody went on, the next look goes too.
    void this.readActivations(new Map(), undefined, Math.max(AT_A_TIME, this.snapshot.recorded.read));
  };

  /** Reads on where the first ones end. */
  readonly moreActivations = (): void => {
    if (this.snapshot.recorded.reading || !this.snapshot.recorded.more) return;
    void this.readActivations(new Map(this.snapshot.activations), this.nextActivations, AT_A_TIME, this.snapshot.recorded.read);
  };

  private async readActivations(found: Map<string, Activation>, from: string | undefined, most: number, before = 0): Promise<void> {
    let next = from;
    let read = 0;
    this.set({ recorded: { ...this.snapshot.recorded, reading: true } });
    try {
      do {
        const page = await api.executions.activations(this.id, { signal: this.stop.signal, pageToken: next });
        // A scope's last one stands for a node.
        for (const activation of page.items) found.set(`${activation.scope}|${activation.nodeId}`, activation);
        read += page.items.length;
        next = page.nextPageToken ?? undefined;
      } while (next !== undefined && read < most);
      this.nextActivations = next;
      this.set({ activations: found, recorded: { read: before + read, more: next !== undefined, reading: false } });
    } catch {
      // What the events tell is shown without it; the next look asks again.
      this.activationsAt = -1;
      this.set({ recorded: { ...this.snapshot.recorded, reading: false } });
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
