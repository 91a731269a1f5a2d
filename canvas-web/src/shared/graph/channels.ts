/** Channels on the canvas: a tag at each port that publishes or listens, and the wires nobody drew. Pure. */
import { channelsAt, channelWires, listensTo, type ChannelWire } from "@/document";
import type { FlowChannel, FlowNode } from "@/shared/protocol/types";
import { WIDTH, type CardShape, type Rect } from "./geometry";
import type { Route } from "./routing";
import type { EdgeState, GraphFlow, GraphViewProps } from "./types";
import type { WireEdge } from "./Wire";

export interface ChannelTag {
  /** The channels at this place; a port may be in several. */
  names: readonly string[];
  side: "publishers" | "subscribers" | "project";
  /** Null for a trigger, which listens to the project's channel. */
  port: string | null;
  /** Of the card, at the place's height. */
  y: number;
  /** How wide it may be beside the next card. */
  room: number;
  shared: boolean;
}

/** Hues of node kinds, which tell themselves apart and from every status. */
const HUES = ["http", "code", "llm", "condition", "subflow", "wait"] as const;

/** The colour of a channel, by its name: the same in every flow. */
export function hueOf(name: string): string {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return `var(--kind-${HUES[sum % HUES.length] ?? "http"})`;
}

const MOST_ROOM = 132;
const LEAST_ROOM = 44;
/** Between a card and its tag, on both sides. */
export const TAG_GAP = 7;

export interface TaggedCard {
  node: FlowNode;
  shape: CardShape;
}

/** By node id, as far as a node has any. */
export function tagsOf(cards: readonly TaggedCard[], channels: readonly FlowChannel[]): Map<string, readonly ChannelTag[]> {
  const found = new Map<string, readonly ChannelTag[]>();
  if (channels.length === 0 && !cards.some(({ node }) => listensTo(node) !== null)) return found;
  const rects = cards.map(({ node, shape }): Rect => ({ ...node.position, width: WIDTH, height: shape.height }));
  for (const { node, shape } of cards) {
    const tags: ChannelTag[] = [];
    const project = listensTo(node);
    if (project !== null) tags.push({ names: [project], side: "project", port: null, y: 20, room: roomBeside(rects, node, 20, -1), shared: true });
    for (const [side, ports, direction] of [["subscribers", shape.inputs, -1], ["publishers", shape.outputs, 1]] as const) {
      for (const port of ports) {
        const own = channelsAt(channels, { nodeId: node.id, port: port.key }, side);
        if (own.length === 0) continue;
        tags.push({ names: own.map((channel) => channel.name), side, port: port.key, y: port.y, room: roomBeside(rects, node, port.y, direction), shared: own.some((channel) => channel.shared === true) });
      }
    }
    if (tags.length > 0) found.set(node.id, tags);
  }
  return found;
}

function roomBeside(rects: readonly Rect[], node: FlowNode, y: number, direction: 1 | -1): number {
  const [left, right, row] = [node.position.x, node.position.x + WIDTH, node.position.y + y];
  let free = MOST_ROOM + 2 * TAG_GAP;
  for (const rect of rects) {
    if (row < rect.y - 20 || row > rect.y + rect.height + 20) continue;
    const gap = direction === 1 ? rect.x - right : left - (rect.x + rect.width);
    if (gap >= 0) free = Math.min(free, gap);
  }
  return Math.max(LEAST_ROOM, free - 2 * TAG_GAP);
}

/** What a tag says to those who do not see it. */
export function tagWords({ names, side, port }: Pick<ChannelTag, "names" | "side" | "port">): string {
  const list = names.join(", ");
  return side === "publishers" ? `${port ?? ""} publishes to ${list}` : side === "subscribers" ? `${port ?? ""} listens to ${list}` : `listens to the project's channel ${list}`;
}

/** More wires than this at once are a grey cloud: the rest are seen at the node that is pointed at. */
const MOST_WIRES = 240;

export interface Looked {
  /** The toggle "Show channels". */
  all: boolean;
  /** Nodes pointed at or selected: all of their channels are seen. */
  nodes: ReadonlySet<string>;
  /** Of the list that is open. */
  names: ReadonlySet<string>;
}

/** The wires to draw: those asked for, and in a run those that carried something. */
export function seenWires(flow: GraphFlow, looked: Looked, states: GraphViewProps["edgeStates"]): readonly ChannelWire[] {
  const wires = channelWires(flow);
  if (wires.length === 0) return wires;
  const carries = ({ id }: ChannelWire) => states?.[id] !== undefined && states[id] !== "pending" && states[id] !== "dead";
  const asked = ({ source, target, channel }: ChannelWire) => looked.names.has(channel.name) || looked.nodes.has(source.nodeId) || looked.nodes.has(target.nodeId);
  return wires.filter((wire) => looked.all || asked(wire) || carries(wire)).slice(0, MOST_WIRES);
}

const layer: Record<EdgeState, number> = { dead: 0, pending: 0, idle: 0, carried: 2, flowing: 3, error: 4 };

export function channelEdge(wire: ChannelWire, route: Route | undefined, state: EdgeState): WireEdge {
  return {
    id: wire.id,
    type: "wire",
    source: wire.source.nodeId,
    sourceHandle: wire.source.port,
    target: wire.target.nodeId,
    targetHandle: wire.target.port,
    selectable: false,
    reconnectable: false,
    deletable: false,
    zIndex: layer[state],
    data: { route, state, isError: false, target: false, still: false, isLoop: false, label: "", channel: { name: wire.channel.name, hue: hueOf(wire.channel.name) } },
  };
}
