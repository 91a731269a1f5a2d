/**
 * What happens in the project, for lists that refresh themselves. One stream a page, whoever listens.
 *
 * Browsers allow six connections to one origin over HTTP/1.1, so a hidden tab gives its own back and resumes by cursor.
 */
import { backoffMs, FEED_BACKOFF } from "./backoff";
import { ProblemError } from "./problem";
import { io } from "./request";
import { doubtServer } from "./serverHealth";
import { endSession } from "./session";
import { readEventStream } from "./sse";
import type { ProjectEvent } from "./types";

export interface ProjectFeedListener {
  onEvent(event: ProjectEvent): void;
  /** Events may have been missed: read everything again. */
  onGap?(): void;
}

const listeners = new Set<ProjectFeedListener>();
let abort: AbortController | null = null;
let timer: ReturnType<typeof setTimeout> | null = null;
let cursor: string | null = null;
let tries = 0;
let everOpened = false;

const HIDDEN_GRACE_MS = 20_000;

/** Listen until the returned function is called. */
export function subscribeProjectFeed(listener: ProjectFeedListener): () => void {
  listeners.add(listener);
  if (listeners.size === 1) start();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) stop();
  };
}

/** Shorthand for a callback that wants each event, and treats a gap as a change. */
export function onProjectEvent(callback: (event: ProjectEvent | null) => void): () => void {
  return subscribeProjectFeed({ onEvent: callback, onGap: () => callback(null) });
}

function start(): void {
  document.addEventListener("visibilitychange", onVisibility);
  if (document.visibilityState === "visible") connect();
}

function stop(): void {
  document.removeEventListener("visibilitychange", onVisibility);
  drop();
  cursor = null;
  everOpened = false;
}

function drop(): void {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  abort?.abort();
  abort = null;
}

function onVisibility(): void {
  if (document.visibilityState === "visible") {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (abort === null) connect();
  } else {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(drop, HIDDEN_GRACE_MS);
  }
}

function connect(): void {
  drop();
  const mine = new AbortController();
  abort = mine;
  void follow(mine.signal).then((again) => {
    if (mine.signal.aborted) return;
    abort = null;
    if (!again) return;
    tries += 1;
    timer = setTimeout(connect, backoffMs(tries, FEED_BACKOFF, io.random));
  });
}

/** Read until the stream ends. False where asking again is pointless. */
async function follow(signal: AbortSignal): Promise<boolean> {
  const resumedWithoutCursor = everOpened && cursor === null;
  try {
    await readEventStream("/events", {
      signal,
      lastEventId: cursor ?? undefined,
      onOpen: () => {
        tries = 0;
        everOpened = true;
        if (resumedWithoutCursor) gap();
      },
      onMessage: (message) => {
        const event = JSON.parse(message.data) as ProjectEvent;
        cursor = message.id ?? event.id;
        for (const listener of [...listeners]) listener.onEvent(event);
      },
    });
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.status === 401) {
      endSession();
      return false;
    }
    if (error instanceof ProblemError && (error.status === 410 || error.reason === "BAD_CURSOR")) {
      cursor = null;
      if (!signal.aborted) gap();
    } else if (!signal.aborted) doubtServer();
    return true;
  }
}

function gap(): void {
  for (const listener of [...listeners]) listener.onGap?.();
}
