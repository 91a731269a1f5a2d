/** The graph's data for React Flow: cards, wires, routes and the positions of what is being dragged. */
import { useCallback, useMemo, useState } from "react";
import type { NodeChange } from "@xyflow/react";
import { allWires, type Point } from "@/document";
import type { Problem } from "@/shared/protocol/types";
import { CardCache, cardRects, routesOf, WireCache, wiredPorts } from "./cards";
import { channelEdge, type ChannelTag, type Looked, seenWires, tagsOf } from "./channels";
import type { OpenTag } from "./ChannelTags";
import { errorWired } from "./geometry";
import type { MapCard } from "./Minimap";
import type { CardNode } from "./NodeCard";
import type { GraphViewProps } from "./types";

export function useGraph(props: GraphViewProps, dropTarget: string | null, looked: Looked, onTag: (open: OpenTag) => void) {
  const { flow, catalogue, mode, nodeStates, edgeStates, edgeLabels, problems, selectedNodeId, editing } = props;
  const { nodes, edges, channels } = flow;
  const [cards] = useState(() => new CardCache());
  const [wireCache] = useState(() => new WireCache());
  const [drag, setDrag] = useState<Readonly<Record<string, Point>> | null>(null);

  const entries = useMemo(() => new Map(catalogue.map((entry) => [entry.reference, entry])), [catalogue]);
  const wires = useMemo(() => allWires({ edges, channels: channels ?? [] }), [edges, channels]);
  const shown = useMemo(() => errorWired(nodes, wires), [nodes, wires]);
  const ports = useMemo(() => wiredPorts(wires), [wires]);
  const worst = useMemo(() => worstByNode(problems), [problems]);
  const actions = useMemo(() => new Set(nodes.filter((node) => node.type === "action" || node.type === "subflow").map((node) => node.id)), [nodes]);
  const drawn = useMemo(() => ({ nodes, edges, channels: channels ?? [] }), [nodes, edges, channels]);
  const routes = useMemo(() => routesOf(drawn, cards), [drawn, cards]);
  const [tagCache] = useState(() => new TagCache());
  const tags = useMemo(() => tagCache.keep(tagsOf(nodes.map((node) => ({ node, shape: cards.shape(node, shown.has(node.id)) })), channels ?? [])), [tagCache, nodes, channels, cards, shown]);
  const seen = useMemo(() => seenWires(drawn, looked, edgeStates), [drawn, looked, edgeStates]);
  const seenIds = seen.map((wire) => wire.id).join();
  // By themselves, so that no drawn wire moves when they come and go.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const channelRoutes = useMemo(() => routesOf(drawn, cards, seen), [drawn, cards, seenIds]);

  const selection = editing?.selection;
  const renaming = editing?.renaming ?? null;
  const onRename = editing?.onRename;
  const nodeTools = editing?.nodeTools;
  const only = selection?.nodes.size === 1 ? [...selection.nodes][0] : undefined;
  const tools = useMemo(() => (only !== undefined && nodeTools ? nodeTools(only) : null), [only, nodeTools]);

  const rfNodes = useMemo(
    () =>
      nodes.map((node) =>
        cards.card({
          node,
          entry: entries.get(node.handlers["main"]?.entrypoint ?? (node.type === "output" ? "core:output" : "")),
          mode,
          run: nodeStates?.[node.id],
          problem: worst.get(node.id),
          wiredPorts: ports.get(node.id) ?? "",
          errorShown: shown.has(node.id),
          selected: selection ? selection.nodes.has(node.id) : selectedNodeId === node.id,
          position: drag?.[node.id] ?? node.position,
          dragging: drag?.[node.id] !== undefined,
          tools: only === node.id ? tools : null,
          renaming: renaming === node.id,
          onRename,
          tags: tags.get(node.id),
          onTag,
        }),
      ),
    [tags, onTag, nodes, cards, entries, mode, nodeStates, worst, ports, shown, selection, selectedNodeId, drag, only, tools, renaming, onRename],
  );
  const drawnEdges = useMemo(
    () => wireCache.wires({ edges, routes, mode, states: edgeStates, labels: edgeLabels, selected: selection?.edges, dropTarget, actions }),
    [wireCache, edges, routes, mode, edgeStates, edgeLabels, selection, dropTarget, actions],
  );
  const rfEdges = useMemo(
    () => (seen.length === 0 ? drawnEdges : [...seen.map((wire) => channelEdge(wire, channelRoutes.get(wire.id), edgeStates?.[wire.id] ?? (mode === "run" ? "pending" : "idle"))), ...drawnEdges]),
    [drawnEdges, seen, channelRoutes, edgeStates, mode],
  );
  const mapCards = useMemo(
    (): MapCard[] => cardRects(drawn, cards).map((rect) => ({ ...rect, status: mode === "run" ? (nodeStates?.[rect.id]?.status ?? null) : null })),
    [drawn, cards, mode, nodeStates],
  );

  /** React Flow's wishes about positions; the document learns of them when the drag ends. */
  const onPositions = useCallback((changes: readonly NodeChange<CardNode>[]) => {
    const moved: Record<string, Point> = {};
    for (const change of changes) if (change.type === "position" && change.position && change.dragging) moved[change.id] = change.position;
    if (Object.keys(moved).length > 0) setDrag((before) => ({ ...before, ...moved }));
  }, []);
  const endDrag = useCallback(() => setDrag(null), []);

  return { rfNodes, rfEdges, routes, mapCards, onPositions, endDrag, drag };
}

/** The same tags as before stay the same object, so that an edit elsewhere redraws no card. */
class TagCache {
  private kept = new Map<string, { text: string; tags: readonly ChannelTag[] }>();

  keep(found: ReadonlyMap<string, readonly ChannelTag[]>): Map<string, readonly ChannelTag[]> {
    const next = new Map<string, { text: string; tags: readonly ChannelTag[] }>();
    for (const [id, tags] of found) {
      const text = JSON.stringify(tags);
      const known = this.kept.get(id);
      next.set(id, known?.text === text ? known : { text, tags });
    }
    this.kept = next;
    return new Map([...next].map(([id, { tags }]) => [id, tags]));
  }
}

function worstByNode(problems: readonly Problem[] | undefined): Map<string, Problem> {
  const worst = new Map<string, Problem>();
  for (const problem of problems ?? []) {
    if (problem.nodeId === undefined) continue;
    const known = worst.get(problem.nodeId);
    if (!known || (known.severity === "warning" && problem.severity === "error")) worst.set(problem.nodeId, problem);
  }
  return worst;
}
