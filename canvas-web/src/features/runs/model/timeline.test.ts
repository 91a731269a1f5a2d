import { describe, expect, it } from "vitest";
import { RunHistory } from "./history";
import { node, nodeId, Recording, START } from "./runRecording";
import type { FlowEdge } from "@/shared/protocol";
import { edge } from "./runRecording";
import { axisOf, tickLabel, timelineRows } from "./timeline";

describe("the timeline", () => {
  const nodes = [node(1, "trigger", "Start"), node(2, "action", "Call"), node(3, "action", "Other")];
  const run = new Recording().started().begin(0, 1).end(1, 1, 1).custom(1, "skip", 3).begin(2, 2).retry(2002, 2, 2, "TimedOut", 1000);

  const rowsOf = (recording: Recording, graph: { nodes: typeof nodes; edges: FlowEdge[] }, now: number, open: string[] = []) => {
    const history = new RunHistory();
    history.append(recording.events);
    return timelineRows({ graph, history, base: "", count: history.length, open: new Set(open) }, now);
  };

  it("draws tries and the back-off between them, and what skipped last", () => {
    const rows = rowsOf(run, { nodes, edges: [] }, START + 4000);
    expect(rows.map((row) => row.name)).toEqual(["Start", "Call", "Other"]);
    expect(rows[1]).toMatchObject({ nodeId: nodeId(2), status: "running", took: 3998 });
    expect(rows[1]?.bars.map(({ kind, from, to }) => [kind, from, to])).toEqual([["failed", 2, 2002], ["backoff", 2002, 3002], ["running", 3002, 4000]]);
    expect(rows[2]).toMatchObject({ status: "skipped", took: null, bars: [] });
  });

  it("draws back-off only as far as it has come", () => {
    const row = rowsOf(run, { nodes, edges: [] }, START + 2500)[1];
    expect(row?.status).toBe("retrying");
    expect(row?.bars.at(-1)).toMatchObject({ kind: "backoff", from: 2002, to: 2500 });
    expect(row?.note).toBe("try 2 in 502 ms");
  });

  it("groups the rounds of a loop, and opens them down to their nodes", () => {
    const back = { ...edge(3, 2), loop: { maxIterations: 5 } };
    const graph = { nodes, edges: [edge(1, 2), edge(2, 3), back] };
    const round = (n: number) => `${nodeId(2)}:${n}`;
    const loop = new Recording().started().begin(0, 1).end(1, 1, 1).ran(2, 2, round(0), 3).ran(5, 3, round(0), 1).ran(7, 2, round(1), 3).begin(11, 3).inScope(11, 3, round(1));
    const folded = rowsOf(loop, graph, START + 20);
    expect(folded.map((row) => [row.name, row.depth, row.fold])).toEqual([["Start", 0, null], ["Loop at Call", 0, "closed"]]);
    expect(folded[1]).toMatchObject({ status: "running", note: "2 of at most 5 rounds", took: 18 });
    expect(folded[1]?.bars.map(({ kind, from, to }) => [kind, from, to])).toEqual([["done", 2, 6], ["running", 7, 20]]);
    const open = rowsOf(loop, graph, START + 20, [folded[1]?.key ?? "", round(1)]);
    expect(open.map((row) => [row.name, row.depth])).toEqual([["Start", 0], ["Loop at Call", 0], ["Round 1 of 5", 1], ["Round 2 of 5", 1], ["Call", 2], ["Other", 2]]);
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
