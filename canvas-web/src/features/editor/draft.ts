/** The draft on screen: document, history, selection, and how it stands with the server. Knows nothing of runs. */
import { createStore, type StoreApi } from "zustand/vanilla";
import {
  applyEdits, emptyDoc, noHistory, record, redo, undo, type FlowDoc, type History, type Plan,
} from "@/document";
import type { GraphSelection } from "@/shared/graph";
import { api, ProblemError, type Flow, type FlowDocument, type Problem } from "@/shared/protocol";
import { announce, toast } from "@/shared/ui";

export type SaveState =
  | { kind: "saved" }
  | { kind: "dirty" }
  | { kind: "saving" }
  /** No answer. It is tried again by itself, and kept in this browser meanwhile. */
  | { kind: "offline"; edits: number }
  /** Somebody else saved meanwhile. Nothing is sent until the user decides. */
  | { kind: "conflict" }
  /** The server will not take this as it is; it says why. */
  | { kind: "refused"; message: string; pointer: string };

export interface Saved {
  doc: FlowDoc;
  etag: string;
  problems: readonly Problem[];
  updatedAt: string;
}

export interface Draft {
  flowId: string;
  phase: "loading" | "ready" | "missing" | "failed";
  doc: FlowDoc;
  history: History;
  selection: GraphSelection;
  saved: Saved | null;
  save: SaveState;
  latestVersion: string | null;
  /** The draft as it was when it was last known to equal the newest version. */
  publishedDoc: FlowDoc | null;
}

export type DraftStore = StoreApi<Draft>;

export const nothingSelected: GraphSelection = { nodes: new Set(), edges: new Set() };
export const newId = () => crypto.randomUUID();

export function createDraft(flowId: string): DraftStore {
  return createStore<Draft>(() => ({
    flowId, phase: "loading", doc: emptyDoc, history: noHistory, selection: nothingSelected, saved: null, save: { kind: "saved" }, latestVersion: null, publishedDoc: null,
  }));
}

export function docOf(flow: Flow): FlowDoc {
  return { name: flow.name, description: flow.description, nodes: flow.nodes, edges: flow.edges, channels: flow.channels, settings: flow.settings };
}

export function bodyOf(doc: FlowDoc): FlowDocument {
  return { name: doc.name, description: doc.description, nodes: [...doc.nodes], edges: [...doc.edges], channels: [...doc.channels], settings: doc.settings };
}

/** Make a plan's edits, or say why not. Steps with the same key become one in the history. */
export function make(store: DraftStore, plan: Plan, key: string | null = null): boolean {
  if (!plan.ok) {
    toast({ title: plan.reason, status: "stale" });
    return false;
  }
  const { doc, history, selection } = store.getState();
  if (plan.edits.length > 0) {
    const { doc: next, inverse } = applyEdits(doc, plan.edits);
    store.setState({
      doc: next,
      history: record(history, { label: plan.label, undo: inverse, redo: plan.edits, key, at: Date.now() }),
      selection: pruned(plan.select ? { nodes: new Set(plan.select), edges: new Set() } : selection, next),
    });
  }
  if (key === null) announce(plan.label);
  if (plan.warning) toast({ title: plan.warning, status: "waiting" });
  return true;
}

export function travel(store: DraftStore, direction: "undo" | "redo"): string | null {
  const { doc, history, selection } = store.getState();
  const moved = direction === "undo" ? undo(doc, history) : redo(doc, history);
  if (!moved) return null;
  store.setState({ doc: moved.doc, history: moved.history, selection: pruned(selection, moved.doc) });
  announce(`${direction === "undo" ? "Undone" : "Done again"}: ${moved.label}`);
  return moved.label;
}

export function select(store: DraftStore, nodes: Iterable<string>, edges: Iterable<string> = []): void {
  store.setState({ selection: { nodes: new Set(nodes), edges: new Set(edges) } });
}

function pruned(selection: GraphSelection, doc: FlowDoc): GraphSelection {
  const nodes = new Set(doc.nodes.map((node) => node.id));
  const edges = new Set(doc.edges.map((edge) => edge.id));
  const kept = { nodes: new Set([...selection.nodes].filter((id) => nodes.has(id))), edges: new Set([...selection.edges].filter((id) => edges.has(id))) };
  return kept.nodes.size === selection.nodes.size && kept.edges.size === selection.edges.size ? selection : kept;
}

/** Publish what is on screen. The caller has saved it. */
export async function publish(store: DraftStore, message?: string): Promise<{ version: string; created: boolean } | null> {
  const { flowId, doc } = store.getState();
  try {
    const { data, created } = await api.flows.publish(flowId, message);
    store.setState({ latestVersion: data.version, publishedDoc: doc });
    return { version: data.version, created };
  } catch (error) {
    if (error instanceof ProblemError && error.reason === "HAS_PROBLEMS") {
      const count = error.errors.length;
      toast({ title: count === 1 ? "One problem to solve first." : `${count} problems to solve first.`, text: error.errors[0]?.message ?? error.detail, status: "failed" });
      return null;
    }
    toast({ title: "Not published.", text: error instanceof Error ? error.message : "The server did not answer.", status: "failed" });
    return null;
  }
}
