import { describe, expect, it } from "vitest";
import { EMPTY, fold } from "./runState";
import { node, nodeId, Recording, START } from "./runRecording";
import { axisOf, tickLabel, timelineRows } from "./timeline";

describe("the timeline", () => {
  const nodes = [node(1, "trigger", "Start"), node(2, "action", "Call"), node(3, "action", "Other")];
  const run = new Recording().started().begin(0, 1).end(1, 1, 1).custom(1, "skip", 3).begin(2, 2).retry(2002, 2, 2, "TimedOut", 1000);

  it("draws tries and the back-off between them, and what skipped last", () => {
    const rows = timelineRows(fold(EMPTY, run.events), nodes, START + 4000);
    expect(rows.map((row) => row.name)).toEqual(["Start", "Call", "Other"]);
    expect(rows[1]).toMatchObject({ nodeId: nodeId(2), status: "running", took: 3998 });
    expect(rows[1]?.bars.map(({ kind, from, to }) => [kind, from, to])).toEqual([["failed", 2, 2002], ["backoff", 2002, 3002], ["running", 3002, 4000]]);
    expect(rows[2]).toMatchObject({ status: "skipped", took: null, bars: [] });
  });

  it("draws back-off only as far as it has come", () => {
    const row = timelineRows(fold(EMPTY, run.events), nodes, START + 2500)[1];
    expect(row?.status).toBe("retrying");
    expect(row?.bars.at(-1)).toMatchObject({ kind: "backoff", from: 2002, to: 2500 });
    expect(row?.note).toBe("try 2 in 502 ms");
  });

  it.each([[0.4, 8], [9, 8], [31_400, 8], [260_000, 8], [9_000_000, 8]])("has round ticks for %d ms", (total, most) => {
    const { span, ticks } = axisOf(total, most);
    expect(span).toBeGreaterThan(total);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(most + 1);
    expect(ticks[0]).toBe(0);
  });

  it("labels ticks in the unit of the scale", () => {
    expect(axisOf(31_400).ticks.map((tick) => tickLabel(tick, 32_000))).toEqual(["0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s"]);
    expect(tickLabel(2.5, 10)).toBe("2.5 ms");
  });
});
