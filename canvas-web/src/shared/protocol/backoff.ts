/** How long to wait before the next try: exponential with jitter, never less than the server asked for. Pure. */

export interface BackoffOptions {
  firstMs: number;
  factor: number;
  maxMs: number;
  /** Share of the wait that is random, 0 to 1. */
  jitter: number;
}

export const REQUEST_BACKOFF: BackoffOptions = { firstMs: 250, factor: 2, maxMs: 4_000, jitter: 0.5 };
export const FEED_BACKOFF: BackoffOptions = { firstMs: 400, factor: 1.8, maxMs: 15_000, jitter: 0.4 };

/** Milliseconds before try `attempt + 1`, where `attempt` counts from 1. `askedMs` is what Retry-After said. */
export function backoffMs(
  attempt: number,
  options: BackoffOptions,
  random: () => number = Math.random,
  askedMs: number | null = null,
): number {
  const full = Math.min(options.maxMs, options.firstMs * options.factor ** (attempt - 1));
  const jittered = full * (1 - options.jitter * random());
  return Math.max(jittered, askedMs ?? 0);
}
