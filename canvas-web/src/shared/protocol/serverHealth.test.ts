import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { io, request } from "./request";
import { askServerNow, doubtServer, onServerBack, probe, serverHealth, subscribeServerHealth } from "./serverHealth";

const originals = { fetch: probe.fetch, io: { ...io } };
let answers: (Response | Error)[];
let asked: number;
let unsubscribe: () => void;
let back: number;
let forget: () => void;

const ready = (): Response => new Response(JSON.stringify({ status: "ready" }));
const without = (...missing: string[]): Response => new Response(JSON.stringify({ reason: "UNAVAILABLE", missing }), { status: 503 });

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  asked = 0;
  back = 0;
  probe.fetch = () => {
    asked += 1;
    const next = answers.length > 1 ? answers.shift() : answers[0];
    return next === undefined || next instanceof Error ? Promise.reject(next ?? new TypeError("down")) : Promise.resolve(next.clone());
  };
  unsubscribe = subscribeServerHealth(() => undefined);
  forget = onServerBack(() => {
    back += 1;
  });
});

afterEach(() => {
  unsubscribe();
  forget();
  probe.fetch = originals.fetch;
  Object.assign(io, originals.io);
  vi.useRealTimers();
});

describe("the server's health", () => {
  it("is asked only after a call got no answer, and not for each of them", async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(0);
    answers = [ready()];
    for (let call = 0; call < 5; call += 1) doubtServer();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(1);
    expect(serverHealth().state).toBe("fine");
    expect(back).toBe(0);
  });

  it("names the services that are missing, until they answer again", async () => {
    answers = [without("registry", "stream"), without("registry", "stream"), without("stream"), ready()];
    doubtServer();
    await vi.advanceTimersByTimeAsync(0);
    expect(serverHealth()).toMatchObject({ state: "partly", missing: ["registry", "stream"] });
    const { since, nextTryAt } = serverHealth();
    expect(nextTryAt).toBe((since ?? 0) + 2_000);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(serverHealth()).toMatchObject({ missing: ["registry", "stream"], since });
    expect(back).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(serverHealth()).toMatchObject({ missing: ["stream"], since });
    expect(back).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(serverHealth()).toMatchObject({ state: "fine", since: null });
    expect(back).toBe(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(4);
  });

  it("knows a server that is away altogether from one that lacks a part", async () => {
    const edge = new Response(JSON.stringify({ reason: "UNAVAILABLE" }), { status: 503 });
    const page = new Response("<p>no", { status: 502 });
    for (const answer of [new TypeError("refused"), edge, page, without("something newer")]) {
      answers = [answer, ready()];
      const before = back;
      doubtServer();
      await vi.advanceTimersByTimeAsync(0);
      expect(serverHealth()).toMatchObject({ state: "silent", missing: [] });
      await vi.advanceTimersByTimeAsync(2_000);
      expect(serverHealth().state).toBe("fine");
      expect(back).toBe(before + 1);
      await vi.advanceTimersByTimeAsync(2_000);
    }
  });

  it("is asked at once when somebody does not want to wait", async () => {
    answers = [without("orchestrator"), ready()];
    askServerNow();
    expect(asked).toBe(0);
    doubtServer();
    await vi.advanceTimersByTimeAsync(10);
    askServerNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(serverHealth().state).toBe("fine");
  });

  it("is doubted by a request that gets 502, 503, 504 or nothing, and by no other", async () => {
    io.sleep = () => Promise.resolve();
    answers = [ready()];
    const doubts = async (answer: Response | Error): Promise<boolean> => {
      await vi.advanceTimersByTimeAsync(10_000);
      const before = asked;
      io.fetch = () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer.clone()));
      await request("GET", "/flows").catch(() => undefined);
      return asked > before;
    };
    for (const status of [502, 503, 504]) expect(await doubts(new Response("{}", { status }))).toBe(true);
    expect(await doubts(new TypeError("refused"))).toBe(true);
    for (const status of [200, 404, 422, 429, 500]) expect(await doubts(new Response("{}", { status }))).toBe(false);
  });
});
