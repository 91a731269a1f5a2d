/** The shapes of docs/contract.md, as TypeScript sees them. Types only. */
import type { Json } from "./exactJson";

export type { Json } from "./exactJson";
export type JsonObject = Record<string, Json>;

export type NodeType = "trigger" | "action" | "condition" | "subflow" | "output";

export interface Retries {
  maxAttempts?: number;
  backoffSeconds?: number;
}

export interface Handler {
  entrypoint: string;
  config?: JsonObject;
  timeoutSeconds?: number;
  retries?: Retries;
}

export interface InputPort {
  key: string;
  label: string;
  type: string;
  default?: Json;
}

export interface OutputPort {
  key: string;
  label: string;
  type?: string;
}

/** TriggerFlowNodeMetadata of the mission's schema. */
export interface FlowNode {
  id: string;
  type: NodeType;
  name: string;
  description?: string;
  handlers: Record<string, Handler>;
  position: { x: number; y: number };
  ports?: { inputs?: InputPort[]; outputs?: OutputPort[] };
  annotations?: JsonObject;
  version?: number;
}

export interface PortReference {
  nodeId: string;
  port: string;
}

/** What a wire that leads back says: how often at most, and by a CEL condition whether again. */
export interface LoopSettings {
  maxIterations: number;
  while?: string;
}

export interface FlowEdge {
  id: string;
  source: PortReference;
  target: PortReference;
  loop?: LoopSettings;
}

export type ProblemReason =
  | "UNKNOWN_HANDLER"
  | "CONFIG_INVALID"
  | "CYCLE"
  | "DUPLICATE_OUTPUT"
  | "UNKNOWN_JOIN"
  | "UNKNOWN_PORT"
  | "NOT_YET"
  | "UNREACHABLE"
  | "NO_TRIGGER"
  | "NO_OUTPUT"
  | "TYPE_MISMATCH";

/** What is unfinished in a flow. `error` refuses publishing. */
export interface Problem {
  severity: "error" | "warning";
  pointer: string;
  nodeId?: string;
  reason: ProblemReason | (string & {});
  message: string;
}

export interface FlowSettings {
  timeoutSeconds?: number;
  labels?: string[];
  /** Runs of the flow at once. */
  concurrency?: number;
  /** Whom a failed run is told to. */
  onFailure?: { flowId?: string; url?: string };
}

/** Every token of a publisher goes to every subscriber, as if wires joined them. */
export interface FlowChannel {
  id: string;
  name: string;
  publishers: PortReference[];
  subscribers: PortReference[];
  /** Values also go to the project's channel of this name, where other flows listen. */
  shared?: boolean;
}

/** What POST and PUT of a flow take. */
export interface FlowDocument {
  name: string;
  description?: string;
  nodes?: FlowNode[];
  edges?: FlowEdge[];
  channels?: FlowChannel[];
  settings?: FlowSettings;
}

/** What a list of flows holds: everything but nodes, edges and channels. */
export interface FlowSummary {
  id: string;
  projectId: string;
  name: string;
  description: string;
  settings: FlowSettings;
  latestVersion: string | null;
  problems: Problem[];
  createdAt: string;
  updatedAt: string;
}

export interface Flow extends FlowSummary {
  nodes: FlowNode[];
  edges: FlowEdge[];
  channels: FlowChannel[];
}

export interface VersionSummary {
  version: string;
  contentHash: string;
  createdAt: string;
  message: string;
}

/** The frozen blueprint of one version. */
export interface Blueprint {
  name: string;
  description: string;
  nodes: FlowNode[];
  edges: FlowEdge[];
  channels: FlowChannel[];
  settings: FlowSettings;
}

export interface Version extends VersionSummary {
  flow: Blueprint;
}

export type ExecutionStatus = "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";

export interface ExecutionError {
  type: string;
  message: string;
  nodeId?: string;
  stack?: string;
}

export interface ExecutionContext {
  userId?: string;
  labels?: string[];
  priority?: "low" | "normal" | "high";
}

export interface ExecutionOptions {
  async?: boolean;
  timeoutSeconds?: number;
  trace?: boolean;
}

export interface Execution {
  id: string;
  projectId: string;
  flowId: string;
  blueprintVersion: string;
  contentHash: string;
  status: ExecutionStatus;
  inputs: JsonObject;
  outputs: JsonObject;
  error: ExecutionError | null;
  context: ExecutionContext;
  executionOptions: ExecutionOptions;
  rerunOf?: string;
  metrics?: Metrics;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
}

/** Measures that handlers told, added up by name; `tokens` and `cost` are known ones. */
export type Metrics = Record<string, { total: number; count: number; unit: string | null }>;

/** Context that was added to a run while it went on. */
export interface Intervention {
  id: string;
  executionId?: string;
  value: Json;
  by: string;
  at: string;
}

/** TriggerFlowExecutionRequest of the mission's schema. */
export interface ExecutionRequest {
  flowId: string;
  blueprintVersion?: string;
  inputs: JsonObject;
  context?: ExecutionContext;
  executionOptions?: ExecutionOptions;
}

export type ActivationStatus = "running" | "waiting" | "succeeded" | "failed" | "skipped" | "cancelled";

export interface Activation {
  id: string;
  nodeId: string;
  scope: string;
  attempt: number;
  status: ActivationStatus;
  inputs?: JsonObject;
  ports: JsonObject;
  error: { type: string; message: string; stack?: string } | null;
  metrics?: Metrics;
  startedAt: string | null;
  endedAt: string | null;
}

/** Stands where a value was larger than 64 KiB; the value itself is at /values/{ref}. */
export interface ValueReference {
  $value: string;
  bytes: number;
  preview: string;
}

export function isValueReference(value: unknown): value is ValueReference {
  return typeof value === "object" && value !== null && typeof (value as { $value?: unknown }).$value === "string";
}

export type LogLevel = "debug" | "info" | "warning" | "error";

export interface ChunkError {
  type?: string;
  message?: string;
  stack?: string;
}

/** What `runtime.output` of stream `custom` tells about a node. */
export interface NodeDetail {
  kind: "detail" | "retry" | "skip" | "token" | "wait" | (string & {});
  nodeId?: string;
  activationId?: string;
  scope?: string;
  attempt?: number;
  eventId?: string;
  recovered?: boolean;
  [member: string]: Json | undefined;
}

interface EventOf<T extends string, P> {
  id: string;
  executionId: string;
  type: T;
  timestamp: string;
  payload?: P;
}

export type ExecutionStateEvent = EventOf<
  "execution.started" | "execution.completed" | "execution.failed",
  { status?: "running" | "succeeded" | "failed"; message?: string }
>;
export type ChunkEvent = EventOf<
  "chunk.started" | "chunk.completed" | "chunk.failed",
  { nodeId: string; status: "running" | "succeeded" | "failed"; result?: Json; error?: ChunkError }
>;
export type OutputEvent = EventOf<
  "runtime.output",
  { stream: "stdout" | "stderr" | "custom"; data?: Json; sequence?: number }
>;
export type LogEvent = EventOf<"log", { level: LogLevel; message: string; nodeId?: string }>;
export type MetricEvent = EventOf<"metric", { name: string; value: number; unit?: string }>;

/** TriggerFlowExecutionEvent of the mission's schema. Its id is the cursor. */
export type ExecutionEvent = ExecutionStateEvent | ChunkEvent | OutputEvent | LogEvent | MetricEvent;
export type ExecutionEventType = ExecutionEvent["type"];

export type ProjectEventType =
  | "flow.updated"
  | "flow.published"
  | "flow.released"
  | "execution.started"
  | "execution.completed"
  | "execution.failed";

export interface ProjectEvent {
  id: string;
  type: ProjectEventType;
  timestamp: string;
  flowId: string;
  executionId?: string;
}

export interface HandlerEntry {
  reference: string;
  adapter: string;
  /** Complete but for id and position. */
  node: Omit<FlowNode, "id" | "position">;
  configSchema: JsonObject;
  ui: JsonObject;
  pure: boolean;
  health: Json;
}

export interface Page<T> {
  items: T[];
  nextPageToken: string | null;
}

export interface EventPage {
  items: ExecutionEvent[];
  next: string;
}

export const DONE_STATUSES: readonly ExecutionStatus[] = ["succeeded", "failed", "cancelled"];

export function hasEnded(status: ExecutionStatus): boolean {
  return DONE_STATUSES.includes(status);
}

// Waits --------------------------------------------------------------------------------------------------------------

export type WaitKind = "approval" | "timer" | "event";
export type WaitStatus = "open" | "answered" | "expired" | "cancelled";

export interface WaitAnswer {
  decision?: "approved" | "rejected" | "cancelled";
  data?: Json;
  by: string;
  at: string;
}

/** An activation that waits; its id is the activation's. */
export interface Wait {
  id: string;
  executionId: string;
  flowId: string;
  flowName: string;
  nodeId: string;
  nodeName: string;
  scope: string;
  kind: WaitKind;
  status: WaitStatus;
  schema: JsonObject | boolean | null;
  assignees: string[];
  input: Json;
  name?: string;
  key?: string;
  createdAt: string;
  dueAt: string | null;
  answer: WaitAnswer | null;
}

// Re-run -------------------------------------------------------------------------------------------------------------

export interface RetryRequest {
  /** `failure`, `start`, or a node's id. */
  from: string;
  blueprintVersion?: string;
  /** Replaces the inputs of that node; with `start` the run's. */
  inputs?: JsonObject;
}

export interface RerunStep {
  nodeId: string;
  name: string;
  effect: boolean;
  /** Null where it did not run then. */
  lastSeconds: number | null;
  lastTokens: number | null;
  lastCost: number | null;
}

export interface RerunPlan {
  executionId: string;
  from: string;
  blueprintVersion: string;
  reused: { nodeId: string; scope: string; activationId: string }[];
  repeats: RerunStep[];
  changed: string[];
  warnings: string[];
  estimate: { seconds: number | null; tokens: number | null; cost: number | null };
}

export interface RetriedExecution {
  executionId: string;
  retriedAs: string | null;
  problem: { title: string; detail: string; reason: string; status: number } | null;
}

/** One node of a draft, run by itself. */
export interface NodeTrial {
  status: "succeeded" | "failed";
  ports: JsonObject;
  error: { type: string; message: string; stack?: string } | null;
  logs: { level: string; message: string }[];
  seconds: number;
}

// Triggers -----------------------------------------------------------------------------------------------------------

/** A webhook, form or chat of a flow, with its address. */
export interface Hook {
  nodeId: string;
  name: string;
  kind: "core:webhook" | "core:form" | "core:chat";
  /** Empty while the draft has none. */
  path: string;
  url: string | null;
  /** Null where the environment holds it, and for forms and chats. */
  secret: string | null;
  testUrl: string | null;
  /** Whether the active version answers at the path. */
  active: boolean;
}

/** A listening for one call of a draft's webhook. */
export interface HookListen {
  testUrl: string;
  until: string;
  call: Json;
  calledAt: string | null;
}

export interface Schedule {
  flowId: string;
  flowName: string;
  nodeId: string;
  nodeName: string;
  cron: string;
  sentence: string;
  timeZone: string;
  missed: "skip" | "once" | "all";
  paused: boolean;
  /** Null while it is paused, or where it is never due again. */
  nextAt: string | null;
  lastAt: string | null;
  lastExecutionId: string | null;
}

export interface SchedulePreview {
  sentence: string;
  next: string[];
}

export type FiringKind = "upcoming" | "past" | "missed";

export interface Firing {
  dueAt: string;
  /** Of an entry that stands for several times: the first of them. */
  since: string | null;
  status: "upcoming" | "held" | "ready" | "started" | "dropped" | "missed";
  reason: string | null;
  executionId: string | null;
}
