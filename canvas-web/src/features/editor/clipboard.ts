/** Nodes on the clipboard, as text that can be pasted into another flow, another tab, or an editor. */
import { clipOf, isClip, paste, type Point } from "@/document";
import { parseExact, stringifyExact } from "@/shared/protocol/exactJson";
import { toast } from "@/shared/ui";
import { make, newId, type DraftStore } from "./draft";

/** What was last copied here, for browsers that refuse to read the clipboard. */
let last = "";

export function clipText(draft: DraftStore): string | null {
  const { doc, selection } = draft.getState();
  if (selection.nodes.size === 0) return null;
  last = stringifyExact(clipOf(doc, selection.nodes), 2);
  return last;
}

export async function copyNodes(draft: DraftStore): Promise<void> {
  const text = clipText(draft);
  if (text === null) return;
  await navigator.clipboard.writeText(text).catch(() => undefined);
  toast({ title: draft.getState().selection.nodes.size === 1 ? "Copied the node." : `Copied ${draft.getState().selection.nodes.size} nodes.`, status: "done" });
}

export function pasteText(draft: DraftStore, text: string, at?: Point): boolean {
  let clip: unknown;
  try {
    clip = parseExact(text);
  } catch {
    return false;
  }
  return isClip(clip) && make(draft, paste(draft.getState().doc, clip, newId, at));
}

export async function pasteFromClipboard(draft: DraftStore, at?: Point): Promise<void> {
  const text = await navigator.clipboard.readText().catch(() => last);
  if (!pasteText(draft, text, at)) toast({ title: "No nodes are on the clipboard.", status: "stale" });
}
