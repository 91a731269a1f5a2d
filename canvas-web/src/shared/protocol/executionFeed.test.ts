import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ExecutionFeed, type FeedState, openExecutionFeed, sockets } from "./executionFeed";
import { io } from "./request";
import type { ExecutionEvent } from "./types";

const RUN = "01934e0e-0000-7000-8000-0000000000aa";
const originals = { open: sockets.open, io: { ...io } };

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {}
  close(): void {
    this.closed = true;
  }
}

const event = (n: number, type = "log"): unknown => ({
  id: `01934e0e-0000-7000-8000-${String(n).padStart(12, "0")}`,
  executionId: RUN,
  type,
  timestamp: "2020-01-01T00:00:00.000001Z",
  payload: type === "log" ? { level: "info", message: String(n) } : { status: "succeeded" },
});

let opened: FakeSocket[];
let seen: string[];
let states: FeedState[];
let restarts: number;
let feed: ExecutionFeed;
let pages: (Response | Error)[];

const last = (): FakeSocket => opened.at(-1) as FakeSocket;
const state = (): FeedState => states.at(-1) as FeedState;
const number = (item: ExecutionEvent): string => item.id.slice(-2);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", { location: { origin: "http://127.0.0.1:8484" }, addEventListener: vi.fn(), removeEventListener: vi.fn() });
  vi.stubGlobal("document", { visibilityState: "visible", addEventListener: vi.fn(), removeEventListener: vi.fn() });
  opened = [];
  seen = [];
  states = [];
  pages = [];
  restarts = 0;
  sockets.open = (url, protocol) => {
    const socket = new FakeSocket(url, protocol);
    opened.push(socket);
    return socket as unknown as WebSocket;
  };
  io.random = () => 0;
  io.sleep = () => Promise.resolve();
  io.fetch = () => {
    const page = pages.shift() ?? new TypeError("down");
    return page instanceof Error ? Promise.reject(page) : Promise.resolve(page);
  };
  feed = openExecutionFeed(RUN, {
    onEvents: (events) => seen.push(...events.map(number)),
    onState: (next) => states.push(next),
    onRestart: () => (restarts += 1),
  });
});

afterEach(() => {
  feed.close();
  sockets.open = originals.open;
  Object.assign(io, originals.io);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function send(...events: unknown[]): void {
  last().onmessage?.({ data: JSON.stringify(events) });
}

describe("the execution feed", () => {
  it("asks for batches, catches up, and is live when it grows quiet", () => {
    expect(last().protocol).toBe("triggerflow.batch.v1");
    expect(last().url).toBe(`ws://127.0.0.1:8484/executions/${RUN}/events`);
    last().onopen?.();
    expect(state().phase).toBe("catching-up");
    send(event(1), event(2));
    vi.advanceTimersByTime(200);
    expect(state().phase).toBe("live");
    expect(seen).toEqual(["01", "02"]);
  });

  it("resumes after the last event it saw, and shows none twice", () => {
    last().onopen?.();
    send(event(1), event(2));
    last().onclose?.({ code: 1006, reason: "" });
    expect(state()).toMatchObject({ phase: "offline", tries: 1 });
    expect(state().offlineSince).not.toBeNull();
    vi.advanceTimersByTime(1000);
    expect(opened).toHaveLength(2);
    expect(new URL(last().url).searchParams.get("after")).toBe((event(2) as ExecutionEvent).id);
    last().onopen?.();
    send(event(2), event(3));
    expect(seen).toEqual(["01", "02", "03"]);
    expect(state()).toMatchObject({ offlineSince: null, tries: 0, phase: "catching-up" });
  });

  it("waits longer each time a line opens and breaks at once, and starts over once it has held", () => {
    const waits: number[] = [];
    const breakLine = (code: number): void => {
      last().onclose?.({ code, reason: "" });
      waits.push((state().nextTryAt as number) - Date.now());
      vi.advanceTimersByTime(20_000);
      last().onopen?.();
    };
    last().onopen?.();
    for (let n = 0; n < 3; n += 1) breakLine(4429);
    vi.advanceTimersByTime(1000);
    breakLine(4429);
    expect(waits).toEqual([400, 720, 1296, 400]);
  });

  it("ends after the last event and opens nothing more", () => {
    last().onopen?.();
    send(event(1), event(2, "execution.completed"));
    expect(state().phase).toBe("ended");
    expect(last().closed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(opened).toHaveLength(1);
  });

  it("ends where the server closes because there is nothing after the cursor", () => {
    last().onopen?.();
    last().onclose?.({ code: 1000, reason: "" });
    expect(state().phase).toBe("ended");
  });

  it.each([4403, 4404])("gives up on %i and says why", (code) => {
    last().onopen?.();
    last().onclose?.({ code, reason: "because" });
    expect(state()).toMatchObject({ phase: "refused", refusal: { status: code - 4000, detail: "because" } });
    vi.advanceTimersByTime(60_000);
    expect(opened).toHaveLength(1);
  });

  it.each([4400, 4410])("starts over from the first event on %i", (code) => {
    last().onopen?.();
    send(event(5));
    last().onclose?.({ code, reason: "" });
    expect(restarts).toBe(1);
    expect(opened).toHaveLength(2);
    expect(new URL(last().url).searchParams.get("after")).toBeNull();
  });

  it("leaves out what is no event, counts it, and goes on", () => {
    last().onopen?.();
    send(event(1), { id: "x" }, event(2));
    last().onmessage?.({ data: "{" });
    expect(seen).toEqual(["01", "02"]);
    expect(state().malformed).toBe(2);
  });

  it("turns to SSE where the socket cannot open although the server answers", async () => {
    const stream = `id: 4\ndata: ${JSON.stringify(event(4, "execution.completed"))}\n\n`;
    pages = [
      new Response(JSON.stringify({ items: [event(1), event(2)], next: "c" })),
      new Response(stream, { headers: { "content-type": "text/event-stream" } }),
    ];
    last().onclose?.({ code: 1006, reason: "" });
    await vi.advanceTimersByTimeAsync(1000);
    last().onclose?.({ code: 1006, reason: "" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(state()).toMatchObject({ transport: "sse", phase: "ended" });
    expect(seen).toEqual(["01", "02", "04"]);
  });

  it("stays with the socket while nothing answers at all", async () => {
    for (let n = 0; n < 4; n += 1) {
      last().onclose?.({ code: 1006, reason: "" });
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect(state().transport).toBe("websocket");
    expect(opened.length).toBeGreaterThanOrEqual(4);
    expect(state().offlineSince).not.toBeNull();
  });
});
