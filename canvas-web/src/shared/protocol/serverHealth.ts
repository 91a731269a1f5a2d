/**
 * Which parts of the server answer. Nothing is asked while all goes well: the first call that gets no answer begins to
 * ask /readyz, until that is well again, and then whoever waits is told.
 */

export type Part = "registry" | "orchestrator" | "stream";

export interface ServerHealth {
  /** "partly": some services do not answer. "silent": nobody does. */
  state: "fine" | "partly" | "silent";
  missing: readonly Part[];
  /** When it came to be so, in milliseconds since the epoch; null while all is fine. */
  since: number | null;
  /** When it is asked again, while something is wrong. */
  nextTryAt: number | null;
}

const AGAIN_MS = 2_000;
const TIMEOUT_MS = 5_000;
const PARTS: readonly Part[] = ["registry", "orchestrator", "stream"];
const FINE: ServerHealth = { state: "fine", missing: [], since: null, nextTryAt: null };

/** What a test replaces. */
export const probe = {
  fetch: (): Promise<Response> => fetch("/readyz", { cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS) }),
};

let health = FINE;
let asking = false;
let askedAt = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const waiting = new Set<() => void>();

export function serverHealth(): ServerHealth {
  return health;
}

/** For `useSyncExternalStore`. Without a subscriber nothing is asked. */
export function subscribeServerHealth(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(timer);
    health = FINE;
    askedAt = -Infinity;
  };
}

/** Call back each time a part that was missing answers again. */
export function onServerBack(callback: () => void): () => void {
  waiting.add(callback);
  return () => waiting.delete(callback);
}

/** A call got no answer, or one that says "not now". Whose fault it was is asked at most once in a while. */
export function doubtServer(): void {
  if (listeners.size === 0 || health.state !== "fine" || Date.now() < askedAt + AGAIN_MS) return;
  void ask();
}

/** Ask now instead of waiting. */
export function askServerNow(): void {
  if (health.state !== "fine") void ask();
}

async function ask(): Promise<void> {
  if (asking) return;
  asking = true;
  askedAt = Date.now();
  clearTimeout(timer);
  const found = await missingParts();
  asking = false;
  if (listeners.size === 0) return;
  const before = health;
  if (found?.length === 0) health = FINE;
  else {
    const now = Date.now();
    const state = found === null ? "silent" : "partly";
    health = { state, missing: found ?? [], since: before.state === state ? before.since : now, nextTryAt: now + AGAIN_MS };
    timer = setTimeout(() => void ask(), AGAIN_MS);
  }
  for (const listener of [...listeners]) listener();
  const gone = (part: Part): boolean => health.state === "silent" || health.missing.includes(part);
  const were = before.state === "silent" ? PARTS : before.missing;
  if (were.some((part) => !gone(part))) for (const callback of [...waiting]) callback();
}

/** Null where nobody answers, or nobody who knows. */
async function missingParts(): Promise<readonly Part[] | null> {
  try {
    const response = await probe.fetch();
    if (response.ok) return [];
    const body = (await response.json()) as { missing?: unknown };
    const named = Array.isArray(body.missing) ? (body.missing as unknown[]) : [];
    const missing = PARTS.filter((part) => named.includes(part));
    return missing.length > 0 ? missing : null;
  } catch {
    return null;
  }
}
