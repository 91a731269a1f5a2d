/** Builds event lists in the shape the server sends, for tests of what is folded from them. */
import type { ExecutionEvent, FlowEdge, FlowNode, Json, JsonObject, NodeType } from "@/shared/protocol";

export const RUN_ID = "01934e0e-0000-7000-8000-0000000000aa";
export const START = Date.parse("2026-11-23T14:00:00.000Z");

export const nodeId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

export function node(n: number, type: NodeType, name: string, more: Partial<FlowNode> = {}): FlowNode {
  return { id: nodeId(n), type, name, handlers: {}, position: { x: n * 232, y: 0 }, ...more };
}

export function edge(from: number, to: number, port = "out", at = "input"): FlowEdge {
  return { id: `${from}.${port}>${to}.${at}`, source: { nodeId: nodeId(from), port }, target: { nodeId: nodeId(to), port: at } };
}

export class Recording {
  readonly events: ExecutionEvent[] = [];
  private readonly counts = new Map<string, number>();

  private add(at: number, type: string, payload: unknown): string {
    const id = `01934e0e-0000-7000-8000-${String(this.events.length + 1).padStart(12, "0")}`;
    const timestamp = new Date(START + at).toISOString().replace("Z", "000Z");
    this.events.push({ id, executionId: RUN_ID, type, timestamp, payload } as ExecutionEvent);
    return id;
  }

  started(at = 0): this {
    this.add(at, "execution.started", { status: "running" });
    return this;
  }

  completed(at: number): this {
    this.add(at, "execution.completed", { status: "succeeded" });
    return this;
  }

  failed(at: number, message: string): this {
    this.add(at, "execution.failed", { status: "failed", message });
    return this;
  }

  begin(at: number, n: number): this {
    this.add(at, "chunk.started", { nodeId: nodeId(n), status: "running" });
    return this;
  }

  end(at: number, n: number, result?: Json): this {
    this.add(at, "chunk.completed", { nodeId: nodeId(n), status: "succeeded", ...(result === undefined ? {} : { result }) });
    return this;
  }

  fail(at: number, n: number, type: string, message = type, stack = "Traceback"): this {
    this.add(at, "chunk.failed", { nodeId: nodeId(n), status: "failed", error: { type, message, stack } });
    return this;
  }

  /** The event before this one happened in this scope: what the server sends behind it. */
  inScope(at: number, n: number, scope: string): this {
    return this.custom(at, "detail", n, 1, { scope, eventId: this.events.at(-1)?.id ?? "" });
  }

  /** One node runs in a scope. */
  ran(at: number, n: number, scope: string, took: number, result?: Json): this {
    return this.begin(at, n).inScope(at, n, scope).end(at + took, n, result).inScope(at + took, n, scope);
  }

  print(at: number, n: number, stream: "stdout" | "stderr", text: string, scope = ""): this {
    this.add(at, "runtime.output", { stream, data: { nodeId: nodeId(n), activationId: nodeId(1000 + n), scope, attempt: 1, text }, sequence: 0 });
    return this;
  }

  metric(at: number, n: number, name: string, value: number, unit?: string, scope = ""): this {
    this.add(at, "metric", { name, value, ...(unit === undefined ? {} : { unit }) });
    return this.inScope(at, n, scope);
  }

  log(at: number, level: string, message: string, n?: number): this {
    this.add(at, "log", { level, message, ...(n === undefined ? {} : { nodeId: nodeId(n) }) });
    return this;
  }

  custom(at: number, kind: string, n: number, attempt = 1, more: JsonObject = {}): this {
    const key = `${n}`;
    const sequence = this.counts.get(key) ?? 0;
    this.counts.set(key, sequence + 1);
    const data = { kind, nodeId: nodeId(n), activationId: nodeId(1000 + n), scope: "", attempt, ...more };
    this.add(at, "runtime.output", { stream: "custom", data, sequence });
    return this;
  }

  /** What the server sends when an attempt failed and another follows. */
  retry(at: number, n: number, next: number, error: string, waitMs: number): this {
    this.log(at, "warning", `attempt ${next - 1} failed: ${error}`, n);
    const explains = this.events.at(-1)?.id ?? "";
    return this.custom(at, "retry", n, next, { eventId: explains, dueAt: new Date(START + at + waitMs).toISOString(), error });
  }
}
