import { describe, expect, it } from "vitest";
import { limitsInWords, withoutEmpty } from "./limitWords";

describe("limits in words", () => {
  it("say what becomes of the surplus", () => {
    expect(limitsInWords({ debounceSeconds: 30, throttle: { count: 10, seconds: 60 }, concurrency: { count: 2, surplus: "cancelOldest" }, key: "inputs.customer" })).toEqual(["after 30 quiet s", "10 in 60 s, the rest waits", "2 at once, the oldest is cancelled", "by key"]);
    expect(limitsInWords({ singleton: "drop", rateLimit: { count: 1, seconds: 5 } })).toEqual(["1 in 5 s, the rest is dropped", "one at a time, the rest is dropped"]);
    expect(limitsInWords({})).toEqual([]);
  });

  it("leave out what a form left empty", () => {
    expect(withoutEmpty({ throttle: {}, concurrency: { count: 1 }, key: "" })).toEqual({ concurrency: { count: 1 } });
  });
});
