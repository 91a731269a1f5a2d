/**
 * Read and write JSON without rounding. Pure.
 *
 * `JSON.parse` turns 9007199254740993 into 9007199254740992. The server keeps integers of 64 bits, so what does not
 * fit a double is read as a `bigint` here and written back as the same digits.
 */

export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/** Any number long enough to be unsafe, wherever it stands; strings give false alarms, which only cost time. */
const MAYBE_UNSAFE = /\d{16}/;

type SourceReviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

const keepInteger: SourceReviver = (_key, value, context) =>
  typeof value === "number" && !Number.isSafeInteger(value) && context?.source !== undefined && /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : value;

/** Whether this engine tells a reviver the source text of a number (browsers since 2023; Node from 21). */
const tellsSource: boolean = (() => {
  let seen: string | undefined;
  const probe: SourceReviver = (_key, value, context) => {
    seen = context?.source;
    return value;
  };
  JSON.parse("1", probe);
  return seen === "1";
})();

/** Parse, keeping every integer exact. Throws SyntaxError as `JSON.parse` does. */
export function parseExact(text: string): Json {
  if (!MAYBE_UNSAFE.test(text)) return JSON.parse(text) as Json;
  if (tellsSource) {
    return JSON.parse(text, keepInteger) as Json;
  }
  return revive(JSON.parse(shieldIntegers(text)) as Json);
}

// Without source access: mark the long integers as strings with a prefix that no JSON text of the server can hold
// (U+0000 is refused there), parse, and take the marks off again.
const MARK = "\u0000int:";
const LONG_INTEGER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function shieldIntegers(text: string): string {
  return text.replace(LONG_INTEGER, (token) => (/^-?\d{16,}$/.test(token) ? `"\\u0000int:${token}"` : token));
}

function revive(value: Json): Json {
  if (typeof value === "string" && value.startsWith(MARK)) {
    const digits = value.slice(MARK.length);
    const asNumber = Number(digits);
    return Number.isSafeInteger(asNumber) ? asNumber : BigInt(digits);
  }
  if (Array.isArray(value)) return value.map(revive);
  if (value !== null && typeof value === "object") {
    for (const key of Object.keys(value)) {
      const member = value[key];
      if (member !== undefined) value[key] = revive(member);
    }
  }
  return value;
}

/** Write as JSON text; a bigint becomes its digits. `indent` as in `JSON.stringify`. */
export function stringifyExact(value: unknown, indent = 0): string {
  const mark = (_key: string, member: unknown): unknown => (typeof member === "bigint" ? `${MARK}${String(member)}` : member);
  const marked = JSON.stringify(value, mark, indent) as string | undefined;
  // JSON.stringify(undefined) is undefined, which is no JSON text.
  return (marked ?? "null").replace(/"\\u0000int:(-?\d+)"/g, "$1");
}
