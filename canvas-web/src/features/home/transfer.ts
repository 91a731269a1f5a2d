/** Flows as files: what is written, and what may be read back. Importing runs nothing. Pure. */
import { type Flow, type FlowChannel, type FlowDocument, type FlowEdge, type FlowNode, type Json, nodeViolations, parseExact, stringifyExact } from "@/shared/protocol";

/** The file's text: the flow without what belongs to this server. */
export function exported(flow: Flow): string {
  const { name, description, nodes, edges, channels, settings } = flow;
  return `${stringifyExact({ name, description, nodes: nodes.map(withoutVersion), edges, channels, settings }, 2)}\n`;
}

function withoutVersion(node: FlowNode): FlowNode {
  const copy = { ...node };
  delete copy.version;
  return copy;
}

export function fileName(name: string): string {
  return `${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "flow"}.json`;
}

export type Import = { ok: true; document: FlowDocument & { nodes: FlowNode[]; edges: FlowEdge[] } } | { ok: false; why: string };

/** Read a file's text as a flow. What is not understood is refused with a sentence that says where. */
export function imported(text: string, fallbackName: string): Import {
  let value: Json;
  try {
    value = parseExact(text);
  } catch (error) {
    return { ok: false, why: `It is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { ok: false, why: "It is JSON, but not a flow." };
  // A published version carries its flow inside.
  const inner = value["flow"];
  const flow = inner !== null && typeof inner === "object" && !Array.isArray(inner) ? inner : value;
  const { nodes, edges = [], description = "", settings = {}, channels = [] } = flow;
  if (!Array.isArray(nodes)) return { ok: false, why: "It has no list of nodes, so it is not a flow." };
  if (!Array.isArray(edges) || !Array.isArray(channels)) return { ok: false, why: "Its edges are not a list." };
  for (const [index, node] of nodes.entries()) {
    const first = nodeViolations(node)[0];
    if (first) return { ok: false, why: `Node ${index + 1}${first.pointer ? ` at ${first.pointer}` : ""}: ${first.message}` };
  }
  for (const [index, edge] of edges.entries()) {
    if (!isEdge(edge)) return { ok: false, why: `Edge ${index + 1} does not say where it starts and ends.` };
  }
  const name = typeof flow["name"] === "string" && flow["name"].trim() !== "" ? flow["name"].slice(0, 200) : fallbackName;
  return {
    ok: true,
    document: {
      name,
      description: typeof description === "string" ? description : "",
      nodes: nodes as unknown as FlowNode[],
      edges: edges as unknown as FlowEdge[],
      // What the server makes of them it says itself.
      channels: channels as unknown as FlowChannel[],
      settings: settings !== null && typeof settings === "object" && !Array.isArray(settings) ? settings : {},
    },
  };
}

function isEdge(value: Json): boolean {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  return [value["source"], value["target"]].every((end) => end != null && typeof end === "object" && !Array.isArray(end) && typeof end["nodeId"] === "string" && typeof end["port"] === "string");
}
