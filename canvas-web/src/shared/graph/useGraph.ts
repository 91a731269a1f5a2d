/** The graph's data for React Flow: cards, wires, routes and the positions of what is being dragged. */
import { useCallback, useMemo, useState } from "react";
import type { NodeChange } from "@xyflow/react";
import type { Point } from "@/document";
import type { Problem } from "@/shared/protocol/types";
import { CardCache, cardRects, routesOf, WireCache, wiredPorts } from "./cards";
import { errorWired } from "./geometry";
import type { MapCard } from "./Minimap";
import type { CardNode } from "./NodeCard";
import type { GraphViewProps } from "./types";

export function useGraph(props: GraphViewProps, dropTarget: string | null) {
  const { flow, catalogue, mode, nodeStates, edgeStates, edgeLabels, problems, selectedNodeId, editing } = props;
  const { nodes, edges } = flow;
  const [cards] = useState(() => new CardCache());
  const [wireCache] = useState(() => new WireCache());
  const [drag, setDrag] = useState<Readonly<Record<string, Point>> | null>(null);

  const entries = useMemo(() => new Map(catalogue.map((entry) => [entry.reference, entry])), [catalogue]);
  const shown = useMemo(() => errorWired(nodes, edges), [nodes, edges]);
  const ports = useMemo(() => wiredPorts(edges), [edges]);
  const worst = useMemo(() => worstByNode(problems), [problems]);
  const actions = useMemo(() => new Set(nodes.filter((node) => node.type === "action" || node.type === "subflow").map((node) => node.id)), [nodes]);
  const routes = useMemo(() => routesOf({ nodes, edges }, cards), [nodes, edges, cards]);

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
        }),
      ),
    [nodes, cards, entries, mode, nodeStates, worst, ports, shown, selection, selectedNodeId, drag, only, tools, renaming, onRename],
  );
  const rfEdges = useMemo(
    () => wireCache.wires({ edges, routes, mode, states: edgeStates, labels: edgeLabels, selected: selection?.edges, dropTarget, actions }),
    [wireCache, edges, routes, mode, edgeStates, edgeLabels, selection, dropTarget, actions],
  );
  const mapCards = useMemo(
    (): MapCard[] => cardRects({ nodes, edges }, cards).map((rect) => ({ ...rect, status: mode === "run" ? (nodeStates?.[rect.id]?.status ?? null) : null })),
    [nodes, edges, cards, mode, nodeStates],
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

function worstByNode(problems: readonly Problem[] | undefined): Map<string, Problem> {
  const worst = new Map<string, Problem>();
  for (const problem of problems ?? []) {
    if (problem.nodeId === undefined) continue;
    const known = worst.get(problem.nodeId);
    if (!known || (known.severity === "warning" && problem.severity === "error")) worst.set(problem.nodeId, problem);
  }
  return worst;
}
