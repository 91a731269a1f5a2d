/** The two things a run needs to know of a node's handler beyond its ports. Pure. */
import { declaredOutputs } from "@/document";
import type { FlowNode } from "@/shared/protocol";

/** Whether a result is the value of `out` itself, not an object of the ports that were lit. */
export function resultIsOut(node: FlowNode): boolean {
  const outputs = declaredOutputs(node);
  return outputs.length === 1 && outputs[0]?.key === "out";
}

/** How often the node may be tried in all. */
export function maxAttempts(node: FlowNode): number {
  return Math.max(1, node.handlers["main"]?.retries?.maxAttempts ?? 1);
}
