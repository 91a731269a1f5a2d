/** The editor's keys. They rest while something is typed or a dialog is open. */
import { useEffect } from "react";
import { flushSync } from "react-dom";
import { duplicate, moveNodes, neighbour, removeSelection, type Direction } from "@/document";
import { clipText, pasteText } from "./clipboard";
import { useEditor, type Editor } from "./context";
import { make, newId, nothingSelected, select, travel } from "./draft";
import { tidy } from "./tidy";

const arrows: Record<string, Direction> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

export const isTyping = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
const inCanvas = (target: EventTarget | null) => target === document.body || (target instanceof Element && target.closest(".graph") !== null && target.closest(".graph-tools, .node-tools") === null);

export function useEditorKeys(run: () => void) {
  const editor = useEditor();
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (document.querySelector("dialog[open]")) return;
      if (handled(editor, event, run)) event.preventDefault();
    };
    const copy = (event: ClipboardEvent) => {
      if (isTyping(event.target) || !window.getSelection()?.isCollapsed) return;
      const text = clipText(editor.draft);
      if (text === null || !event.clipboardData) return;
      event.preventDefault();
      event.clipboardData.setData("text/plain", text);
      if (event.type === "cut") remove(editor);
    };
    const paste = (event: ClipboardEvent) => {
      if (isTyping(event.target)) return;
      if (pasteText(editor.draft, event.clipboardData?.getData("text/plain") ?? "")) event.preventDefault();
    };
    document.addEventListener("keydown", down);
    document.addEventListener("copy", copy);
    document.addEventListener("cut", copy);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("keydown", down);
      document.removeEventListener("copy", copy);
      document.removeEventListener("cut", copy);
      document.removeEventListener("paste", paste);
    };
  }, [editor, run]);
}

function remove({ draft }: Editor): void {
  const { doc, selection } = draft.getState();
  if (selection.nodes.size + selection.edges.size === 0) return;
  // The selection goes to a neighbour, so that the keyboard is never lost.
  const [only] = selection.nodes;
  const beside = selection.nodes.size === 1 && only !== undefined ? (neighbour(doc, only, "left") ?? neighbour(doc, only, "right")) : null;
  make(draft, removeSelection(doc, selection.nodes, selection.edges));
  if (beside !== null && !selection.nodes.has(beside)) select(draft, [beside]);
  else draft.setState({ selection: nothingSelected });
}

/** Whether the key meant something here. */
function handled(editor: Editor, event: KeyboardEvent, run: () => void): boolean {
  const { draft, saver, panels, graph } = editor;
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;

  if (control && !event.altKey) {
    switch (key) {
      case "k":
        panels.setState({ commands: "all" });
        return true;
      case "f":
        panels.setState({ commands: "nodes" });
        return true;
      case "s":
        void saver.flush();
        return true;
      case "Enter":
        run();
        return true;
    }
  }
  if (key === "Escape") {
    if (isTyping(event.target)) {
      (event.target as HTMLElement).blur();
      graph.view?.focus();
      return true;
    }
    if (inCanvas(event.target)) {
      if (panels.getState().inspector && draft.getState().selection.nodes.size > 0) panels.setState({ inspector: false });
      else draft.setState({ selection: nothingSelected });
    } else graph.view?.focus();
    return true;
  }
  if (key === "F6") {
    nextRegion(editor, event.shiftKey ? -1 : 1);
    return true;
  }
  if (isTyping(event.target)) return false;

  if (control && !event.altKey) {
    switch (key) {
      case "z":
        travel(draft, event.shiftKey ? "redo" : "undo");
        return true;
      case "y":
        travel(draft, "redo");
        return true;
      case "d": {
        const { doc, selection } = draft.getState();
        if (selection.nodes.size > 0) make(draft, duplicate(doc, selection.nodes, newId));
        return true;
      }
      case "a":
        select(draft, draft.getState().doc.nodes.map((node) => node.id), draft.getState().doc.edges.map((edge) => edge.id));
        return true;
    }
    return false;
  }
  if (control) return false;
  return plainKey(editor, event, key);
}

function plainKey(editor: Editor, event: KeyboardEvent, key: string): boolean {
  const { draft, panels, graph } = editor;
  const { doc, selection } = draft.getState();
  const [only] = selection.nodes.size === 1 ? selection.nodes : [];
  const canvas = inCanvas(event.target);

  const direction = arrows[event.key];
  if (direction !== undefined && canvas) {
    if (event.altKey) nudge(editor, direction, event.shiftKey ? 24 : 4);
    else {
      const next = only === undefined ? doc.nodes[0]?.id : neighbour(doc, only, direction);
      if (next) {
        select(draft, [next]);
        graph.view?.focus();
        graph.view?.reveal(next);
      }
    }
    return true;
  }
  if (event.altKey) return false;
  switch (key) {
    case "/":
      openPalette(editor);
      return true;
    case "Tab":
      if (event.shiftKey || !canvas) return false;
      openPalette(editor);
      return true;
    case "Enter":
      if (!canvas || only === undefined) return false;
      flushSync(() => panels.setState({ inspector: true }));
      document.querySelector<HTMLElement>("[data-testid=inspector] .inspector-body :is(input, textarea, select)")?.focus();
      return true;
    case "Delete":
    case "Backspace":
      if (!canvas) return false;
      remove(editor);
      return true;
    case "F2":
      if (only === undefined) return false;
      panels.setState({ renaming: only });
      return true;
    case "c":
      if (event.shiftKey) {
        graph.view?.toggleChannels();
        return true;
      }
      if (only === undefined) return false;
      panels.setState({ connecting: only });
      return true;
    case "l":
      if (!event.shiftKey) return false;
      void tidy(doc).then((plan) => {
        make(draft, plan);
        requestAnimationFrame(() => graph.view?.fit());
      });
      return true;
    case "o":
      if (event.shiftKey) return false;
      panels.setState((state) => ({ outline: !state.outline }));
      return true;
    case "1":
      graph.view?.fit();
      return true;
    case "0":
      graph.view?.zoom("full");
      return true;
    case "+":
    case "=":
      graph.view?.zoom("in");
      return true;
    case "-":
      graph.view?.zoom("out");
      return true;
    default:
      return false;
  }
}

/** From palette to canvas to inspector to bar: Tab adds a node here, so this is the way round. */
function nextRegion({ graph }: Editor, step: number): void {
  const regions = [".palette", ".outline-panel", ".graph", ".inspector", ".topbar"].flatMap((name) => document.querySelector<HTMLElement>(name) ?? []);
  const now = regions.findIndex((region) => region.contains(document.activeElement));
  const next = regions[(now + step + regions.length) % regions.length];
  if (!next) return;
  if (next.classList.contains("graph")) graph.view?.focus();
  else next.querySelector<HTMLElement>("input, button:not(:disabled), select, textarea, a, [tabindex='0']")?.focus();
}

function nudge({ draft }: Editor, direction: Direction, by: number): void {
  const { doc, selection } = draft.getState();
  const dx = direction === "left" ? -by : direction === "right" ? by : 0;
  const dy = direction === "up" ? -by : direction === "down" ? by : 0;
  const moves = Object.fromEntries(doc.nodes.filter((node) => selection.nodes.has(node.id)).map((node) => [node.id, { x: node.position.x + dx, y: node.position.y + dy }]));
  make(draft, moveNodes(doc, moves), "nudge");
}

function openPalette({ panels }: Editor): void {
  // At once: the next key typed belongs to the search already.
  flushSync(() => panels.setState({ palette: true }));
  document.querySelector<HTMLInputElement>("[data-testid=palette-search]")?.focus();
}
