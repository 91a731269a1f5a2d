import { describe, expect, it } from "vitest";
import { metricWords, shownMetrics } from "./metricWords";
import { RunHistory } from "./history";
import { nodeId, Recording } from "./runRecording";
import { printedBy, streamOf } from "./streams";

const token = (run: Recording, at: number, text: string, scope = "") => run.custom(at, "token", 1, 1, { text, scope });

describe("what a node streams", () => {
  it("is its text as it comes; a retry takes the earlier attempt's back", () => {
    const run = new Recording().started().begin(1, 1);
    token(token(run, 2, "Hel"), 3, "lo\nwor");
    const first = run.events.length;
    expect(streamOf(run.events, nodeId(1), "", first)).toEqual({ text: "Hello\nwor", rows: 2, cut: false });
    run.retry(4, 1, 2, "TimedOut", 10);
    token(run, 20, "Again");
    expect(streamOf(run.events, nodeId(1), "", run.events.length).text).toBe("Again");
    expect(streamOf(run.events, nodeId(1), "", first).text).toBe("Hello\nwor");
    const history = new RunHistory();
    history.append(run.events.slice(0, first));
    expect(history.latest.nodes[nodeId(1)]?.lines).toEqual(["Hello", "wor"]);
  });

  it("belongs to its scope, as what it printed does", () => {
    const run = new Recording().started();
    token(token(run, 1, "one", "a:0"), 2, "two", "a:1");
    run.print(3, 1, "stdout", "line 1\nline 2", "a:1").print(4, 1, "stderr", "oh", "a:1");
    expect(streamOf(run.events, nodeId(1), "a:1", run.events.length).text).toBe("two");
    expect(printedBy(run.events, nodeId(1), "a:1", run.events.length).map(({ stream, text }) => [stream, text])).toEqual([["stdout", "line 1\nline 2"], ["stderr", "oh"]]);
    expect(printedBy(run.events, nodeId(1), "", run.events.length)).toEqual([]);
  });
});

describe("what handlers measure", () => {
  it("adds up for the node and for the run, over all scopes", () => {
    const run = new Recording().started().begin(1, 1).metric(2, 1, "tokens", 400).metric(3, 1, "tokens", 12).metric(4, 1, "cost", 0.0184, "USD");
    run.begin(5, 2).inScope(5, 2, "a:0").metric(6, 2, "tokens", 8, undefined, "a:0");
    const history = new RunHistory();
    history.append(run.events);
    expect(history.latest.metrics).toEqual({ tokens: { total: 420, count: 3, unit: null }, cost: { total: 0.0184, count: 1, unit: "USD" } });
    expect(history.latest.nodes[nodeId(1)]?.metrics?.["tokens"]).toEqual({ total: 412, count: 2, unit: null });
    expect(history.inScope("a:0", history.length).nodes[nodeId(2)]?.metrics?.["tokens"]?.total).toBe(8);
  });

  it("is told with its unit, tokens and cost first", () => {
    const metrics = { latency: { total: 1.5, count: 1, unit: "s" }, cost: { total: 0.0184, count: 1, unit: "USD" }, tokens: { total: 4402, count: 2, unit: null }, seconds: { total: 2, count: 1, unit: "s" } };
    expect(shownMetrics(metrics)).toEqual(["tokens", "cost", "latency"]);
    expect([metricWords("tokens", metrics.tokens), metricWords("cost", metrics.cost), metricWords("latency", metrics.latency)]).toEqual(["4,402", "$0.0184", "1.5 s"]);
  });
});
