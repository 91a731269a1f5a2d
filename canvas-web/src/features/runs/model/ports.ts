/** What a node's ports are, read from its JSON as docs/contract.md section 3 says. Pure. */
import type { FlowNode, InputPort } from "@/shared/protocol";

/** The output ports a handler may light; `error` is none of them. */
export function declaredOutputs(node: FlowNode): string[] {
  if (node.type === "output") return [];
  const declared = node.ports?.outputs?.map((port) => port.key);
  const cases = node.handlers["main"]?.config?.["cases"];
  if (node.type === "condition" && Array.isArray(cases)) {
    if (declared !== undefined && declared.length > 0) return declared;
    const ports = cases.flatMap((entry) => {
      const port = entry !== null && typeof entry === "object" && !Array.isArray(entry) ? entry["port"] : undefined;
      return typeof port === "string" ? [port] : [];
    });
    return [...ports, "default"];
  }
  return declared ?? (node.type === "condition" ? ["true", "false"] : ["out"]);
}

export function inputPorts(node: FlowNode): Pick<InputPort, "key" | "default">[] {
  if (node.type === "trigger") return [];
  return node.ports?.inputs ?? [{ key: "input" }];
}

/** Whether a result is the value of `out` itself, not an object of the ports that were lit. */
export function resultIsOut(node: FlowNode): boolean {
  const outputs = declaredOutputs(node);
  return outputs.length === 1 && outputs[0] === "out";
}

/** How often the node may be tried in all. */
export function maxAttempts(node: FlowNode): number {
  return Math.max(1, node.handlers["main"]?.retries?.maxAttempts ?? 1);
}
