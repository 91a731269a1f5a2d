import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api } from "./api";
import { NoAnswerError, ProblemError } from "./problem";
import { io, request } from "./request";

const original = { ...io };
let sent: { url: string; init: RequestInit }[];
let waits: number[];
let answers: (Response | Error)[];

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

beforeEach(() => {
  sent = [];
  waits = [];
  answers = [];
  io.random = () => 0;
  io.newKey = () => `key-${sent.length}`;
  io.sleep = (ms) => {
    waits.push(ms);
    return Promise.resolve();
  };
  io.fetch = (url, init) => {
    sent.push({ url, init });
    const next = answers.shift();
    if (next === undefined) throw new Error("unexpected request");
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
});

afterEach(() => Object.assign(io, original));

const header = (index: number, name: string): string | undefined => (sent[index]?.init.headers as Record<string, string>)[name];

describe("a request", () => {
  it("is tried again with growing waits when no answer comes, and says so after the last", async () => {
    answers = [new TypeError("gone"), new TypeError("gone"), new TypeError("gone"), new TypeError("gone")];
    await expect(request("GET", "/flows")).rejects.toBeInstanceOf(NoAnswerError);
    expect(sent).toHaveLength(4);
    expect(waits).toEqual([250, 500, 1000]);
  });

  it("waits as long as Retry-After says", async () => {
    answers = [json({ reason: "TOO_MANY" }, 429, { "retry-after": "3" }), json({ ok: true })];
    expect((await request("GET", "/flows")).data).toEqual({ ok: true });
    expect(waits).toEqual([3000]);
  });

  it("sends one Idempotency-Key in all tries of a POST", async () => {
    answers = [new TypeError("gone"), json({ id: "x" }, 201)];
    await request("POST", "/flows", { body: { name: "n" } });
    expect(header(0, "idempotency-key")).toBe("key-0");
    expect(header(1, "idempotency-key")).toBe("key-0");
  });

  it("does not repeat what the server refused", async () => {
    answers = [json({ reason: "INVALID", detail: "No.", traceId: "t1", errors: [{ pointer: "/name", message: "is empty" }] }, 422)];
    const error: unknown = await request("POST", "/flows", { body: {} }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ status: 422, reason: "INVALID", detail: "No.", traceId: "t1", errors: [{ pointer: "/name", message: "is empty" }] });
    expect(sent).toHaveLength(1);
  });

  it("stops when told, without another try", async () => {
    const stop = new AbortController();
    io.fetch = () => {
      stop.abort();
      return Promise.reject(new DOMException("Aborted", "AbortError"));
    };
    await expect(request("GET", "/flows", { signal: stop.signal })).rejects.toThrow("Aborted");
    expect(waits).toEqual([]);
  });
});

describe("saving a flow", () => {
  const id = "01934e0e-0000-7000-8000-00000000000a";
  const document = { name: "n", description: "", nodes: [], edges: [], channels: [], settings: {} };
  const stored = { ...document, id, projectId: id, latestVersion: null, problems: [], createdAt: "", updatedAt: "" };

  it("takes a stale tag as success where the lost first try had been carried out", async () => {
    answers = [new TypeError("cut"), json({ reason: "STALE_ETAG", currentEtag: '"2"' }, 412), json(stored, 200, { etag: '"2"' })];
    await expect(api.flows.put(id, document, '"1"')).resolves.toMatchObject({ etag: '"2"' });
    expect(header(1, "if-match")).toBe('"1"');
  });

  it("tells a real conflict, with the tag the flow has now", async () => {
    answers = [json({ reason: "STALE_ETAG", currentEtag: '"2"' }, 412), json({ ...stored, name: "other" }, 200, { etag: '"2"' })];
    await expect(api.flows.put(id, document, '"1"')).rejects.toMatchObject({ status: 412, currentEtag: '"2"' });
  });

  it("follows page tokens to the end, with repeated parameters as the server reads them", async () => {
    answers = [json({ items: [1], nextPageToken: "p2" }), json({ items: [2], nextPageToken: null })];
    expect(await api.handlers.list()).toEqual([1, 2]);
    expect(sent.map(({ url }) => url)).toEqual(["/handlers?pageSize=250", "/handlers?pageSize=250&pageToken=p2"]);
    answers = [json({ items: [], nextPageToken: null })];
    await api.executions.list({ status: ["failed", "cancelled"], q: "" });
    expect(sent.at(-1)?.url).toBe("/executions?status=failed&status=cancelled");
  });
});

it("never sends a run request the schema does not allow", async () => {
  const fetch = vi.spyOn(io, "fetch");
  await expect(api.executions.start({ flowId: "no uuid", inputs: {} })).rejects.toThrow("does not match");
  expect(fetch).not.toHaveBeenCalled();
});
