/** What the graph draws, as data: the contract between GraphView and the pages that use it. */
import type { FlowEdge, FlowNode, HandlerEntry, Problem } from "@/shared/protocol/types";
import type { RunStatus } from "@/shared/ui";

/** How one node stands in a run. The card keeps its geometry: the foot shows this instead of the setting. */
export interface NodeRunState {
  status: RunStatus;
  /** Replaces the status word: "Try 2 of 3", or the port a condition lit. */
  word?: string;
  /** Set at the foot's right end: "412 ms". */
  time?: string;
  /** Milliseconds since the epoch. While given and `time` is not, the card counts up by itself. */
  since?: number;
  /** Streamed or logged text, newest last; the card shows the last three lines under the foot. */
  lines?: readonly string[];
  /** For each: counts under the foot. */
  progress?: { done: number; failed: number; running: number; total: number };
}

/** `error`: it carried a failure. An error edge that has not carried anything yet is idle or pending like any other. */
export type EdgeState = "idle" | "pending" | "flowing" | "carried" | "dead" | "error";

export interface GraphFlow {
  nodes: readonly FlowNode[];
  edges: readonly FlowEdge[];
}

export interface GraphViewProps {
  flow: GraphFlow;
  catalogue: readonly HandlerEntry[];
  mode: "edit" | "run";
  /** By node id. In run mode a node without one shows "Not started". */
  nodeStates?: Readonly<Record<string, NodeRunState>>;
  /** By edge id. In run mode an edge without one is pending. */
  edgeStates?: Readonly<Record<string, EdgeState>>;
  problems?: readonly Problem[];
  selectedNodeId?: string | null;
  onSelect?: (nodeId: string | null) => void;
  /** Double click or Enter. */
  onOpen?: (nodeId: string) => void;
  /** What only the editor can do; absent where the graph is read-only. */
  editing?: GraphEditing;
  /** Laid over the canvas's corners: banners, hints, legends. */
  children?: React.ReactNode;
  /** Fit the view again when this changes. */
  fitKey?: string;
}

export interface GraphSelection {
  nodes: ReadonlySet<string>;
  edges: ReadonlySet<string>;
}

export interface PortEnd {
  nodeId: string;
  port: string;
}

export interface ConnectCheck {
  ok: boolean;
  /** Why not, or what to mind. Shown at the pointer. */
  reason?: string;
}

export type NodeCommand = "inspect" | "duplicate" | "delete" | "rename" | "copy" | "connect";

export interface GraphEditing {
  selection: GraphSelection;
  onSelection: (selection: GraphSelection) => void;
  /** Positions while dragging; `done` with the last one of the gesture. */
  onMove: (moves: Readonly<Record<string, { x: number; y: number }>>, done: boolean) => void;
  check: (from: PortEnd, to: PortEnd) => ConnectCheck;
  onConnect: (from: PortEnd, to: PortEnd) => void;
  /** An edge's end was dragged elsewhere; null: into the empty canvas. */
  onReconnect: (edgeId: string, from: PortEnd, to: PortEnd) => void;
  /** A wire was dropped on empty canvas, with the point in canvas units. */
  onConnectToNothing: (from: PortEnd, side: "source" | "target", at: { x: number; y: number }, screen: { x: number; y: number }) => void;
  /** A palette entry was dropped, on the wire it fell on where there is one. */
  onDrop: (reference: string, at: { x: number; y: number }, edgeId: string | null) => void;
  onContextMenu: (target: { kind: "node" | "edge"; id: string } | { kind: "canvas"; at: { x: number; y: number } }, screen: { x: number; y: number }) => void;
  onCommand: (command: NodeCommand, nodeId: string) => void;
  /** A hover lights this wire for a drop; set by the palette's drag. */
  onRename: (nodeId: string, name: string) => void;
  renamingNodeId: string | null;
}

/** Set on dataTransfer by the palette; its value is the handler's reference. */
export const PALETTE_MIME = "application/x-tfcanvas-handler";
