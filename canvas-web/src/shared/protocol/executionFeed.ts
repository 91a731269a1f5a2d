/**
 * Follow one execution: every event once, in order, however often the line breaks.
 *
 * The cursor is the id of the last event seen. The WebSocket comes first; where it cannot be opened although the
 * server answers, events come as SSE, and where that fails too, page by page. Close codes: docs/contract.md, section 2.
 */
import { api } from "./api";
import { backoffMs, FEED_BACKOFF } from "./backoff";
import { parseExact } from "./exactJson";
import { ProblemError } from "./problem";
import { io, withQuery } from "./request";
import { eventViolations } from "./schemas";
import { doubtServer } from "./serverHealth";
import { endSession } from "./session";
import { readEventStream } from "./sse";
import type { ExecutionEvent } from "./types";

export type FeedPhase = "connecting" | "catching-up" | "live" | "offline" | "ended" | "refused";
export type FeedTransport = "websocket" | "sse" | "paging";

export interface FeedState {
  phase: FeedPhase;
  transport: FeedTransport;
  /** When something last came from the server; what is shown is from then. Milliseconds since the epoch. */
  lastHeardAt: number | null;
  /** When the line went, while it is gone. */
  offlineSince: number | null;
  /** When the next try begins, while offline. */
  nextTryAt: number | null;
  /** Tries since the line went. */
  tries: number;
  /** Why the server will not send this run's events. */
  refusal: { status: number; detail: string } | null;
  /** Messages that did not match the event schema, left out. */
  malformed: number;
}

export interface FeedListener {
  /** New events, in order, none seen before. */
  onEvents(events: ExecutionEvent[]): void;
  onState(state: FeedState): void;
  /** The cursor was no good: events come from the first one again. */
  onRestart(): void;
}

export interface ExecutionFeed {
  close(): void;
  /** Try now instead of waiting. */
  retryNow(): void;
}

const QUIET_MS = 150;
const FRESH_MS = 2_000;
const POLL_MS = 1_000;
const OPENS_BEFORE_FALLBACK = 2;
const LAST = new Set(["execution.completed", "execution.failed"]);

/** What a test replaces. */
export const sockets = { open: (url: string, protocol: string): WebSocket => new WebSocket(url, protocol) };

export function openExecutionFeed(executionId: string, listener: FeedListener, after: string | null = null): ExecutionFeed {
  const feed = new Feed(executionId, listener, after);
  feed.start();
  return { close: () => feed.close(), retryNow: () => feed.retryNow() };
}

class Feed {
  private state: FeedState = {
    phase: "connecting", transport: "websocket", lastHeardAt: null, offlineSince: null, nextTryAt: null, tries: 0, refusal: null, malformed: 0,
  };
  private closed = false;
  private socket: WebSocket | null = null;
  private abort: AbortController | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private quietTimer: ReturnType<typeof setTimeout> | null = null;
  private failedOpens = 0;

  constructor(
    private readonly executionId: string,
    private readonly listener: FeedListener,
    private cursor: string | null,
  ) {}

  start(): void {
    if (typeof window !== "undefined") {
      window.addEventListener("online", this.wake);
      document.addEventListener("visibilitychange", this.wake);
    }
    this.listener.onState(this.state);
    this.connect();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.dropLine();
    if (typeof window !== "undefined") {
      window.removeEventListener("online", this.wake);
      document.removeEventListener("visibilitychange", this.wake);
    }
  }

  retryNow(): void {
    if (this.closed || this.state.phase !== "offline") return;
    this.connect();
  }

  // A laptop that wakes, or a tab that is looked at again, should not sit out a long wait.
  private readonly wake = (): void => {
    if (document.visibilityState === "visible") this.retryNow();
  };

  private update(change: Partial<FeedState>): void {
    this.state = { ...this.state, ...change };
    if (!this.closed) this.listener.onState(this.state);
  }

  private dropLine(): void {
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.quietTimer !== null) clearTimeout(this.quietTimer);
    this.retryTimer = this.quietTimer = null;
    this.abort?.abort();
    this.abort = null;
    const socket = this.socket;
    this.socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    }
  }

  private connect(): void {
    this.dropLine();
    if (this.state.transport === "websocket") this.openSocket();
    else if (this.state.transport === "sse") void this.openStream();
    else void this.poll();
  }

  /** The line is up. A line that opens and breaks at once counts as another try, so only what was said resets it. */
  private heard(said = true): void {
    this.failedOpens = 0;
    const tries = said ? 0 : this.state.tries;
    const back = { lastHeardAt: Date.now(), offlineSince: null, nextTryAt: null, tries };
    if (this.state.phase === "live") this.update(back);
    else this.update({ ...back, phase: "catching-up" });
    if (this.quietTimer !== null) clearTimeout(this.quietTimer);
    this.quietTimer = setTimeout(() => {
      if (this.state.phase === "catching-up") this.update({ phase: "live", tries: 0 });
    }, QUIET_MS);
  }

  /** Take what came; true where it was the last event. */
  private take(items: unknown[]): boolean {
    const fresh: ExecutionEvent[] = [];
    let malformed = 0;
    for (const item of items) {
      if (eventViolations(item).length > 0) {
        malformed += 1;
        continue;
      }
      const event = item as ExecutionEvent;
      if (this.cursor !== null && event.id <= this.cursor) continue;
      this.cursor = event.id;
      fresh.push(event);
    }
    if (malformed > 0) this.update({ malformed: this.state.malformed + malformed });
    const last = fresh.at(-1);
    if (last === undefined) return false;
    this.listener.onEvents(fresh);
    if (LAST.has(last.type)) {
      this.finish();
      return true;
    }
    if (this.state.phase === "catching-up" && Date.now() - Date.parse(last.timestamp) < FRESH_MS) this.update({ phase: "live" });
    return false;
  }

  private finish(): void {
    this.dropLine();
    this.update({ phase: "ended", offlineSince: null, nextTryAt: null, tries: 0 });
  }

  private refuse(status: number, detail: string): void {
    this.dropLine();
    this.update({ phase: "refused", refusal: { status, detail }, nextTryAt: null });
    if (status === 401) endSession();
  }

  private restart(): void {
    this.cursor = null;
    this.listener.onRestart();
    this.connect();
  }

  private lost(soon = false): void {
    if (this.closed) return;
    this.dropLine();
    doubtServer();
    const tries = this.state.tries + 1;
    // A restart is over in a second or two: the first try after it comes quickly.
    const wait = soon && tries === 1 ? 300 * (1 + io.random()) : backoffMs(tries, FEED_BACKOFF, io.random);
    const now = Date.now();
    this.update({ phase: "offline", tries, offlineSince: this.state.offlineSince ?? now, nextTryAt: now + wait });
    this.retryTimer = setTimeout(() => this.connect(), wait);
  }

  // WebSocket ---------------------------------------------------------------------------------------------------

  private openSocket(): void {
    const base = new URL(`/executions/${encodeURIComponent(this.executionId)}/events`, window.location.origin);
    base.protocol = base.protocol === "https:" ? "wss:" : "ws:";
    if (this.cursor !== null) base.searchParams.set("after", this.cursor);
    let opened = false;
    let socket: WebSocket;
    try {
      socket = sockets.open(base.href, "triggerflow.batch.v1");
    } catch {
      void this.socketRefused();
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      opened = true;
      this.heard(false);
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      if (typeof message.data !== "string") return;
      let items: unknown;
      try {
        items = parseExact(message.data);
      } catch {
        this.update({ malformed: this.state.malformed + 1 });
        return;
      }
      this.heard();
      this.take(Array.isArray(items) ? (items as unknown[]) : [items]);
    };
    socket.onclose = (close) => {
      this.socket = null;
      if (!opened) void this.socketRefused();
      else this.closedBy(close.code, close.reason);
    };
  }

  private closedBy(code: number, reason: string): void {
    if (code === 1000) this.finish();
    else if (code === 4401 || code === 4403 || code === 4404) this.refuse(code - 4000, reason);
    else if (code === 4400 || code === 4410) {
      if (this.cursor === null) this.refuse(code - 4000, reason);
      else this.restart();
    } else this.lost(code === 1012);
  }

  /** The socket did not open. Where the server answers a plain request, it is the socket that is the trouble. */
  private async socketRefused(): Promise<void> {
    this.failedOpens += 1;
    if (this.failedOpens < OPENS_BEFORE_FALLBACK) {
      this.lost(true);
      return;
    }
    if (await this.readPage()) {
      this.update({ transport: "sse" });
      this.connect();
    }
  }

  // SSE -----------------------------------------------------------------------------------------------------------

  private async openStream(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    const seen = { open: false };
    try {
      const path = withQuery(`/executions/${encodeURIComponent(this.executionId)}/events`, { after: this.cursor ?? undefined });
      const ended = await readEventStream(path, {
        signal: abort.signal,
        onOpen: () => {
          seen.open = true;
          this.heard(false);
        },
        onMessage: (message) => {
          this.heard();
          this.take([parseExact(message.data)]);
        },
      });
      if (abort.signal.aborted) return;
      // 204: there is nothing after the last event.
      if (ended === "nothing-more") this.finish();
      else this.lost(true);
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error instanceof ProblemError) this.refusedBy(error);
      else if (seen.open) this.lost();
      else if (await this.readPage()) {
        this.update({ transport: "paging" });
        this.connect();
      }
    }
  }

  // Paging --------------------------------------------------------------------------------------------------------

  private async poll(): Promise<void> {
    if (!(await this.readPage())) return;
    this.retryTimer = setTimeout(() => void this.poll(), POLL_MS);
  }

  /** Read all there is now. True where the server answered and more may come. */
  private async readPage(): Promise<boolean> {
    const abort = new AbortController();
    this.abort = abort;
    try {
      for (;;) {
        const page = await api.executions.events(this.executionId, { after: this.cursor ?? undefined, limit: 1000, signal: abort.signal });
        if (abort.signal.aborted) return false;
        this.heard();
        if (this.take(page.items)) return false;
        if (page.items.length < 1000) return true;
      }
    } catch (error) {
      if (abort.signal.aborted) return false;
      if (error instanceof ProblemError) this.refusedBy(error);
      else this.lost();
      return false;
    }
  }

  private refusedBy(problem: ProblemError): void {
    if ((problem.reason === "BAD_CURSOR" || problem.status === 410) && this.cursor !== null) this.restart();
    else if (problem.status === 429 || problem.status >= 500) this.lost();
    else this.refuse(problem.status, problem.detail);
  }
}
