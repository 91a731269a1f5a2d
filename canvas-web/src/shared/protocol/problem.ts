/** What can go wrong between the canvas and the server, as two kinds of error: an answer that refuses, and no answer. */

import type { WaitAnswer } from "./types";

export interface FieldError {
  pointer: string;
  message: string;
}

/** The server answered with a problem (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly title: string,
    readonly detail: string,
    readonly traceId: string | null,
    readonly errors: readonly FieldError[],
    /** With 412: the tag the resource has now. */
    readonly currentEtag: string | null,
    readonly retryAfterMs: number | null = null,
    /** With ALREADY_ANSWERED: the answer that came first. */
    readonly answer: WaitAnswer | null = null,
  ) {
    super(detail || title || reason);
  }
}

/** No answer came, after all tries. What was asked may or may not have happened, unless it only reads. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  constructor(
    readonly method: string,
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super("The server did not answer.", options);
  }
}

/** The server sent something its own schema does not allow. */
export class MalformedMessageError extends Error {
  override readonly name = "MalformedMessageError";
  constructor(
    readonly what: string,
    readonly errors: readonly FieldError[],
  ) {
    super(`${what} does not match its schema${errors[0] ? `: ${errors[0].pointer} ${errors[0].message}` : ""}`);
  }
}

interface ProblemBody {
  title?: unknown;
  detail?: unknown;
  reason?: unknown;
  traceId?: unknown;
  currentEtag?: unknown;
  errors?: unknown;
  answer?: unknown;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Read a problem out of an answer; an answer that is no problem+json still becomes one. */
export async function problemOf(response: Response): Promise<ProblemError> {
  let body: ProblemBody = {};
  try {
    const parsed: unknown = JSON.parse(await response.text());
    if (parsed !== null && typeof parsed === "object") body = parsed;
  } catch {
    // A proxy's HTML page, or a connection cut in the middle: the status says enough.
  }
  const errors = (Array.isArray(body.errors) ? (body.errors as unknown[]) : []).flatMap((error) =>
    error !== null && typeof error === "object"
      ? [{ pointer: text((error as FieldError).pointer), message: text((error as FieldError).message) }]
      : [],
  );
  return new ProblemError(
    response.status,
    text(body.reason) || `HTTP_${response.status}`,
    text(body.title) || response.statusText,
    text(body.detail),
    text(body.traceId) || null,
    errors,
    text(body.currentEtag) || response.headers.get("etag"),
    retryAfterMs(response.headers.get("retry-after"), Date.now()),
    body.answer !== null && typeof body.answer === "object" ? (body.answer as WaitAnswer) : null,
  );
}

/** Milliseconds to wait by a Retry-After header, which is seconds or a date. Null where it says nothing usable. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
