/** Turns nodes into what React Flow draws, and keeps what has not changed, so that one edit redraws one card. */
import { Position } from "@xyflow/react";
import { allWires, loopLabel } from "@/document";
import type { ReactNode } from "react";
import type { FlowEdge, FlowNode, HandlerEntry, Problem } from "@/shared/protocol/types";
import { kindOf } from "@/shared/ui";
import { tagWords, type ChannelTag } from "./channels";
import { errorWired, shapeOf, WIDTH, type CardShape, type Rect } from "./geometry";
import type { CardData, CardNode } from "./NodeCard";
import { routeAll, type Route, type WireEnds } from "./routing";
import { summaryOf } from "./summary";
import type { EdgeState, GraphFlow, GraphViewProps, NodeRunState } from "./types";
import { HANDLE_REACH, type WireEdge } from "./Wire";

/** A target of 24 px round each port. */
const target = 24;
const half = target / 2;
/** From a card's edge to where its wires start: the port's edge. */
const reach = half - HANDLE_REACH;

export interface CardInput {
  node: FlowNode;
  entry: HandlerEntry | undefined;
  mode: "edit" | "run";
  run: NodeRunState | undefined;
  problem: Problem | undefined;
  wiredPorts: string;
  errorShown: boolean;
  selected: boolean;
  position: { x: number; y: number };
  dragging: boolean;
  tools: ReactNode;
  renaming: boolean;
  onRename: ((nodeId: string, name: string | null) => void) | undefined;
  tags: readonly ChannelTag[] | undefined;
  onTag: CardData["onTag"];
}

export class CardCache {
  private readonly kept = new Map<string, { inputs: readonly unknown[]; card: CardNode }>();
  private readonly shapes = new WeakMap<FlowNode, { errorShown: boolean; shape: CardShape }>();

  shape(node: FlowNode, errorShown: boolean): CardShape {
    const known = this.shapes.get(node);
    if (known?.errorShown === errorShown) return known.shape;
    const shape = shapeOf(node, errorShown);
    this.shapes.set(node, { errorShown, shape });
    return shape;
  }

  card(input: CardInput): CardNode {
    const inputs = [
      input.node, input.entry, input.mode, input.run, input.problem, input.wiredPorts, input.errorShown, input.selected,
      input.position.x, input.position.y, input.dragging, input.tools, input.renaming, input.onRename, input.tags, input.onTag,
    ];
    const known = this.kept.get(input.node.id);
    if (known?.inputs.every((value, index) => Object.is(value, inputs[index]))) return known.card;
    const card = this.make(input);
    this.kept.set(input.node.id, { inputs, card });
    return card;
  }

  private make(input: CardInput): CardNode {
    const { node, entry, mode, onRename } = input;
    const shape = this.shape(node, input.errorShown);
    const look = kindOf(node.type, node.handlers["main"]?.entrypoint, entry?.ui);
    const summary = summaryOf(node, entry?.ui);
    return {
      id: node.id,
      type: "card",
      position: input.position,
      selected: input.selected,
      // Cards lie over wires, whatever a wire's own layer among wires.
      zIndex: input.selected ? 20 : 10,
      dragging: input.dragging,
      draggable: input.onRename !== undefined,
      width: WIDTH,
      height: shape.height,
      // Known ports: wires are drawn in the first frame, before anything is measured.
      handles: [
        ...shape.inputs.map((port) => ({ id: port.key, type: "target" as const, position: Position.Left, x: -half, y: port.y - half, width: target, height: target })),
        ...shape.outputs.map((port) => ({ id: port.key, type: "source" as const, position: Position.Right, x: WIDTH - half, y: port.y - half, width: target, height: target })),
      ],
      ariaLabel: ariaLabel(input, summary.text),
      data: {
        node, shape, look, summary, mode, run: input.run, problem: input.problem, wired: new Set(input.wiredPorts.split(" ")), tools: input.tools,
        renaming: input.renaming, onRename: onRename && ((name) => onRename(node.id, name)), tags: input.tags, onTag: input.onTag,
      },
    };
  }
}

function ariaLabel({ node, mode, run, problem, tags }: CardInput, setting: string): string {
  const channels = (tags ?? []).map((tag) => `, ${tagWords(tag)}`).join("");
  if (mode === "run") return `${node.name}, ${run ? (run.word ?? run.status) : "not started"}${run?.round ? `, round ${run.round}` : ""}${run?.time ? `, ${run.time}` : ""}${channels}`;
  return problem ? `${node.name}, ${node.type}, problem: ${problem.message}${channels}` : `${node.name}, ${node.type}, ${setting}${channels}`;
}

/** Which of a node's ports have wires, as a text that compares. */
export function wiredPorts(edges: readonly FlowEdge[]): Map<string, string> {
  const ports = new Map<string, Set<string>>();
  const add = (id: string, port: string) => {
    const known = ports.get(id);
    if (known) known.add(port);
    else ports.set(id, new Set([port]));
  };
  for (const { source, target: to } of edges) {
    add(source.nodeId, `out:${source.port}`);
    add(to.nodeId, `in:${to.port}`);
  }
  return new Map([...ports].map(([id, keys]) => [id, [...keys].sort().join(" ")]));
}

export function cardRects(flow: GraphFlow, cache: CardCache): (Rect & { id: string })[] {
  const shown = errorWired(flow.nodes, allWires(flow));
  return flow.nodes.map((node) => ({ id: node.id, ...node.position, width: WIDTH, height: cache.shape(node, shown.has(node.id)).height }));
}

/** Routes by edge id: for the whole drawing, or for these wires by themselves. */
export function routesOf(flow: GraphFlow, cache: CardCache, edges: readonly FlowEdge[] = flow.edges): Map<string, Route> {
  const shown = errorWired(flow.nodes, allWires(flow));
  const nodes = new Map(flow.nodes.map((node) => [node.id, { node, shape: cache.shape(node, shown.has(node.id)) }]));
  const wires = edges.flatMap((edge): WireEnds[] => {
    const from = nodes.get(edge.source.nodeId);
    const to = nodes.get(edge.target.nodeId);
    const out = from?.shape.outputs.find((port) => port.key === edge.source.port);
    const into = to?.shape.inputs.find((port) => port.key === edge.target.port);
    if (!from || !to || !out || !into) return [];
    return [{
      id: edge.id,
      from: { x: from.node.position.x + WIDTH + reach, y: from.node.position.y + out.y },
      to: { x: to.node.position.x - reach, y: to.node.position.y + into.y },
      fromKey: `${edge.source.nodeId}/${edge.source.port}`,
      toKey: `${edge.target.nodeId}/${edge.target.port}`,
    }];
  });
  return routeAll(wires, cardRects(flow, cache));
}

/** Important ones on top. */
const layer: Record<EdgeState, number> = { dead: 0, pending: 0, idle: 1, carried: 2, flowing: 3, error: 4 };
/** Beyond this many moving wires they stand still. */
const mostMoving = 40;

export interface WireInput {
  edges: readonly FlowEdge[];
  routes: ReadonlyMap<string, Route>;
  mode: "edit" | "run";
  states: GraphViewProps["edgeStates"];
  labels: GraphViewProps["edgeLabels"];
  selected: ReadonlySet<string> | undefined;
  dropTarget: string | null;
  actions: ReadonlySet<string>;
}

export class WireCache {
  private readonly kept = new Map<string, { inputs: readonly unknown[]; wire: WireEdge }>();

  wires({ edges, routes, mode, states, labels, selected, dropTarget, actions }: WireInput): WireEdge[] {
    const still = Object.values(states ?? {}).filter((state) => state === "flowing").length > mostMoving;
    return edges.map((edge) => {
      const state = states?.[edge.id] ?? (mode === "run" ? "pending" : "idle");
      const isSelected = selected?.has(edge.id) ?? false;
      const isError = edge.source.port === "error" && actions.has(edge.source.nodeId);
      const isTarget = dropTarget === edge.id;
      const label = edge.loop ? (labels?.[edge.id] ?? loopLabel(edge.loop)) : "";
      const inputs = [edge, routes.get(edge.id), state, isSelected, isError, isTarget, still, mode, label];
      const known = this.kept.get(edge.id);
      if (known?.inputs.every((value, index) => value === inputs[index])) return known.wire;
      const wire: WireEdge = {
        id: edge.id,
        type: "wire",
        source: edge.source.nodeId,
        sourceHandle: edge.source.port,
        target: edge.target.nodeId,
        targetHandle: edge.target.port,
        selected: isSelected,
        reconnectable: selected !== undefined,
        zIndex: isSelected || isTarget ? 6 : layer[state],
        data: { route: routes.get(edge.id), state, isError, target: isTarget, still, isLoop: edge.loop !== undefined, label },
      };
      this.kept.set(edge.id, { inputs, wire });
      return wire;
    });
  }
}
