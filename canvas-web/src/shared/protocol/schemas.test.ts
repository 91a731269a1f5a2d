import { describe, expect, it } from "vitest";
import { eventViolations, nodeViolations, requestViolations } from "./schemas";

const id = "01934e0e-0000-7000-8000-000000000001";
const event = { id, executionId: id, type: "log", timestamp: "2026-11-23T14:30:00.123456Z", payload: { level: "info", message: "x" } };

describe("messages against the mission's schemas", () => {
  it("lets a well-formed event pass", () => {
    expect(eventViolations(event)).toEqual([]);
    expect(eventViolations({ ...event, payload: undefined, type: "execution.started" })).toEqual([]);
  });

  it.each([
    ["an id that is no UUID", { ...event, id: "1" }],
    ["a time that is none", { ...event, timestamp: "yesterday" }],
    ["an unknown member", { ...event, extra: 1 }],
    ["an unknown type", { ...event, type: "log.more" }],
    ["a payload of another type", { ...event, type: "chunk.started" }],
    ["a level that does not exist", { ...event, payload: { level: "fatal", message: "x" } }],
    ["nothing", null],
  ])("finds %s", (_what, bad) => {
    expect(eventViolations(bad).length).toBeGreaterThan(0);
  });

  it("takes integers beyond 2^53 in values", () => {
    const result = { n: 9007199254740993n };
    expect(eventViolations({ ...event, type: "chunk.completed", payload: { nodeId: id, status: "succeeded", result } })).toEqual([]);
  });

  it("checks nodes and run requests", () => {
    const node = { id, type: "output", name: "Result", handlers: {}, position: { x: 0, y: 0 } };
    expect(nodeViolations(node)).toEqual([]);
    expect(nodeViolations({ ...node, name: "" })[0]?.pointer).toBe("/name");
    expect(requestViolations({ flowId: id, inputs: {} })).toEqual([]);
    expect(requestViolations({ flowId: id }).length).toBeGreaterThan(0);
  });
});
