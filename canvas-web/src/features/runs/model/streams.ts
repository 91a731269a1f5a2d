/** What a node streamed and printed, put together from its events. Pure. */
import type { ExecutionEvent, JsonObject, NodeDetail } from "@/shared/protocol";
import { timeOf } from "@/shared/time/words";
import { streamedText } from "./runState";

/** A stream this long is shown from its end on. */
const MOST = 200_000;

function dataOf(event: ExecutionEvent): JsonObject | null {
  const data = event.type === "runtime.output" ? event.payload?.data : undefined;
  return data !== undefined && data !== null && typeof data === "object" && !Array.isArray(data) ? data : null;
}

/** The text a node streamed in one scope, of its newest attempt: an earlier one's text was taken back by the retry. */
export function streamOf(events: readonly ExecutionEvent[], nodeId: string, scope: string, count: number): { text: string; rows: number; cut: boolean } {
  const parts: string[] = [];
  let rows = 0;
  for (let index = 0; index < Math.min(count, events.length); index += 1) {
    const event = events[index];
    if (event?.type !== "runtime.output" || event.payload?.stream !== "custom") continue;
    const data = dataOf(event);
    if (data?.["nodeId"] !== nodeId || (data["scope"] ?? "") !== scope) continue;
    if (data["kind"] === "retry") {
      parts.length = 0;
      rows = 0;
    } else if (data["kind"] === "token") {
      parts.push(streamedText(data as unknown as NodeDetail));
      rows += 1;
    }
  }
  const text = parts.join("");
  return { text: text.slice(-MOST), rows, cut: text.length > MOST };
}

export interface Printed {
  id: string;
  at: number;
  stream: "stdout" | "stderr";
  text: string;
}

/** What a node's handler printed in one scope, line by line. */
export function printedBy(events: readonly ExecutionEvent[], nodeId: string, scope: string, count: number): Printed[] {
  const printed: Printed[] = [];
  for (let index = 0; index < Math.min(count, events.length); index += 1) {
    const event = events[index];
    if (event?.type !== "runtime.output" || event.payload === undefined || event.payload.stream === "custom") continue;
    const data = dataOf(event);
    if (data?.["nodeId"] !== nodeId || (data["scope"] ?? "") !== scope || typeof data["text"] !== "string") continue;
    printed.push({ id: event.id, at: timeOf(event.timestamp), stream: event.payload.stream, text: data["text"] });
  }
  return printed;
}
