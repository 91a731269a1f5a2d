/**
 * One request to the server, tried again where that is safe.
 *
 * Safe are reads, and writes that the server recognises: POST by its Idempotency-Key, PUT and DELETE by their
 * If-Match. A try is repeated when no answer came or the answer says "later" (429, 502, 503, 504).
 */
import { backoffMs, REQUEST_BACKOFF } from "./backoff";
import { parseExact, stringifyExact } from "./exactJson";
import { NoAnswerError, ProblemError, problemOf } from "./problem";
import { doubtServer } from "./serverHealth";
import { endSession } from "./session";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export interface RequestOptions {
  body?: unknown;
  etag?: string;
  query?: Record<string, string | number | readonly string[] | undefined>;
  signal?: AbortSignal;
  /** How long one try may take. */
  timeoutMs?: number;
  headers?: Record<string, string>;
  /** 429 is told at once, not tried again: somebody waits who would rather know. */
  tellBusy?: boolean;
}

export interface Result<T> {
  data: T;
  etag: string | null;
  status: number;
  /** Whether an earlier try went out and got no answer: it may have been carried out. */
  repeated: boolean;
}

const TRIES = 4;
const LATER = new Set([429, 502, 503, 504]);

/** What a test replaces. */
export const io = {
  fetch: (input: string, init: RequestInit): Promise<Response> => fetch(input, init),
  sleep: (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason instanceof Error ? signal.reason : new DOMException("Aborted", "AbortError"));
      });
    }),
  random: Math.random,
  newKey: (): string => crypto.randomUUID(),
};

export function withQuery(path: string, query: RequestOptions["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "") continue;
    if (typeof value === "object") for (const item of value) parameters.append(name, item);
    else parameters.append(name, String(value));
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/** Throws ProblemError for an answer of 400 and above, NoAnswerError where none came. */
export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<Result<T>> {
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.etag !== undefined) headers["if-match"] = options.etag;
  // One key for all tries: the server answers a repeated one with its first answer.
  if (method === "POST") headers["idempotency-key"] = io.newKey();
  const body = options.body === undefined ? null : stringifyExact(options.body);
  const url = withQuery(path, options.query);

  let unanswered = false;
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt === TRIES;
    let response: Response;
    try {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
      response = await io.fetch(url, {
        method,
        headers,
        body,
        credentials: "same-origin",
        // What changes without moving an etag (a flow's latestVersion) must not come from the browser's cache.
        cache: "no-store",
        signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
      });
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      unanswered = true;
      doubtServer();
      if (last) throw new NoAnswerError(method, path, { cause });
      await io.sleep(backoffMs(attempt, REQUEST_BACKOFF, io.random), options.signal);
      continue;
    }
    if (response.status >= 400) {
      const problem = await problemOf(response);
      if (problem.status === 401) endSession();
      if (LATER.has(problem.status) && problem.status !== 429) doubtServer();
      if (LATER.has(problem.status) && !last && !(problem.status === 429 && options.tellBusy)) {
        await io.sleep(backoffMs(attempt, REQUEST_BACKOFF, io.random, problem.retryAfterMs), options.signal);
        continue;
      }
      throw problem;
    }
    try {
      const text = response.status === 204 ? "" : await response.text();
      const data = (text === "" ? undefined : parseExact(text)) as T;
      return { data, etag: response.headers.get("etag"), status: response.status, repeated: unanswered };
    } catch (cause) {
      // Cut off in the middle of the answer: the same as none.
      if (options.signal?.aborted) throw cause;
      if (cause instanceof SyntaxError) throw new ProblemError(response.status, "BAD_ANSWER", "Not JSON", "The answer is not JSON.", null, [], null);
      unanswered = true;
      if (last) throw new NoAnswerError(method, path, { cause });
      await io.sleep(backoffMs(attempt, REQUEST_BACKOFF, io.random), options.signal);
    }
  }
}
