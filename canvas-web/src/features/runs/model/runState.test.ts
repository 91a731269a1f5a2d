import { describe, expect, it } from "vitest";
import { edgeStates, incoming } from "./flowing";
import { RunHistory } from "./history";
import { backingOff, countNodes, EMPTY, fold, shownPhase } from "./runState";
import { edge, node, nodeId, Recording, START } from "./runRecording";
import { eventViolations } from "@/shared/protocol";

describe("the state of a run", () => {
  const happy = new Recording().started().begin(1, 1).end(2, 1, { city: "Seattle" }).begin(3, 2).end(415, 2, 7).completed(420);

  it("is built from events the schema allows", () => {
    expect(happy.events.flatMap(eventViolations)).toEqual([]);
  });

  it("follows a run from start to end", () => {
    const state = fold(EMPTY, happy.events);
    expect(state).toMatchObject({ status: "done", startedAt: START, endedAt: START + 420, order: [nodeId(1), nodeId(2)], events: 6 });
    expect(state.nodes[nodeId(2)]).toMatchObject({ phase: "done", startedAt: START + 3, endedAt: START + 415, result: 7 });
    expect(countNodes(state, 5)).toMatchObject({ done: 2, total: 5 });
  });

  it("is the same however the events are cut into batches, and leaves earlier states alone", () => {
    const whole = fold(EMPTY, happy.events);
    for (const size of [1, 2, 5]) {
      let state = EMPTY;
      const frozen: string[] = [];
      const seen = [];
      for (let at = 0; at < happy.events.length; at += size) {
        state = fold(state, happy.events, at, Math.min(at + size, happy.events.length));
        seen.push(state);
        frozen.push(JSON.stringify(state));
      }
      expect(state).toEqual(whole);
      expect(seen.map((then) => JSON.stringify(then))).toEqual(frozen);
    }
  });

  it("keeps failed tries and the wait between them", () => {
    const run = new Recording().started().begin(1, 1).retry(2001, 1, 2, "TimedOut", 1000).retry(3500, 1, 3, "HttpStatus", 2000);
    const state = fold(EMPTY, run.events);
    const own = state.nodes[nodeId(1)];
    expect(own?.tries).toEqual([
      { attempt: 1, startedAt: START + 1, endedAt: START + 2001, outcome: "failed", error: "TimedOut" },
      { attempt: 2, startedAt: START + 3001, endedAt: START + 3500, outcome: "failed", error: "HttpStatus" },
      { attempt: 3, startedAt: START + 5500, endedAt: null, outcome: "running" },
    ]);
    if (own === undefined) throw new Error("unreachable");
    expect(backingOff(own, START + 4000)).toEqual({ until: START + 5500, attempt: 3 });
    expect(shownPhase(own, START + 4000)).toBe("retrying");
    expect(shownPhase(own, START + 5501)).toBe("running");
    const ended = fold(state, new Recording().end(5810, 1, "ok").events).nodes[nodeId(1)];
    expect(ended).toMatchObject({ phase: "done", endedAt: START + 5810 });
    expect(ended?.tries.at(-1)).toMatchObject({ attempt: 3, endedAt: START + 5810, outcome: "done" });
  });

  it("drops a try that was cancelled before it began", () => {
    const run = new Recording().started().begin(1, 1).retry(100, 1, 2, "ConnectionFailed", 5000).fail(300, 1, "Cancelled").failed(301, "cancelled: by local");
    const state = fold(EMPTY, run.events);
    expect(state.status).toBe("cancelled");
    expect(state.nodes[nodeId(1)]).toMatchObject({ phase: "cancelled", tries: [{ attempt: 1, outcome: "failed" }] });
  });

  it.each([
    ["cancelled: by local", "cancelled"],
    ["timed_out: longer than 3 s", "timed-out"],
    ["HttpStatus: 500", "failed"],
  ])("reads %s as %s", (message, status) => {
    expect(fold(EMPTY, new Recording().started().failed(5, message).events)).toMatchObject({ status, message });
  });

  it("tells a node that ran into its own limit", () => {
    const state = fold(EMPTY, new Recording().started().begin(1, 1).fail(2000, 1, "TimedOut").events);
    expect(state.nodes[nodeId(1)]?.phase).toBe("timed-out");
  });

  it("marks a node that ran again after a crash, without counting an attempt", () => {
    const run = new Recording().started().begin(1, 1).custom(900, "retry", 1, 1, { recovered: true }).end(950, 1, 1);
    const own = fold(EMPTY, run.events).nodes[nodeId(1)];
    expect(own).toMatchObject({ phase: "done", recovered: true });
    expect(own?.tries.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([[1, "lost"], [1, "done"]]);
  });

  it("knows skipped nodes, waits and streamed text", () => {
    const run = new Recording().started().custom(1, "skip", 1).begin(2, 2).custom(3, "wait", 2).begin(4, 3)
      .custom(5, "token", 3, 1, { text: "a\nb" }).custom(6, "token", 3, 1, { text: "c\nd\ne" });
    const state = fold(EMPTY, run.events);
    expect(state.nodes[nodeId(1)]).toMatchObject({ phase: "skipped", tries: [] });
    expect(state.nodes[nodeId(2)]?.phase).toBe("waiting");
    expect(state.nodes[nodeId(3)]?.lines).toEqual(["bc", "d", "e"]);
  });

  it("takes events it has no rule for as they come", () => {
    const run = new Recording().started().custom(1, "something-new", 1).log(2, "info", "hello");
    run.events.push({ ...(run.events[0] as object), type: "metric", payload: { name: "tokens", value: 4 } } as never);
    expect(fold(EMPTY, run.events)).toMatchObject({ events: 4, logs: 1, nodes: {} });
  });
});

describe("the history of a run", () => {
  it("gives the state after any event, of thousands, as a fold from the start would", () => {
    const run = new Recording().started();
    for (let n = 1; n <= 1500; n += 1) run.begin(n * 2, n).end(n * 2 + 1, n, n);
    const history = new RunHistory();
    for (let at = 0; at < run.events.length; at += 97) history.append(run.events.slice(at, at + 97));
    expect(history.latest).toEqual(fold(EMPTY, run.events));
    for (const count of [0, 1, 255, 256, 257, 1024, 2999, 3001]) {
      expect(history.after(count)).toEqual(fold(EMPTY, run.events, 0, count));
    }
    expect(history.countUpTo(run.events[9]?.id ?? "")).toBe(10);
    expect(history.countUpTo("01934e0e-0000-7000-8000-000000000000")).toBe(0);
    expect(history.countUpTo("ffffffff")).toBe(3001);
  });
});

describe("the wires", () => {
  const graph = {
    nodes: [
      node(1, "trigger", "Start"),
      node(2, "condition", "Wet?"),
      node(3, "action", "Call"),
      node(4, "action", "Dry"),
      node(5, "action", "Join", { ports: { inputs: [{ key: "a", label: "a", type: "any" }, { key: "b", label: "b", type: "any", default: 0 }] } }),
      node(6, "output", "Result"),
    ],
    edges: [edge(1, 2), edge(2, 3, "true"), edge(2, 4, "false"), edge(3, 5, "out", "a"), edge(4, 5, "out", "b"), edge(3, 6, "error"), edge(5, 6)],
  };
  const state = (run: Recording) => fold(EMPTY, run.events);

  it("are pending, flowing, carried and dead as the tokens travel", () => {
    const run = new Recording().started().begin(1, 1).end(2, 1, 5);
    expect(edgeStates(graph, state(run))).toMatchObject({ "1.out>2.input": "carried", "2.true>3.input": "pending" });
    run.begin(3, 2);
    expect(edgeStates(graph, state(run))["1.out>2.input"]).toBe("flowing");
    run.end(4, 2, { true: 5 }).custom(4, "skip", 4).begin(5, 3);
    expect(edgeStates(graph, state(run))).toEqual({
      "1.out>2.input": "carried", "2.true>3.input": "flowing", "2.false>4.input": "dead", "3.out>5.a": "pending", "4.out>5.b": "dead", "3.error>6.input": "pending", "5.out>6.input": "pending",
    });
    run.end(6, 3, null).begin(7, 5);
    expect(edgeStates(graph, state(run))).toMatchObject({ "3.out>5.a": "flowing", "3.error>6.input": "dead" });
  });

  it("carry a failure out of a wired error port, and stay undecided behind an unwired one", () => {
    const run = new Recording().started().begin(1, 1).end(2, 1, 5).begin(3, 2).end(4, 2, { true: 5 }).begin(5, 3).fail(6, 3, "HttpStatus", "503");
    expect(edgeStates(graph, state(run))).toMatchObject({ "3.error>6.input": "error", "3.out>5.a": "dead" });
    const unwired = { ...graph, edges: graph.edges.filter((wire) => wire.source.port !== "error") };
    expect(edgeStates(unwired, state(run))["3.out>5.a"]).toBe("pending");
  });

  it("are dead behind a node that lit nothing", () => {
    const run = new Recording().started().begin(1, 1).end(2, 1);
    expect(edgeStates(graph, state(run))["1.out>2.input"]).toBe("dead");
  });

  it("tell what a result too large to show lit, once its target ran", () => {
    const large = { $value: "ref", bytes: 70000, preview: "{" };
    const run = new Recording().started().begin(3, 2).end(4, 2, large).begin(5, 3).custom(5, "skip", 4);
    expect(edgeStates(graph, state(run))).toMatchObject({ "2.true>3.input": "flowing", "2.false>4.input": "dead" });
  });

  it("show what came in: live values by port, defaults where a port is dead, inputs at a trigger", () => {
    const run = new Recording().started().begin(1, 1).end(2, 1, { q: 1 }).begin(3, 2).end(4, 2, { true: { q: 1 } }).custom(4, "skip", 4).begin(5, 3).end(6, 3, "yes").begin(7, 5);
    expect(incoming(graph, nodeId(1), state(run), { q: 1 })).toEqual([{ port: "inputs", value: { q: 1 }, from: null }]);
    expect(incoming(graph, nodeId(3), state(run), {})).toEqual([{ port: "input", value: { q: 1 }, from: nodeId(2) }]);
    expect(incoming(graph, nodeId(5), state(run), {})).toMatchObject([{ port: "a", value: "yes" }, { port: "b", value: 0, from: null }]);
  });

  it("say of a node that its failure went to onError, and its result came from there", () => {
    const events = new Recording().started().begin(1, 2).log(2, "warning", "attempt 1 failed: HttpStatus; onError runs", 2).end(3, 2, "instead").events;
    const state = fold(EMPTY, events, 0, events.length);
    expect(state.nodes[nodeId(2)]).toMatchObject({ phase: "done", rescued: "HttpStatus", result: "instead" });
  });

  it("light up where a channel stands for them, and tell a listener what came", () => {
    const piped = {
      nodes: [node(1, "trigger", "Start"), node(2, "action", "Work"), node(3, "action", "Listen")],
      edges: [edge(1, 2)],
      channels: [{ id: "c", name: "news", publishers: [{ nodeId: nodeId(2), port: "out" }], subscribers: [{ nodeId: nodeId(3), port: "input" }] }],
    };
    const events = new Recording().started().begin(1, 1).end(1, 1, {}).begin(2, 2).end(3, 2, "hot").begin(4, 3).events;
    const state = fold(EMPTY, events, 0, events.length);
    expect(Object.values(edgeStates(piped, state))).toEqual(["carried", "flowing"]);
    expect(incoming(piped, nodeId(3), state, {})).toEqual([{ port: "input", value: "hot", from: nodeId(2) }]);
  });
});
