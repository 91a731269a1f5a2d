import { describe, expect, it } from "vitest";
import { RunHistory } from "./history";
import { nodeId, Recording, START } from "./runRecording";
import { splitScope } from "./scopes";

const scope = (n: number, item: number, inside = "") => `${inside}${nodeId(n)}:${item}`;

function historyOf(run: Recording, size = run.events.length): RunHistory {
  const history = new RunHistory();
  for (let at = 0; at < run.events.length; at += size) history.append(run.events.slice(at, at + size));
  return history;
}

describe("scopes", () => {
  it("are read from their text", () => {
    expect(splitScope("a:1/b:22")).toEqual({ parent: "a:1", nodeId: "b", n: 22 });
    expect(splitScope("a:0")).toEqual({ parent: "", nodeId: "a", n: 0 });
    expect(splitScope("")).toBeNull();
    expect(splitScope("a:x")).toBeNull();
  });

  const loop = new Recording().started().begin(1, 1).end(2, 1, {}).ran(3, 2, scope(2, 0), 5, "first").ran(10, 3, scope(2, 0), 5, "second").ran(20, 2, scope(2, 1), 5, "again").begin(30, 3).inScope(30, 3, scope(2, 1));

  it("keep what ran in an iteration apart from the root", () => {
    const history = historyOf(loop);
    expect(history.latest.order).toEqual([nodeId(1)]);
    expect(history.scopes.group("", nodeId(2))?.counts).toMatchObject({ begun: 2, done: 1, running: 1 });
    expect(history.inScope(scope(2, 0), history.length).nodes[nodeId(2)]).toMatchObject({ phase: "done", result: "first" });
    expect(history.inScope(scope(2, 1), history.length).nodes[nodeId(3)]).toMatchObject({ phase: "running", startedAt: START + 30 });
  });

  it("are the same however the events are cut into batches", () => {
    const whole = historyOf(loop);
    for (const size of [1, 2, 3, 7]) {
      const cut = historyOf(loop, size);
      expect(cut.latest).toEqual(whole.latest);
      expect(cut.scopes.group("", nodeId(2))).toEqual(whole.scopes.group("", nodeId(2)));
    }
  });

  it("tell any moment of the past", () => {
    const history = historyOf(loop);
    const group = history.scopes.group("", nodeId(2));
    if (group === undefined) throw new Error("unreachable");
    const firstEnded = history.events.findIndex((event) => event.type === "chunk.completed" && event.payload?.result === "second");
    expect(history.scopes.countsAt(group, firstEnded, history.length)).toMatchObject({ begun: 1, running: 1, done: 0 });
    expect(history.scopes.countsAt(group, firstEnded + 1, history.length)).toMatchObject({ begun: 1, running: 0, done: 1 });
    expect(history.inScope(scope(2, 0), firstEnded).nodes[nodeId(3)]?.phase).toBe("running");
    expect(history.inScope(scope(2, 1), firstEnded).nodes).toEqual({});
  });

  it("count an outer iteration as running while an inner one runs", () => {
    const outer = scope(1, 0);
    const run = new Recording().started().ran(1, 1, outer, 1).begin(3, 2).inScope(3, 2, scope(2, 0, `${outer}/`));
    const history = historyOf(run);
    expect(history.scopes.item(outer)).toMatchObject({ phase: "running", endedAt: null });
    const done = historyOf(new Recording().started().ran(1, 1, outer, 1).ran(3, 2, scope(2, 0, `${outer}/`), 4));
    expect(done.scopes.item(outer)).toMatchObject({ phase: "done", endedAt: START + 7 });
  });

  it("say which items failed, wait, or were cancelled", () => {
    const run = new Recording().started().begin(1, 9)
      .begin(2, 4).inScope(2, 4, scope(9, 0)).fail(3, 4, "HttpStatus").inScope(3, 4, scope(9, 0))
      .begin(2, 4).inScope(2, 4, scope(9, 1)).fail(3, 4, "Cancelled").inScope(3, 4, scope(9, 1))
      .begin(2, 4).inScope(2, 4, scope(9, 2)).custom(3, "wait", 4, 1, { scope: scope(9, 2), waitId: nodeId(7) });
    const history = historyOf(run);
    const group = history.scopes.group("", nodeId(9));
    expect(group?.counts).toEqual({ begun: 3, failed: 1, cancelled: 1, waiting: 1, running: 0, done: 0 });
    expect(group?.items[0]).toMatchObject({ phase: "failed", error: "HttpStatus" });
    expect(history.inScope(scope(9, 2), history.length).nodes[nodeId(4)]?.phase).toBe("waiting");
  });

  it("take in ten thousand items at a cost that stays in step with their number", () => {
    const record = (items: number) => {
      const run = new Recording().started().begin(1, 9);
      for (let item = 0; item < items; item += 1) for (const node of [4, 5, 6]) run.ran(2 + item, node, scope(9, item), 1, item);
      return run.events;
    };
    const time = (events: Recording["events"]) => {
      const history = new RunHistory();
      const from = performance.now();
      for (let at = 0; at < events.length; at += 500) history.append(events.slice(at, at + 500));
      expect(history.scopes.group("", nodeId(9))?.counts.done).toBe((events.length - 2) / 12);
      return performance.now() - from;
    };
    const [small, large] = [record(1_000), record(10_000)];
    time(small);
    const [few, many] = [time(small), time(large)];
    // Ten times the items: ten times the work, with room for a noisy machine. A second for 120,000 events is plenty.
    expect(many).toBeLessThan(Math.max(1000, few * 40));
  });
});
