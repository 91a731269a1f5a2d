/**
 * Check messages against the mission's three schemas. Pure.
 *
 * The validator interprets: the page's content security policy forbids the `eval` that compiled validators need. An
 * event is checked against the one payload variant its type calls for, which is both stricter and five times quicker
 * than the schema's own `oneOf`.
 */
import { type Schema, Validator } from "@cfworker/json-schema";
import eventSchema from "../../../../services/chassis/src/triggerflow_chassis/schemas/execution-event.json";
import requestSchema from "../../../../services/chassis/src/triggerflow_chassis/schemas/execution-request.json";
import nodeSchema from "../../../../services/chassis/src/triggerflow_chassis/schemas/node-metadata.json";
import { type FieldError, MalformedMessageError } from "./problem";
import type { ExecutionEvent, ExecutionEventType, ExecutionRequest, FlowNode } from "./types";

const PAYLOAD_OF: Record<ExecutionEventType, string> = {
  "execution.started": "ExecutionState",
  "execution.completed": "ExecutionState",
  "execution.failed": "ExecutionState",
  "chunk.started": "ChunkEvent",
  "chunk.completed": "ChunkEvent",
  "chunk.failed": "ChunkEvent",
  "runtime.output": "RuntimeOutput",
  log: "LogEvent",
  metric: "MetricEvent",
};

function validatorOf(schema: unknown): Validator {
  return new Validator(schema as Schema, "2020-12", false);
}

export { nodeSchema };

const nodeValidator = validatorOf(nodeSchema);
const requestValidator = validatorOf(requestSchema);
const anyEventValidator = validatorOf(eventSchema);
const eventValidators = new Map<string, Validator>(
  Object.entries(PAYLOAD_OF).map(([type, title]) => {
    const variant = eventSchema.properties.payload.oneOf.find((candidate) => candidate.title === title);
    const narrowed = { ...eventSchema, $id: `${eventSchema.$id}#${type}`, properties: { ...eventSchema.properties, payload: variant } };
    return [type, validatorOf(narrowed)];
  }),
);

// These only say that something below is wrong, which is listed on its own.
const WRAPPERS = new Set(["properties", "additionalProperties", "items", "oneOf", "$ref"]);

function violations(validator: Validator, value: unknown): FieldError[] {
  const result = validator.validate(plain(value));
  if (result.valid) return [];
  const own = result.errors.filter((error) => !WRAPPERS.has(error.keyword));
  return (own.length > 0 ? own : result.errors).map((error) => ({
    pointer: error.instanceLocation.replace(/^#/, ""),
    message: error.keyword === "false" ? "is not known here" : error.error,
  }));
}

/** The validator knows neither bigint nor undefined; a long integer is an integer, and what is undefined is not sent. */
function plain(value: unknown): unknown {
  if (!needsPlain(value)) return value;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  if (value === undefined) return null;
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([key, member]) => (member === undefined ? [] : [[key, plain(member)]])),
  );
}

function needsPlain(value: unknown): boolean {
  if (typeof value === "bigint" || value === undefined) return true;
  if (Array.isArray(value)) return value.some(needsPlain);
  return value !== null && typeof value === "object" && Object.values(value).some(needsPlain);
}

export function nodeViolations(value: unknown): FieldError[] {
  return violations(nodeValidator, value);
}

export function requestViolations(value: unknown): FieldError[] {
  return violations(requestValidator, value);
}

export function eventViolations(value: unknown): FieldError[] {
  const type = (value as { type?: unknown } | null)?.type;
  const validator = typeof type === "string" ? eventValidators.get(type) : undefined;
  return violations(validator ?? anyEventValidator, value);
}

export function assertNode(value: unknown): asserts value is FlowNode {
  const errors = nodeViolations(value);
  if (errors.length > 0) throw new MalformedMessageError("A node", errors);
}

export function assertRequest(value: unknown): asserts value is ExecutionRequest {
  const errors = requestViolations(value);
  if (errors.length > 0) throw new MalformedMessageError("The run request", errors);
}

export function assertEvent(value: unknown): asserts value is ExecutionEvent {
  const errors = eventViolations(value);
  if (errors.length > 0) throw new MalformedMessageError("An event", errors);
}
