import { describe, expect, it } from "vitest";
import type { Execution } from "@/shared/protocol";
import { BARS, barsOf, byFlow, needsAttention } from "./recent";

const at = (ms: number): string => new Date(Date.UTC(2026, 10, 23) + ms).toISOString();
const run = (id: string, flowId: string, status: Execution["status"], ms: number | null): Execution =>
  ({ id, flowId, status, error: null, createdAt: at(0), startedAt: at(0), endedAt: ms === null ? null : at(ms) }) as Execution;

describe("the newest runs", () => {
  it("are grouped by flow, newest first, as many as are drawn", () => {
    const groups = byFlow(Array.from({ length: 30 }, (_, index) => run(`r${index}`, index % 2 ? "a" : "b", "succeeded", 1)).concat(Array.from({ length: 30 }, (_, index) => run(`s${index}`, "a", "failed", 1))));
    expect(groups.get("a")).toHaveLength(BARS);
    expect(groups.get("a")?.[0]?.id).toBe("r1");
    expect(groups.get("b")).toHaveLength(15);
  });

  it("are bars of their time, oldest first, none too low to see", () => {
    const bars = barsOf([run("new", "a", "failed", 1000), run("old", "a", "succeeded", 1)], 0);
    expect(bars.map(({ id, status }) => [id, status])).toEqual([["old", "done"], ["new", "failed"]]);
    expect(bars[1]?.height).toBe(1);
    expect(bars[0]?.height).toBeGreaterThan(0.1);
  });

  it("ask for attention where the last one failed or the draft has errors", () => {
    expect(needsAttention({ problems: [] }, run("r", "a", "failed", 1))).toBe(true);
    expect(needsAttention({ problems: [{ severity: "error" }] }, undefined)).toBe(true);
    expect(needsAttention({ problems: [{ severity: "warning" }] }, run("r", "a", "succeeded", 1))).toBe(false);
    expect(needsAttention({ problems: [] }, run("r", "a", "cancelled", 1))).toBe(false);
  });
});
