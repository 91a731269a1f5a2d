/** An event in words: what happened, at which node, and the one detail worth a line. Pure. */
import { type ExecutionEvent, isValueReference, type Json, type LogLevel, type NodeDetail, stringifyExact } from "@/shared/protocol";
import type { RunStatus } from "@/shared/ui";

export type EventGroup = "run" | "node" | "output" | "log" | "metric";

export interface EventWords {
  group: EventGroup;
  what: string;
  nodeId: string | null;
  detail: string;
  status: RunStatus | null;
}

const SHORT = 160;

export function groupOf(event: ExecutionEvent): EventGroup {
  if (event.type.startsWith("execution.")) return "run";
  if (event.type.startsWith("chunk.")) return "node";
  if (event.type === "runtime.output") return "output";
  return event.type === "log" ? "log" : "metric";
}

export function nodeOf(event: ExecutionEvent): string | null {
  const payload = event.payload as { nodeId?: unknown; data?: Json } | undefined;
  if (typeof payload?.nodeId === "string") return payload.nodeId;
  const data = payload?.data;
  if (data !== null && typeof data === "object" && !Array.isArray(data) && typeof data["nodeId"] === "string") return data["nodeId"];
  return null;
}

export function preview(value: Json | undefined, length = SHORT): string {
  if (value === undefined) return "";
  if (isValueReference(value)) return `${value.preview.slice(0, length)}…`;
  const text = typeof value === "string" ? value : stringifyExact(value);
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

const LEVEL: Record<LogLevel, RunStatus | null> = { debug: null, info: null, warning: "retrying", error: "failed" };

export function wordsOf(event: ExecutionEvent): EventWords {
  const group = groupOf(event);
  const nodeId = nodeOf(event);
  switch (event.type) {
    case "execution.started":
      return { group, nodeId, what: "Run started", detail: event.payload?.message ?? "", status: "running" };
    case "execution.completed":
      return { group, nodeId, what: "Run done", detail: event.payload?.message ?? "", status: "done" };
    case "execution.failed": {
      const message = event.payload?.message ?? "";
      const cancelled = message.startsWith("cancelled: ");
      const timedOut = message.startsWith("timed_out: ");
      return { group, nodeId, what: cancelled ? "Run cancelled" : timedOut ? "Run timed out" : "Run failed", detail: message, status: cancelled ? "cancelled" : timedOut ? "timed-out" : "failed" };
    }
    case "chunk.started":
      return { group, nodeId, what: "Started", detail: "", status: "running" };
    case "chunk.completed":
      return { group, nodeId, what: "Done", detail: preview(event.payload?.result), status: "done" };
    case "chunk.failed": {
      const error = event.payload?.error;
      const cancelled = error?.type === "Cancelled";
      return { group, nodeId, what: cancelled ? "Cancelled" : "Failed", detail: [error?.type, error?.message].filter(Boolean).join(": "), status: cancelled ? "cancelled" : "failed" };
    }
    case "runtime.output":
      return outputWords(event.payload?.stream ?? "custom", event.payload?.data, nodeId);
    case "log": {
      const level = event.payload?.level ?? "info";
      return { group, nodeId, what: level, detail: event.payload?.message ?? "", status: LEVEL[level] };
    }
    case "metric":
      return { group, nodeId, what: event.payload?.name ?? "metric", detail: `${event.payload?.value ?? ""} ${event.payload?.unit ?? ""}`.trim(), status: null };
  }
}

function outputWords(stream: string, data: Json | undefined, nodeId: string | null): EventWords {
  const base = { group: "output" as const, nodeId, status: null };
  if (stream !== "custom" || data === null || typeof data !== "object" || Array.isArray(data)) return { ...base, what: stream, detail: preview(data) };
  const detail = data as unknown as NodeDetail;
  switch (detail.kind) {
    case "skip":
      return { ...base, what: "Skipped", detail: "nothing live came in", status: "skipped" };
    case "retry":
      return detail.recovered === true
        ? { ...base, what: "Runs again", detail: "the process ended while it ran", status: "retrying" }
        : { ...base, what: `Try ${detail.attempt ?? ""} follows`, detail: typeof detail["error"] === "string" ? `after ${detail["error"]}` : "", status: "retrying" };
    case "wait":
      return { ...base, what: "Waits", detail: `for ${detail["waitKind"] === "approval" ? "a decision" : detail["waitKind"] === "timer" ? "its time" : "an event"}${typeof detail["dueAt"] === "string" ? `, until ${detail["dueAt"]}` : ""}`, status: "waiting" };
    case "detail":
      return { ...base, what: "Detail", detail: `attempt ${detail.attempt ?? 1}${detail.scope ? `, scope ${detail.scope}` : ""}` };
    default:
      return { ...base, what: detail.kind, detail: preview(data) };
  }
}
