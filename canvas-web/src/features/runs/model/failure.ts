/** Which failed run another one was started to deal with (`settings.onFailure`). Pure. */
import type { Execution } from "@/shared/protocol";

/** The id of the failed run that these inputs tell of; null where they tell of none. */
export function toldOf({ inputs }: Pick<Execution, "inputs">): string | null {
  const told = Object.keys(inputs).length === 1 ? inputs["execution"] : undefined;
  if (typeof told !== "object" || told === null || Array.isArray(told)) return null;
  return told["status"] === "failed" && typeof told["id"] === "string" ? told["id"] : null;
}
