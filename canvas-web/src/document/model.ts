/** The document being drawn: what a PUT of a flow takes, and the edits that change it. Pure. */
import type { FlowChannel, FlowEdge, FlowNode, FlowSettings, PortReference } from "@/shared/protocol/types";

export interface FlowDoc {
  readonly name: string;
  readonly description: string;
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
  readonly channels: readonly FlowChannel[];
  readonly settings: FlowSettings;
}

export type Edit =
  | { kind: "putNode"; node: FlowNode; index?: number }
  | { kind: "removeNode"; id: string }
  | { kind: "putEdge"; edge: FlowEdge; index?: number }
  | { kind: "removeEdge"; id: string }
  | { kind: "setFlow"; patch: Partial<Pick<FlowDoc, "name" | "description" | "settings" | "channels">> };

/** What a kernel answers: the edits to make, or why not. Nothing has happened yet. */
export type Plan =
  | { ok: true; label: string; edits: readonly Edit[]; warning?: string; select?: readonly string[] }
  /** `offer`: this wire may be drawn as a loop, once the caller says how often it goes round. */
  | { ok: false; reason: string; offer?: { from: PortReference; to: PortReference } };

export type NewId = () => string;

export const refuse = (reason: string): Plan => ({ ok: false, reason });

export const emptyDoc: FlowDoc = { name: "", description: "", nodes: [], edges: [], channels: [], settings: {} };

export function nodeOf(doc: FlowDoc, id: string): FlowNode | undefined {
  return doc.nodes.find((node) => node.id === id);
}

/** The document with the edits made, and the edits that take them back. Edits about what is not there do nothing. */
export function applyEdits(doc: FlowDoc, edits: readonly Edit[]): { doc: FlowDoc; inverse: Edit[] } {
  let nodes = doc.nodes;
  let edges = doc.edges;
  let rest: Pick<FlowDoc, "name" | "description" | "settings" | "channels"> = doc;
  const inverse: Edit[] = [];
  for (const edit of edits) {
    switch (edit.kind) {
      case "putNode": {
        const [next, old, index] = put(nodes, edit.node, edit.index);
        inverse.unshift(old ? { kind: "putNode", node: old, index } : { kind: "removeNode", id: edit.node.id });
        nodes = next;
        break;
      }
      case "removeNode": {
        const index = nodes.findIndex((node) => node.id === edit.id);
        const node = nodes[index];
        if (!node) break;
        nodes = nodes.toSpliced(index, 1);
        inverse.unshift({ kind: "putNode", node, index });
        break;
      }
      case "putEdge": {
        const [next, old, index] = put(edges, edit.edge, edit.index);
        inverse.unshift(old ? { kind: "putEdge", edge: old, index } : { kind: "removeEdge", id: edit.edge.id });
        edges = next;
        break;
      }
      case "removeEdge": {
        const index = edges.findIndex((edge) => edge.id === edit.id);
        const edge = edges[index];
        if (!edge) break;
        edges = edges.toSpliced(index, 1);
        inverse.unshift({ kind: "putEdge", edge, index });
        break;
      }
      case "setFlow": {
        const before = Object.fromEntries(Object.keys(edit.patch).map((key) => [key, rest[key as keyof typeof rest]]));
        inverse.unshift({ kind: "setFlow", patch: before });
        rest = { ...rest, ...edit.patch };
        break;
      }
    }
  }
  return { doc: { ...doc, ...rest, nodes, edges }, inverse };
}

/** Replace in place, or insert: at the index, else at the end. */
function put<T extends { id: string }>(items: readonly T[], item: T, at?: number): [readonly T[], T | undefined, number] {
  const index = items.findIndex((other) => other.id === item.id);
  if (index >= 0) return [items.with(index, item), items[index], index];
  const place = Math.min(at ?? items.length, items.length);
  return [items.toSpliced(place, 0, item), undefined, place];
}

export const samePort = (a: PortReference, b: PortReference) => a.nodeId === b.nodeId && a.port === b.port;
