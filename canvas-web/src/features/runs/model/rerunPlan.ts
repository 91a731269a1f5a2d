/** A re-run's plan in words: what is used again, what repeats outside, what runs for the first time. Pure. */
import type { FlowNode, RerunPlan, RerunStep } from "@/shared/protocol";
import { duration } from "@/shared/ui/statusWords";
import type { RunState } from "./runState";

export interface PlanWords {
  reused: number;
  /** "Fetch order, Classify, and 640 items of Score". */
  reusedNames: string;
  /** Milliseconds the reused results took, as far as that is known. */
  saved: number;
  /** Ran before and reaches outside: it may happen twice. */
  effects: readonly RerunStep[];
  /** Ran before and changes nothing outside. */
  again: readonly RerunStep[];
  /** Did not run before. */
  first: readonly RerunStep[];
  changed: readonly string[];
}

const MOST_NAMES = 8;

export function planWords(plan: RerunPlan, nodes: readonly FlowNode[], state: RunState): PlanWords {
  const names = new Map(nodes.map((node) => [node.id, node.name]));
  const root = plan.reused.filter((one) => one.scope === "");
  // Below the root: counted at the outermost loop or sub-flow they belong to.
  const inside = new Map<string, number>();
  for (const { scope } of plan.reused) {
    const owner = scope.split("/")[0]?.split(":")[0];
    if (scope !== "" && owner !== undefined) inside.set(owner, (inside.get(owner) ?? 0) + 1);
  }
  const said = root.map((one) => names.get(one.nodeId) ?? "a node that is gone");
  const listed = [...said.slice(0, MOST_NAMES), ...(said.length > MOST_NAMES ? [`${said.length - MOST_NAMES} others`] : []), ...[...inside].map(([owner, count]) => `${count.toLocaleString("en")} inside ${names.get(owner) ?? "a sub-flow"}`)];
  const saved = root.reduce((sum, one) => {
    const run = state.nodes[one.nodeId];
    return sum + (run?.endedAt == null ? 0 : run.endedAt - run.startedAt);
  }, 0);
  const ran = plan.repeats.filter((step) => step.lastSeconds !== null);
  return {
    reused: plan.reused.length,
    reusedNames: listed.length > 1 ? `${listed.slice(0, -1).join(", ")} and ${listed.at(-1) ?? ""}` : (listed[0] ?? ""),
    saved,
    effects: ran.filter((step) => step.effect),
    again: ran.filter((step) => !step.effect),
    first: plan.repeats.filter((step) => step.lastSeconds === null),
    changed: plan.changed.map((id) => names.get(id) ?? id.slice(0, 8)),
  };
}

/** "1.9 s, 4,402 tokens, $0.0184": what a step took last time. */
export function lastWords(step: Pick<RerunStep, "lastSeconds" | "lastTokens" | "lastCost">): string {
  return [
    step.lastSeconds === null ? "" : duration(step.lastSeconds * 1000),
    step.lastTokens === null ? "" : `${step.lastTokens.toLocaleString("en")} tokens`,
    step.lastCost === null ? "" : money(step.lastCost),
  ].filter(Boolean).join(", ");
}

/** Small sums keep their digits: a run often costs a fraction of a cent. */
export const money = (amount: number): string => `$${amount === 0 ? "0" : amount < 1 ? amount.toPrecision(3).replace(/0+$/, "").replace(/\.$/, "") : amount.toFixed(2)}`;
