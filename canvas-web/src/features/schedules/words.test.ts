import { describe, expect, it } from "vitest";
import type { Schedule } from "@/shared/protocol";
import { ahead, dueTime } from "@/shared/time";
import { firingWords } from "@/shared/firings";
import { byNext } from "./words";

const schedule = (flowName: string, nextAt: string | null): Schedule => ({ flowId: flowName, flowName, nodeId: "n", nodeName: "Nightly", cron: "0 2 * * *", sentence: "", timeZone: "UTC", missed: "once", paused: nextAt === null, nextAt, lastAt: null, lastExecutionId: null });

describe("schedules", () => {
  it("are listed by when they are due, paused ones last", () => {
    const list = [schedule("b", null), schedule("c", "2026-11-27T02:00:00Z"), schedule("a", "2026-11-26T02:00:00Z")];
    expect(byNext(list).map((one) => one.flowName)).toEqual(["a", "c", "b"]);
  });

  it("tell a time as the clock on the wall shows it there", () => {
    expect(dueTime("2026-11-27T08:00:00Z", "Europe/Berlin")).toContain("09:00");
    expect(dueTime("2026-11-27T08:00:00Z", "Nowhere/Such")).toMatch(/08:00 UTC$/);
    expect(ahead(1000 * 3600 * 50, 0)).toBe("in 2 days");
    expect(ahead(0, 1)).toBe("now");
  });

  it("say what became of a due time", () => {
    expect(firingWords({ status: "missed" })).toEqual({ word: "Missed", status: "failed" });
  });
});
