import { describe, expect, it } from "vitest";
import type { Wait } from "@/shared/protocol";
import { answerValue, answerWords, dueWords, factsOf, formOf, labelOf, startOf } from "./model";

const schema = { type: "object", properties: { amount: { type: "number", maximum: 500 }, note: { type: "string", default: "ok" }, order: { type: "integer" } }, required: ["amount"] };

describe("a wait in words", () => {
  it("shows plain members as rows, long text as a quote, and counts the rest", () => {
    const { facts, more } = factsOf({ order_id: "A-20931", paid: true, letter: "x".repeat(60), items: [1, 2], refundAmount: 249 });
    expect(facts.map(({ label, text, long }) => [label, long ? "long" : text])).toEqual([["Order id", "A-20931"], ["Paid", "Yes"], ["Refund amount", "249"], ["Letter", "long"]]);
    expect(more).toBe(1);
    expect(factsOf("plain").facts).toEqual([{ label: "Input", text: "plain", long: false }]);
    expect(factsOf([1]).more).toBe(1);
    expect(labelOf("totalNet_EUR")).toBe("Total net eur");
  });

  it("begins its form with defaults, and with what came in where it fits", () => {
    expect(startOf(schema, { amount: 249, order: "A-1" })).toEqual({ amount: 249, note: "ok" });
    expect(startOf(schema, { amount: 900 })).toEqual({ note: "ok" });
    expect(formOf({ schema: true })).toBeNull();
    expect(formOf({ schema: { type: "object", properties: {} } })).toBeNull();
  });

  it("answers as the contract says", () => {
    expect(answerValue("approval", "rejected", undefined)).toEqual({ decision: "rejected" });
    expect(answerValue("approval", "approved", { amount: 1 })).toEqual({ decision: "approved", data: { amount: 1 } });
    expect(answerValue("event", "approved", undefined)).toBeNull();
  });

  it("tells who answered, and how long there is", () => {
    expect(answerWords({ decision: "approved", by: "Mei Lin", at: "" })).toBe("Approved by Mei Lin");
    expect(answerWords({ by: "clock", at: "" })).toBe("Nobody answered in time");
    const wait: Pick<Wait, "kind" | "dueAt"> = { kind: "approval", dueAt: "2026-11-26T12:00:00Z" };
    expect(dueWords(wait, Date.parse("2026-11-26T11:59:00Z"))).toContain("Runs out in 1 min 0 s");
    expect(dueWords(wait, Date.parse("2026-11-26T12:00:01Z"))).toBe("Its time is up");
    expect(dueWords({ ...wait, dueAt: null }, 0)).toBeNull();
  });
});
