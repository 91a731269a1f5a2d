/** Start a run again as it was: same flow, same version, same inputs, same trigger. */
import { api, type Blueprint, type Execution, isValueReference, type JsonObject } from "@/shared/protocol";
import type { RunState } from "./model/runState";

export async function rerun(execution: Execution, blueprint: Blueprint | null, state: RunState): Promise<Execution> {
  const { labels, priority, userId } = execution.context;
  const { timeoutSeconds, trace } = execution.executionOptions;
  const trigger = soleTrigger(blueprint, state);
  const { data } = await api.executions.start(
    {
      flowId: execution.flowId,
      blueprintVersion: execution.blueprintVersion,
      inputs: await wholeInputs(execution.inputs),
      context: { ...(labels ? { labels } : {}), ...(priority ? { priority } : {}), ...(userId === undefined ? {} : { userId }) },
      executionOptions: { async: true, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), ...(trace === undefined ? {} : { trace }) },
    },
    trigger === null ? {} : { trigger },
  );
  return data;
}

/** Large members stand as references in the record of a run; a new run needs the values. */
async function wholeInputs(inputs: JsonObject): Promise<JsonObject> {
  const members = await Promise.all(
    Object.entries(inputs).map(async ([key, value]) => [key, isValueReference(value) ? await api.values.get(value.$value) : value] as const),
  );
  return Object.fromEntries(members);
}

/** The trigger to name, where the run fired something else than all manual ones. */
export function soleTrigger(blueprint: Blueprint | null, state: RunState): string | null {
  if (blueprint === null) return null;
  const triggers = blueprint.nodes.filter((node) => node.type === "trigger");
  const fired = triggers.filter((node) => state.nodes[node.id] !== undefined && state.nodes[node.id]?.phase !== "skipped");
  const manual = triggers.filter((node) => node.handlers["main"]?.entrypoint === "core:manual");
  const same = fired.length === manual.length && fired.every((node) => manual.includes(node));
  return !same && fired.length === 1 ? (fired[0]?.id ?? null) : null;
}
