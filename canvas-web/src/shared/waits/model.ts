/** What a wait says about itself, in words and rows; what its form begins with; how its answer reads. Pure. */
import { violationsOf } from "@/shared/forms";
import type { Json, JsonObject, Wait, WaitAnswer } from "@/shared/protocol";
import { isValueReference } from "@/shared/protocol";
import { duration } from "@/shared/ui/statusWords";

export interface Fact {
  label: string;
  text: string;
  /** Longer text stands as a quote, not beside its label. */
  long: boolean;
}

const LONG = 44;
const MOST = 6;

/** "order_id", "orderId": as a person writes it. */
export function labelOf(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[_-]+/g, " ").trim().toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What came in, as rows: the first plain members of an object, or the value itself. The rest is under "all". */
export function factsOf(input: Json): { facts: Fact[]; more: number } {
  if (input === null) return { facts: [], more: 0 };
  if (typeof input !== "object") return { facts: [{ label: "Input", text: String(input), long: String(input).length > LONG }], more: 0 };
  if (Array.isArray(input) || isValueReference(input)) return { facts: [], more: 1 };
  const entries = Object.entries(input);
  const plain = entries.flatMap(([key, value]): Fact[] => {
    if (value !== null && typeof value === "object") return [];
    const text = value === null ? "none" : typeof value === "boolean" ? (value ? "Yes" : "No") : String(value);
    return [{ label: labelOf(key), text, long: text.length > LONG }];
  });
  const facts = plain.slice(0, MOST);
  return { facts: [...facts.filter((fact) => !fact.long), ...facts.filter((fact) => fact.long)], more: entries.length - facts.length };
}

/** The object schema a form can be drawn from; null where nothing more is asked. */
export function formOf(wait: Pick<Wait, "schema">): JsonObject | null {
  const { schema } = wait;
  if (schema === null || typeof schema === "boolean") return null;
  const properties = schema["properties"];
  return typeof properties === "object" && properties !== null && Object.keys(properties).length === 0 ? null : schema;
}

/** What the form begins with: a field's default, else what came in under the same name, where it fits. */
export function startOf(schema: JsonObject, input: Json): JsonObject {
  const properties = schema["properties"];
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) return {};
  const came = typeof input === "object" && input !== null && !Array.isArray(input) && !isValueReference(input) ? input : {};
  return Object.fromEntries(Object.entries(properties).flatMap(([key, property]): [string, Json][] => {
    if (typeof property !== "object" || property === null || Array.isArray(property)) return [];
    const value = property["default"] ?? came[key];
    return value === undefined || violationsOf(property, value).length > 0 ? [] : [[key, value]];
  }));
}

export function answerValue(kind: Wait["kind"], decision: "approved" | "rejected", data: Json | undefined): Json {
  if (kind !== "approval") return data ?? null;
  return data === undefined ? { decision } : { decision, data };
}

const WORDS = { approved: "Approved", rejected: "Rejected", cancelled: "Cancelled" } as const;

/** "Approved by Mei Lin". */
export function answerWords(answer: WaitAnswer): string {
  const what = answer.decision === undefined ? "Answered" : WORDS[answer.decision];
  if (answer.decision === "cancelled") return "Cancelled: the run went on or ended without it";
  return answer.by === "clock" ? "Nobody answered in time" : `${what} by ${answer.by}`;
}

/** "Runs out in 23 h 59 min", and what happens then. */
export function dueWords(wait: Pick<Wait, "kind" | "dueAt">, now: number): string | null {
  if (wait.dueAt === null) return null;
  const left = Date.parse(wait.dueAt) - now;
  if (wait.kind === "timer") return left <= 0 ? "Due now" : `Goes on in ${duration(left)}`;
  return left <= 0 ? "Its time is up" : `Runs out in ${duration(left)}, then the run goes on without an answer.`;
}

export const KIND_WORDS = { approval: "Waits for a decision", timer: "Waits for its time", event: "Waits for an event" } as const;
