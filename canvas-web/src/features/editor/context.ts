/** What the parts of the editor share: the draft's store, its saver, the catalogue, and the editor's own open panels. */
import { createContext, use, useMemo } from "react";
import { useStore } from "zustand";
import { createStore, type StoreApi } from "zustand/vanilla";
import { localProblems, mergeProblems, type FlowDoc, type Plan } from "@/document";
import { configViolations } from "@/shared/forms";
import type { GraphHandle } from "@/shared/graph";
import type { FlowEdge, FlowNode, HandlerEntry, PortReference, Problem } from "@/shared/protocol";
import { make, type Draft, type DraftStore } from "./draft";
import type { Saver } from "./saving";

export type InspectorTab = "settings" | "ports" | "last" | "json";

export interface Panels {
  inspector: boolean;
  tab: InspectorTab;
  palette: boolean;
  outline: boolean;
  commands: "all" | "nodes" | null;
  running: boolean;
  renaming: string | null;
  /** Connecting by keyboard from this node. */
  connecting: string | null;
  /** A wire that leads back was drawn: it asks how often the loop goes round. */
  looping: { from: PortReference; to: PortReference } | null;
}

export interface Editor {
  draft: DraftStore;
  saver: Saver;
  catalogue: readonly HandlerEntry[];
  panels: StoreApi<Panels>;
  /** Set while the graph is on screen. */
  graph: GraphSlot;
}

/** Holds the graph while it is on screen. */
export class GraphSlot {
  view: GraphHandle | null = null;
  readonly attach = (handle: GraphHandle | null): void => {
    this.view = handle;
  };
}

export const EditorContext = createContext<Editor | null>(null);

export function createPanels(): StoreApi<Panels> {
  return createStore<Panels>(() => ({
    inspector: false, tab: "settings", palette: window.innerWidth >= 1200, outline: false, commands: null, running: false, renaming: null, connecting: null, looping: null,
  }));
}

export function useEditor(): Editor {
  const editor = use(EditorContext);
  if (!editor) throw new Error("outside the editor");
  return editor;
}

export function useDraft<T>(pick: (draft: Draft) => T): T {
  return useStore(useEditor().draft, pick);
}

export function usePanels<T>(pick: (panels: Panels) => T): T {
  return useStore(useEditor().panels, pick);
}

export function useMake(): (plan: (doc: FlowDoc) => Plan, key?: string | null) => boolean {
  const { draft, panels } = useEditor();
  return useMemo(() => (plan, key = null) => {
    const made = plan(draft.getState().doc);
    if (!made.ok && made.offer) {
      panels.setState({ looping: made.offer });
      return false;
    }
    return make(draft, made, key);
  }, [draft, panels]);
}

export function entryOf(catalogue: readonly HandlerEntry[], node: FlowNode): HandlerEntry | undefined {
  const reference = node.handlers["main"]?.entrypoint ?? (node.type === "output" ? "core:output" : undefined);
  return catalogue.find((entry) => entry.reference === reference);
}

const checked = new WeakMap<FlowNode, { schema: object; found: readonly { pointer: string; message: string }[] }>();

/** What is wrong with a node's config by its handler's schema. Kept by node, because most don't change. */
export function configProblems(catalogue: readonly HandlerEntry[], node: FlowNode): readonly { pointer: string; message: string }[] {
  const schema = entryOf(catalogue, node)?.configSchema;
  const main = node.handlers["main"];
  if (!schema || !main) return [];
  const known = checked.get(node);
  if (known?.schema === schema) return known.found;
  const found = configViolations(schema, main.config ?? {}).map(({ pointer, message }) => ({ pointer, message: named(schema, pointer, message) }));
  checked.set(node, { schema, found });
  return found;
}

/** "URL: Fill this in." */
function named(schema: Record<string, unknown>, pointer: string, message: string): string {
  const key = pointer.split("/")[1];
  if (key === undefined || key === "") return message;
  const property = (schema["properties"] as Record<string, { title?: string }> | undefined)?.[key];
  const title = property?.title ?? key;
  return message === "Fill this in." ? `Fill in ${title}` : `${title}: ${message}`;
}

export function useProblems(): readonly Problem[] {
  const { catalogue } = useEditor();
  const doc = useDraft((draft) => draft.doc);
  const saved = useDraft((draft) => draft.saved);
  return useMemo(
    () => mergeProblems(doc, localProblems(doc, (node) => configProblems(catalogue, node)), saved).map((problem) => withTitle(problem, doc, catalogue)),
    [doc, saved, catalogue],
  );
}

const configPlace = /^\/nodes\/\d+\/handlers\/main\/config(\/.+)$/;

/** The server names a member by its pointer; people know it by its field's title. */
function withTitle(problem: Problem, doc: FlowDoc, catalogue: readonly HandlerEntry[]): Problem {
  const pointer = configPlace.exec(problem.pointer)?.[1];
  const node = doc.nodes.find((other) => other.id === problem.nodeId);
  const schema = node && entryOf(catalogue, node)?.configSchema;
  if (problem.reason !== "CONFIG_INVALID" || pointer === undefined || !schema || /^(Fill in|[A-Z][^:]{0,40}:) /.test(problem.message)) return problem;
  return { ...problem, message: named(schema, pointer, problem.message) };
}

export function useOnlyNode(): FlowNode | undefined {
  return useDraft(({ doc, selection }) => {
    if (selection.nodes.size !== 1) return undefined;
    const [id] = selection.nodes;
    return doc.nodes.find((node) => node.id === id);
  });
}

/** The one wire that is selected, where nothing else is. */
export function useOnlyEdge(): FlowEdge | undefined {
  return useDraft(({ doc, selection }) => {
    if (selection.nodes.size > 0 || selection.edges.size !== 1) return undefined;
    const [id] = selection.edges;
    return doc.edges.find((edge) => edge.id === id);
  });
}
