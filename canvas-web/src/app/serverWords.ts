/** What to say while a part of the server is missing: which, what works all the same, and what waits. Pure. */
import type { Part } from "@/shared/protocol";

const CALLED: Record<Part, string> = { registry: "registry", orchestrator: "orchestrator", stream: "stream of events" };
const WAITS: Record<Part, string> = {
  registry: "Flows cannot be opened or saved; your edits are kept in this browser.",
  orchestrator: "Runs cannot be started, cancelled or opened.",
  stream: "What you see of a run may be old; it catches up by itself.",
};

export interface ServerWords {
  title: string;
  works: string;
  waits: string;
}

export function serverWords(missing: readonly Part[]): ServerWords {
  const names = missing.map((part) => CALLED[part]);
  const last = names.at(-1) ?? "server";
  const title = names.length > 1 ? `The ${names.slice(0, -1).join(", the ")} and the ${last} do not answer.` : `The ${last} does not answer.`;
  return { title, works: works(missing), waits: missing.map((part) => WAITS[part]).join(" ") };
}

function works(missing: readonly Part[]): string {
  const registry = !missing.includes("registry");
  const orchestrator = !missing.includes("orchestrator");
  if (registry && orchestrator) return "Runs go on, and everything else works.";
  if (registry) return "You can draw and publish, and runs that were started go on.";
  if (orchestrator) return "Runs go on, and you can look at them and cancel them.";
  return "Your flows are safe, and runs that were started go on.";
}
