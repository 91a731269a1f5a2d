/** The ports a sub-flow's mode calls for: a list comes in at `items`, and what failed goes out at `errors`. Pure. */
import type { FlowNode, Json } from "@/shared/protocol/types";
import { changeNode, withHandler } from "./nodes";
import type { FlowDoc, Plan } from "./model";
import { inputPorts } from "./ports";

export type SubflowMode = "once" | "forEach" | "while";

export function subflowMode(node: FlowNode): SubflowMode {
  const mode = node.handlers["main"]?.config?.["mode"];
  return mode === "forEach" || mode === "while" ? mode : "once";
}

/** What only other modes know, which a change of mode takes away. */
const OF_MODE: Record<SubflowMode, readonly string[]> = { once: [], forEach: ["concurrency", "onItemError"], while: ["maxIterations", "while"] };

export function setSubflowMode(doc: FlowDoc, node: FlowNode, mode: SubflowMode): Plan {
  const gone = new Set((["once", "forEach", "while"] as const).filter((other) => other !== mode).flatMap((other) => OF_MODE[other]));
  const config: Record<string, Json> = Object.fromEntries(Object.entries(node.handlers["main"]?.config ?? {}).filter(([key]) => !gone.has(key)));
  const changed = withHandler(node, { config: { ...config, mode } });
  return changeNode(doc, withPorts(changed, mode), `Run ${node.name} ${mode === "forEach" ? "for each item" : mode}`);
}

function withPorts(node: FlowNode, mode: SubflowMode): FlowNode {
  const inputs = inputPorts(node);
  if (mode === "forEach") {
    const items = { key: "items", label: "items", type: "array" };
    // A lone input becomes the list; others stay beside it.
    const others = inputs.length === 1 ? [] : inputs.filter((port) => port.key !== "items").map(({ key, label, type }) => ({ key, label, type }));
    return { ...node, ports: { ...node.ports, inputs: [items, ...others], outputs: [{ key: "out", label: "out", type: "array" }, { key: "errors", label: "errors", type: "array" }] } };
  }
  const back = inputs.map(({ key, label, type, default: value }) => ({ key: key === "items" ? "input" : key, label: key === "items" ? "input" : label, type: key === "items" ? "any" : type, ...(value === undefined ? {} : { default: value }) }));
  return { ...node, ports: { ...node.ports, inputs: back, outputs: [{ key: "out", label: "out", type: "any" }] } };
}

/** The fields of a sub-flow's form that belong to this mode, beside those that are picked. */
export function hiddenSubflowFields(mode: SubflowMode): readonly string[] {
  return ["flowId", "version", "mode", ...(["once", "forEach", "while"] as const).filter((other) => other !== mode).flatMap((other) => OF_MODE[other])];
}
