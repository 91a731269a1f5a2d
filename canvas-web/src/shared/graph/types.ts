/** What the graph draws, as data: the contract between GraphView and the pages that use it. */
import type { ReactNode, Ref } from "react";
import type { Point } from "@/document";
import type { FlowChannel, FlowEdge, FlowNode, HandlerEntry, Problem } from "@/shared/protocol/types";
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
  /** In a loop: "3 of 10", before the time. */
  round?: string;
  /** For each: counts under the foot. `total` is null where it is not known yet. */
  progress?: { done: number; failed: number; running: number; total: number | null };
}

/** `error`: it carried a failure. An error edge that has not carried anything yet is idle or pending like any other. */
export type EdgeState = "idle" | "pending" | "flowing" | "carried" | "dead" | "error";

export interface GraphFlow {
  nodes: readonly FlowNode[];
  edges: readonly FlowEdge[];
  channels?: readonly FlowChannel[];
}

export interface GraphViewProps {
  flow: GraphFlow;
  catalogue: readonly HandlerEntry[];
  mode: "edit" | "run";
  /** By node id. In run mode a node without one shows "Not started". */
  nodeStates?: Readonly<Record<string, NodeRunState>>;
  /** By edge id, wires of channels by theirs. In run mode an edge without one is pending. */
  edgeStates?: Readonly<Record<string, EdgeState>>;
  problems?: readonly Problem[];
  selectedNodeId?: string | null;
  onSelect?: (nodeId: string | null) => void;
  /** Double click or Enter. */
  onOpen?: (nodeId: string) => void;
  /** Double click on a wire. */
  onOpenEdge?: (edgeId: string) => void;
  /** By edge id: what the wire says at its middle instead of its own words ("3 of 10"). */
  edgeLabels?: Readonly<Record<string, string>>;
  /** Who of other flows is at the project's channel of this name, for the list that a tag opens. */
  channelElsewhere?: (name: string, who: "publishers" | "listeners") => ReactNode;
  /** What only the editor can do; absent where the graph is read-only. */
  editing?: GraphEditing;
  /** Laid over the canvas: banners, hints, legends. */
  children?: ReactNode;
  /** More buttons in the corner with the zoom tools. */
  tools?: ReactNode;
  /** Fit the view again when this changes. */
  fitKey?: string;
  ref?: Ref<GraphHandle>;
}

/** What a page may ask of a graph on screen. */
export interface GraphHandle {
  fit: () => void;
  /** Move the view so that the node is in the middle, and focus it. */
  jump: (nodeId: string) => void;
  /** Move the view only as far as the node needs to be seen. */
  reveal: (nodeId: string) => void;
  zoom: (direction: "in" | "out" | "full") => void;
  /** Show or hide all wires of channels. */
  toggleChannels: () => void;
  /** The list behind a node's first tag. */
  openChannels: (nodeId: string) => void;
  focus: () => void;
  /** The canvas point in the middle of the view. */
  middle: () => Point;
  toCanvas: (screen: Point) => Point;
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

export type MenuTarget = { kind: "node" | "edge"; id: string } | { kind: "canvas"; at: Point };

export interface GraphEditing {
  selection: GraphSelection;
  onSelection: (selection: GraphSelection) => void;
  /** A drag has ended here. */
  onMove: (moves: Readonly<Record<string, Point>>) => void;
  check: (from: PortEnd, to: PortEnd) => ConnectCheck;
  onConnect: (from: PortEnd, to: PortEnd) => void;
  /** A wire's end was dragged elsewhere; `to` is null where it was dropped on nothing. */
  onReconnect: (edgeId: string, ends: { from: PortEnd; to: PortEnd } | null) => void;
  /** A wire was dropped on a card's body, or on empty canvas (`nodeId` null). `side` says which end is known. */
  onLoose: (end: PortEnd, side: "source" | "target", nodeId: string | null, at: Point, screen: Point) => void;
  /** A palette entry was dropped, on the wire it fell on where there is one. `at` is the card's top left corner. */
  onDrop: (reference: string, at: Point, edgeId: string | null) => void;
  onMenu: (target: MenuTarget, screen: Point) => void;
  /** The card whose name is being typed. */
  renaming: string | null;
  onRename: (nodeId: string, name: string | null) => void;
  /** Buttons over the one selected card. */
  nodeTools: (nodeId: string) => ReactNode;
  /** False where the change was refused. */
  channels: { onRename: (id: string, name: string) => boolean; onShare: (id: string, shared: boolean) => void };
  /** Arrange the cards. */
  onTidy: () => void;
}

/** Set on dataTransfer by the palette; its value is the handler's reference. */
export const PALETTE_MIME = "application/x-tfcanvas-handler";
