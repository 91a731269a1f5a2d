/** Which wires of channels are seen: all by the toggle, else those of what is pointed at, selected, or listed. */
import { useCallback, useMemo, useState } from "react";
import type { Looked } from "./channels";
import type { OpenTag } from "./ChannelTags";
import type { GraphViewProps } from "./types";

const KEPT = "tfcanvas.channels";
const NOBODY: ReadonlySet<string> = new Set();

export function useChannelsShown({ flow, editing, selectedNodeId }: GraphViewProps) {
  const any = (flow.channels ?? []).some((channel) => channel.publishers.length > 0 && channel.subscribers.length > 0);
  const [all, setAll] = useState(() => localStorage.getItem(KEPT) === "shown");
  const [hovered, setHovered] = useState<string | null>(null);
  const [opened, setOpened] = useState<OpenTag | null>(null);
  const toggle = useCallback(() => setAll((before) => {
    localStorage.setItem(KEPT, before ? "hidden" : "shown");
    return !before;
  }), []);
  const selected = editing?.selection.nodes;
  const looked = useMemo((): Looked => {
    if (!any) return { all: false, nodes: NOBODY, names: NOBODY };
    const nodes = new Set(selected ?? (typeof selectedNodeId === "string" ? [selectedNodeId] : []));
    if (hovered !== null) nodes.add(hovered);
    return { all, nodes, names: new Set(opened?.tag.names) };
  }, [any, all, selected, selectedNodeId, hovered, opened]);
  // Pointing at a card draws nothing anew where there are no channels.
  const hover = useMemo(() => (any ? {
    onNodeMouseEnter: (_event: unknown, node: { id: string }) => setHovered(node.id),
    onNodeMouseLeave: () => setHovered(null),
  } : {}), [any]);
  const close = useCallback(() => setOpened(null), []);
  const renamed = useCallback((name: string) => setOpened((before) => before && { ...before, tag: { ...before.tag, names: before.tag.names.length === 1 ? [name] : before.tag.names } }), []);
  return useMemo(() => ({ any, looked, toggle, hover, opened, open: setOpened, close, renamed }), [any, looked, toggle, hover, opened, close, renamed]);
}
