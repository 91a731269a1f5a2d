/** Read one text/event-stream by fetch: unlike EventSource it tells the status, and stops when told. */
import { createSseReader, type SseMessage } from "./frames";
import { problemOf } from "./problem";
import { io } from "./request";

export interface EventStreamOptions {
  signal: AbortSignal;
  lastEventId?: string | undefined;
  onOpen(): void;
  onMessage(message: SseMessage): void;
}

/** Resolves when the stream ends; "nothing-more" for 204. Throws ProblemError, or what fetch throws. */
export async function readEventStream(path: string, options: EventStreamOptions): Promise<"ended" | "nothing-more"> {
  const headers: Record<string, string> = { accept: "text/event-stream" };
  if (options.lastEventId !== undefined) headers["last-event-id"] = options.lastEventId;
  const response = await io.fetch(path, { headers, credentials: "same-origin", cache: "no-store", signal: options.signal });
  if (response.status === 204) return "nothing-more";
  if (!response.ok || response.body === null) throw await problemOf(response);
  options.onOpen();
  const read = createSseReader();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return "ended";
    for (const message of read(value)) options.onMessage(message);
  }
}
