import { describe, expect, it } from "vitest";
import type { RerunPlan } from "@/shared/protocol";
import { lastWords, money, planWords } from "./rerunPlan";
import { EMPTY, fold } from "./runState";
import { node, nodeId, Recording } from "./runRecording";

const nodes = [node(1, "trigger", "Start"), node(2, "action", "Fetch"), node(3, "subflow", "Each"), node(4, "action", "Send")];
const step = (n: number, effect: boolean, lastSeconds: number | null) => ({ nodeId: nodeId(n), name: `n${n}`, effect, lastSeconds, lastTokens: null, lastCost: null });
const plan: RerunPlan = {
  executionId: "x", from: "failure", blueprintVersion: "2", changed: [nodeId(4)], warnings: [], estimate: { seconds: 1, tokens: null, cost: null },
  reused: [{ nodeId: nodeId(1), scope: "", activationId: "a" }, { nodeId: nodeId(2), scope: "", activationId: "b" }, { nodeId: nodeId(9), scope: `${nodeId(3)}:0`, activationId: "c" }, { nodeId: nodeId(9), scope: `${nodeId(3)}:1`, activationId: "d" }],
  repeats: [step(3, true, 2), step(4, false, 0.5), step(5, true, null)],
};

describe("the plan of a re-run", () => {
  it("names what is used again, counts what lies below the root, and adds up the time it saves", () => {
    const state = fold(EMPTY, new Recording().started().begin(0, 1).end(10, 1).begin(10, 2).end(510, 2, 1).events);
    const words = planWords(plan, nodes, state);
    expect(words).toMatchObject({ reused: 4, reusedNames: "Start, Fetch and 2 inside Each", saved: 510, changed: ["Send"] });
  });

  it("tells effects that may repeat from what only runs again, and from what never ran", () => {
    const words = planWords(plan, nodes, EMPTY);
    expect([words.effects, words.again, words.first].map((steps) => steps.map((one) => one.name))).toEqual([["n3"], ["n4"], ["n5"]]);
  });

  it("says what a step took and cost, without rounding a cost away", () => {
    expect(lastWords({ lastSeconds: 1.9, lastTokens: 4402, lastCost: 0.0184 })).toBe("1.9 s, 4,402 tokens, $0.0184");
    expect(lastWords({ lastSeconds: null, lastTokens: null, lastCost: null })).toBe("");
    expect([money(0), money(0.5), money(12.5), money(0.000123)]).toEqual(["$0", "$0.5", "$12.50", "$0.000123"]);
  });
});
