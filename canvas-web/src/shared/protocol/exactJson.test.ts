import { describe, expect, it } from "vitest";
import { parseExact, stringifyExact } from "./exactJson";

describe("exact JSON", () => {
  it("keeps an integer of 64 bits to the last digit, there and back", () => {
    const text = '{"a":9007199254740993,"b":[-9223372036854775808],"c":9223372036854775807}';
    const value = parseExact(text);
    expect(value).toEqual({ a: 9007199254740993n, b: [-9223372036854775808n], c: 9223372036854775807n });
    expect(stringifyExact(value)).toBe(text);
  });

  it("leaves safe integers, doubles and digits inside text alone", () => {
    const text = '{"n":9007199254740991,"d":1.2345678901234567,"e":1e21,"t":"1234567890123456789 \\"9007199254740993\\" "}';
    expect(parseExact(text)).toEqual(JSON.parse(text));
    expect(typeof (parseExact(text) as { n: unknown }).n).toBe("number");
  });

  it("refuses what is no JSON, long digits or not", () => {
    expect(() => parseExact('{"a":}')).toThrow(SyntaxError);
    expect(() => parseExact('{"a":12345678901234567890,}')).toThrow(SyntaxError);
  });

  it("indents, with exact integers inside", () => {
    expect(stringifyExact({ a: 9007199254740993n }, 2)).toBe('{\n  "a": 9007199254740993\n}');
  });
});
