import { describe, expect, test } from "vitest";
import { configViolations, violationsOf } from "./validate";

const schema = {
  type: "object",
  required: ["url"],
  additionalProperties: false,
  properties: {
    method: { enum: ["GET", "POST"] },
    url: { type: "string", minLength: 1 },
    retries: { type: "integer", minimum: 0 },
    headers: { type: "object", additionalProperties: { type: "string" } },
    cases: { type: "array", minItems: 1, items: { type: "object", required: ["port"], properties: { port: { type: "string", pattern: "^[a-z]+$" } } } },
  },
};
const found = (value: unknown) => violationsOf(schema, value).map(({ pointer, message }) => `${pointer} ${message}`);

describe("violations", () => {
  test.each([
    [{}, ["/url Fill this in."]],
    [{ url: "" }, ["/url Fill this in."]],
    [{ url: 1 }, ["/url Must be text."]],
    [{ url: "x", method: "PUT" }, ['/method Choose "GET" or "POST".']],
    [{ url: "x", retries: -1 }, ["/retries 0 or more."]],
    [{ url: "x", headers: { "a/b": 1 } }, ["/headers/a~1b Must be text."]],
    [{ url: "x", cases: [] }, ["/cases Add at least one."]],
    [{ url: "x", cases: [{}] }, ["/cases/0/port Fill this in."]],
    [{ url: "x", cases: [{ port: "A" }] }, ["/cases/0/port Must match ^[a-z]+$"]],
    [{ url: "x", other: 1 }, ["/other “other” is not known here."]],
    [{ url: "x", retries: 9007199254740993n }, []],
  ])("each is told at its member: case %#", (value, expected) => {
    expect(found(value)).toEqual(expected);
  });

  test("nothing is said about what an expression or the environment will give", () => {
    expect(configViolations(schema, { url: { $expr: "a.b" }, headers: { Authorization: { $env: "KEY" } }, retries: { $expr: "n" } })).toEqual([]);
    expect(configViolations(schema, { url: { $expr: "a.b" }, retries: -1 }).map((violation) => violation.pointer)).toEqual(["/retries"]);
  });

  test("a schema that is none checks nothing", () => {
    expect(violationsOf({ type: "object", properties: { a: { $ref: "#/nowhere" } } }, { a: 1 })).toEqual([]);
  });
});
