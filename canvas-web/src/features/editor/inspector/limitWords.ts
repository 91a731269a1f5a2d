/** A trigger's limits in a few words, and without the parts a form leaves empty. Pure. */
import type { Json, JsonObject } from "@/shared/protocol";

const SURPLUS: Record<string, string> = { queue: "the rest waits", drop: "the rest is dropped", cancelOldest: "the oldest is cancelled" };

export function limitsInWords(limits: JsonObject): string[] {
  const words: string[] = [];
  const { debounceSeconds, singleton } = limits;
  if (typeof debounceSeconds === "number") words.push(`after ${debounceSeconds} quiet s`);
  const throttle = pair(limits["throttle"]);
  if (throttle) words.push(`${throttle}, the rest waits`);
  const rate = pair(limits["rateLimit"]);
  if (rate) words.push(`${rate}, the rest is dropped`);
  if (typeof singleton === "string") words.push(`one at a time, ${SURPLUS[singleton] ?? singleton}`);
  const concurrency = object(limits["concurrency"]);
  if (typeof concurrency?.["count"] === "number") words.push(`${concurrency["count"]} at once, ${SURPLUS[typeof concurrency["surplus"] === "string" ? concurrency["surplus"] : "queue"] ?? ""}`);
  if (typeof limits["key"] === "string" && limits["key"] !== "") words.push("by key");
  return words;
}

/** Members that hold nothing are no limit. */
export function withoutEmpty(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).flatMap(([key, member]): [string, Json][] => {
    const inner = object(member);
    if (inner === null) return member === "" ? [] : [[key, member]];
    const kept = withoutEmpty(inner);
    return Object.keys(kept).length === 0 ? [] : [[key, kept]];
  }));
}

function pair(value: Json | undefined): string | null {
  const { count, seconds } = object(value) ?? {};
  return typeof count === "number" && typeof seconds === "number" ? `${count} in ${seconds} s` : null;
}

const object = (value: Json | undefined): JsonObject | null => (typeof value === "object" && value !== null && !Array.isArray(value) ? value : null);
