/** The graph, for drawing and for watching alike: pan, zoom, select; with `editing`, also draw. */
import { getViewportForBounds, ReactFlow, ReactFlowProvider, SelectionMode, useReactFlow, useViewport, type Connection, type EdgeChange, type NodeChange } from "@xyflow/react";
import { useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import { GRID } from "@/document";
import { ChannelList } from "./ChannelList";
import { useChannelsShown } from "./useChannelsShown";
import { ConnectHint, DrawnWire } from "./ConnectHint";
import { boundsOf } from "./geometry";
import { levelOf } from "./level";
import { Minimap } from "./Minimap";
import { travel } from "./motion";
import { NodeCard, type CardNode } from "./NodeCard";
import { distanceTo } from "./routing";
import { PALETTE_MIME, type GraphSelection, type GraphViewProps, type PortEnd } from "./types";
import { useGraph } from "./useGraph";
import { Wire, type WireEdge } from "./Wire";
import { ZoomTools } from "./ZoomTools";

const nodeTypes = { card: NodeCard };
const edgeTypes = { wire: Wire };
const fitting = { padding: 0.12, maxZoom: 1, minZoom: 0.1 };
const nothing: GraphSelection = { nodes: new Set(), edges: new Set() };
/** How near a dropped thing must be to a wire, in canvas units. */
const dropReach = 18;

export function GraphView(props: GraphViewProps) {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

function Graph(props: GraphViewProps) {
  const { flow, mode, onSelect, onOpen, editing, children, tools, fitKey, ref } = props;
  const [dropTarget, setDropTarget] = useState<string | null>(null);
  const channels = useChannelsShown(props);
  const { rfNodes, rfEdges, routes, mapCards, onPositions, endDrag } = useGraph(props, dropTarget, channels.looked, channels.open);
  const reactFlow = useReactFlow<CardNode, WireEdge>();
  const wrapper = useRef<HTMLElement>(null);
  const [interacting, setInteracting] = useState(false);

  // By our own geometry: React Flow knows the size of those cards only that have been drawn.
  const bounds = useMemo(() => boundsOf(mapCards), [mapCards]);
  const fitNow = useCallback((duration: number) => {
    const box = wrapper.current?.getBoundingClientRect();
    if (!box || bounds.width === 0) return;
    void reactFlow.setViewport(getViewportForBounds(bounds, box.width, box.height, fitting.minZoom, fitting.maxZoom, fitting.padding), { duration });
  }, [reactFlow, bounds]);
  const fit = useCallback(() => fitNow(travel()), [fitNow]);
  const focusNode = useCallback((id: string) => wrapper.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${id}"]`)?.focus({ preventScroll: true }), []);

  const jump = useCallback((id: string) => {
    const node = reactFlow.getInternalNode(id);
    if (!node) return;
    const { x, y } = node.internals.positionAbsolute;
    const zoom = Math.max(reactFlow.getZoom(), 0.85);
    void reactFlow.setCenter(x + (node.width ?? 0) / 2, y + (node.height ?? 0) / 2, { zoom, duration: travel() });
    focusNode(id);
  }, [reactFlow, focusNode]);

  useImperativeHandle(ref, () => ({
    fit,
    jump,
    reveal: (id) => {
      // Two frames: one for the store to learn of a new node, one for its place.
      requestAnimationFrame(() => {
        const node = reactFlow.getInternalNode(id);
        const box = wrapper.current?.getBoundingClientRect();
        if (!node || !box) return;
        const { x, y, zoom } = reactFlow.getViewport();
        const at = { x: node.internals.positionAbsolute.x * zoom + x, y: node.internals.positionAbsolute.y * zoom + y };
        const size = { width: (node.width ?? 184) * zoom, height: (node.height ?? 64) * zoom };
        const margin = 48;
        const dx = Math.min(0, box.width - margin - (at.x + size.width)) + Math.max(0, margin - at.x);
        const dy = Math.min(0, box.height - margin - (at.y + size.height)) + Math.max(0, margin - at.y);
        if (dx !== 0 || dy !== 0) void reactFlow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: travel() });
      });
    },
    zoom: (direction) => {
      const slow = { duration: travel() };
      void (direction === "in" ? reactFlow.zoomIn(slow) : direction === "out" ? reactFlow.zoomOut(slow) : reactFlow.zoomTo(1, slow));
    },
    toggleChannels: () => channels.toggle(),
    openChannels: (id) => wrapper.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${id}"] .channel-tag`)?.click(),
    focus: () => {
      const chosen = wrapper.current?.querySelector<HTMLElement>(".react-flow__node.selected");
      (chosen ?? wrapper.current)?.focus({ preventScroll: true });
    },
    middle: () => {
      const box = wrapper.current?.getBoundingClientRect();
      return reactFlow.screenToFlowPosition(box ? { x: box.left + box.width / 2, y: box.top + box.height / 2 } : { x: 0, y: 0 });
    },
    toCanvas: (screen) => reactFlow.screenToFlowPosition(screen),
  }), [fit, jump, reactFlow, channels]);

  const fitted = useRef(fitKey);
  useEffect(() => {
    if (fitted.current === fitKey) return;
    const frame = requestAnimationFrame(() => {
      fitted.current = fitKey;
      fit();
    });
    return () => cancelAnimationFrame(frame);
  }, [fitKey, fit]);

  // The focus follows the selection while it is inside the canvas, so that keys and screen readers go along.
  const only = editing ? (editing.selection.nodes.size === 1 ? [...editing.selection.nodes][0] : undefined) : props.selectedNodeId;
  useEffect(() => {
    if (typeof only === "string" && wrapper.current?.contains(document.activeElement) && !(document.activeElement instanceof HTMLInputElement)) focusNode(only);
  }, [only, focusNode]);

  const selection = editing?.selection ?? nothing;
  const setSelection = editing?.onSelection;
  const onNodesChange = useCallback(
    (changes: NodeChange<CardNode>[]) => {
      onPositions(changes);
      const picked = changes.filter((change) => change.type === "select");
      if (picked.length === 0) return;
      const nodes = new Set(selection.nodes);
      for (const { id, selected } of picked) {
        if (selected) nodes.add(id);
        else nodes.delete(id);
      }
      if (setSelection) setSelection({ nodes, edges: selection.edges });
      else onSelect?.(picked.find((change) => change.selected)?.id ?? null);
    },
    [onPositions, selection, setSelection, onSelect],
  );
  const onEdgesChange = useCallback(
    (changes: EdgeChange<WireEdge>[]) => {
      const picked = changes.filter((change) => change.type === "select");
      if (picked.length === 0 || !setSelection) return;
      const edges = new Set(selection.edges);
      for (const { id, selected } of picked) {
        if (selected) edges.add(id);
        else edges.delete(id);
      }
      setSelection({ nodes: selection.nodes, edges });
    },
    [selection, setSelection],
  );

  const nearestWire = useCallback(
    (point: { x: number; y: number }): string | null => {
      let best: string | null = null;
      let least = dropReach;
      for (const [id, route] of routes) {
        const distance = distanceTo(route, point);
        if (distance < least) [best, least] = [id, distance];
      }
      return best;
    },
    [routes],
  );

  const drawing = useMemo(() => {
    if (!editing) return {};
    return {
      onConnect: (wire: Connection) => {
        const ends = endsOf(wire);
        editing.onConnect(ends.from, ends.to);
      },
      isValidConnection: (wire: Connection | WireEdge) => {
        const ends = endsOf(wire);
        return editing.check(ends.from, ends.to).ok;
      },
      onReconnect: (edge: WireEdge, wire: Connection) => editing.onReconnect(edge.id, endsOf(wire)),
    };
  }, [editing]);

  const dragOver = (event: React.DragEvent) => {
    if (!editing || !event.dataTransfer.types.includes(PALETTE_MIME)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    setDropTarget(nearestWire(reactFlow.screenToFlowPosition({ x: event.clientX, y: event.clientY })));
  };
  const drop = (event: React.DragEvent) => {
    const reference = event.dataTransfer.getData(PALETTE_MIME);
    if (!editing || !reference) return;
    event.preventDefault();
    const point = reactFlow.screenToFlowPosition({ x: event.clientX, y: event.clientY }, { snapToGrid: false });
    editing.onDrop(reference, { x: point.x - 92, y: point.y - 20 }, nearestWire(point));
    setDropTarget(null);
  };

  const many = flow.nodes.length > 120;
  return (
    <section
      ref={wrapper}
      className={`graph ${mode === "edit" ? "drawing" : "watching"} ${interacting ? "interacting" : ""}`}
      aria-label="Canvas"
      tabIndex={-1}
      data-testid="canvas"
      onDragOver={dragOver}
      onDragLeave={() => setDropTarget(null)}
      onDrop={drop}
    >
      <ReactFlow<CardNode, WireEdge>
        nodes={rfNodes}
        edges={rfEdges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onNodeDragStop={(_event, _node, dragged) => {
          editing?.onMove(Object.fromEntries(dragged.map((node) => [node.id, node.position])));
          endDrag();
        }}
        onSelectionDragStop={(_event, dragged) => {
          editing?.onMove(Object.fromEntries(dragged.map((node) => [node.id, node.position])));
          endDrag();
        }}
        {...channels.hover}
        onNodeDoubleClick={(_event, node) => onOpen?.(node.id)}
        onEdgeDoubleClick={(_event, edge) => props.onOpenEdge?.(edge.id)}
        onNodeContextMenu={(event, node) => {
          if (!editing) return;
          event.preventDefault();
          editing.onMenu({ kind: "node", id: node.id }, { x: event.clientX, y: event.clientY });
        }}
        onEdgeContextMenu={(event, edge) => {
          if (!editing) return;
          event.preventDefault();
          editing.onMenu({ kind: "edge", id: edge.id }, { x: event.clientX, y: event.clientY });
        }}
        onPaneContextMenu={(event) => {
          if (!editing) return;
          event.preventDefault();
          const screen = { x: event.clientX, y: event.clientY };
          editing.onMenu({ kind: "canvas", at: reactFlow.screenToFlowPosition(screen) }, screen);
        }}
        onPaneClick={() => {
          wrapper.current?.focus({ preventScroll: true });
          if (!editing) onSelect?.(null);
        }}
        onConnectEnd={(event, state) => {
          if (!editing || !state.fromHandle || state.toHandle || state.isValid) return;
          const screen = "clientX" in event ? { x: event.clientX, y: event.clientY } : { x: event.changedTouches[0]?.clientX ?? 0, y: event.changedTouches[0]?.clientY ?? 0 };
          const over = document.elementsFromPoint(screen.x, screen.y).map((element) => element.closest<HTMLElement>(".react-flow__node")?.dataset["id"]).find(Boolean) ?? null;
          if (over === state.fromHandle.nodeId) return;
          editing.onLoose({ nodeId: state.fromHandle.nodeId, port: state.fromHandle.id ?? "" }, state.fromHandle.type, over, reactFlow.screenToFlowPosition(screen), screen);
        }}
        onReconnectEnd={(_event, edge, _handle, state) => {
          if (!state.isValid && !state.toHandle) editing?.onReconnect(edge.id, null);
        }}
        {...drawing}
        connectionLineComponent={DrawnWire}
        connectionRadius={24}
        onMoveStart={() => setInteracting(true)}
        onMoveEnd={() => setInteracting(false)}
        snapToGrid
        snapGrid={[GRID, GRID]}
        minZoom={0.1}
        maxZoom={2}
        fitView={!many}
        fitViewOptions={fitting}
        onInit={() => many && fitNow(0)}
        panOnScroll
        panOnDrag={editing ? [1, 2] : true}
        selectionOnDrag={Boolean(editing)}
        selectionMode={SelectionMode.Partial}
        selectionKeyCode={editing ? "Shift" : null}
        multiSelectionKeyCode={["Meta", "Control", "Shift"]}
        panActivationKeyCode="Space"
        deleteKeyCode={null}
        zoomOnDoubleClick={false}
        nodesConnectable={Boolean(editing)}
        nodesDraggable={Boolean(editing)}
        elementsSelectable
        edgesFocusable={false}
        nodesFocusable
        nodeDragThreshold={3}
        disableKeyboardA11y
        onlyRenderVisibleElements={many}
        elevateNodesOnSelect={false}
        elevateEdgesOnSelect={false}
        proOptions={{ hideAttribution: true }}
        aria-label="Flow"
      >
        <Paper />
        {editing && <ConnectHint check={editing.check} />}
      </ReactFlow>
      <div className="graph-tools">
        <Minimap cards={mapCards} />
        <div className="flex flex-col items-start gap-2">
          {tools}
          <ZoomTools onFit={fit} onTidy={editing?.onTidy} channels={channels.any ? { shown: channels.looked.all, onToggle: channels.toggle } : null} />
        </div>
      </div>
      {channels.opened && (
        <ChannelList
          open={channels.opened} flow={flow} editing={editing?.channels} elsewhere={props.channelElsewhere} onRenamed={channels.renamed} onClose={channels.close}
          onGo={(id) => {
            channels.close();
            if (editing) editing.onSelection({ nodes: new Set([id]), edges: new Set() });
            else onSelect?.(id);
            jump(id);
          }}
        />
      )}
      {children}
    </section>
  );
}

/** Dots on paper that keep their distance readable at any zoom. */
function Paper() {
  const { x, y, zoom } = useViewport();
  const step = 24 * zoom * (levelOf(zoom) === "full" ? 1 : levelOf(zoom) === "reading" ? 2 : 6);
  return <div className="paper" style={{ backgroundSize: `${step}px ${step}px`, backgroundPosition: `${x}px ${y}px` }} />;
}

const endsOf = (wire: Connection | WireEdge): { from: PortEnd; to: PortEnd } => ({
  from: { nodeId: wire.source, port: wire.sourceHandle ?? "" },
  to: { nodeId: wire.target, port: wire.targetHandle ?? "" },
});
