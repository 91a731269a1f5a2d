/** Channels of a drawing: named ways from output ports to input ports, without wires. Pure. */
import type { FlowChannel, FlowEdge, FlowNode, PortReference } from "@/shared/protocol/types";
import { refuse, samePort, type Edit, type FlowDoc, type NewId, type Plan } from "./model";
import { declaredOutputs, ERROR_PORT, hasErrorPort, inputPorts, outputPorts } from "./ports";

export type ChannelSide = "publishers" | "subscribers";

const changed = (channels: readonly FlowChannel[], label: string): Plan => ({ ok: true, label, edits: [{ kind: "setFlow", patch: { channels } }] });

export function addChannel(doc: FlowDoc, newId: NewId): Plan {
  const taken = new Set(doc.channels.map((channel) => channel.name));
  let n = doc.channels.length + 1;
  while (taken.has(`channel ${n}`)) n += 1;
  return changed([...doc.channels, { id: newId(), name: `channel ${n}`, publishers: [], subscribers: [] }], "Add a channel");
}

export function putChannel(doc: FlowDoc, channel: FlowChannel): Plan {
  const name = channel.name.trim();
  if (name === "") return refuse("A channel needs a name.");
  if (doc.channels.some((other) => other.id !== channel.id && other.name === name)) return refuse(`Another channel is called ${name}.`);
  return changed(doc.channels.map((other) => (other.id === channel.id ? { ...channel, name } : other)), `Change channel ${name}`);
}

export function removeChannel(doc: FlowDoc, id: string): Plan {
  return changed(doc.channels.filter((channel) => channel.id !== id), "Remove a channel");
}

/** Whether values of the channel also start other flows. */
export function shareChannel(doc: FlowDoc, id: string, shared: boolean): Plan {
  const channel = doc.channels.find((other) => other.id === id);
  if (!channel) return refuse("That channel is gone.");
  const { id: own, name, publishers, subscribers } = channel;
  return putChannel(doc, { id: own, name, publishers, subscribers, ...(shared ? { shared } : {}) });
}

/** A port publishes to the channel of this name, or listens to it; where there is none, it is made. */
export function joinChannel(doc: FlowDoc, end: PortReference, side: ChannelSide, called: string, newId: NewId): Plan {
  const name = called.trim();
  if (name === "") return refuse("A channel needs a name.");
  const label = side === "publishers" ? `Publish to ${name}` : `Listen to ${name}`;
  const known = doc.channels.find((channel) => channel.name === name);
  if (known?.[side].some((other) => samePort(other, end))) return refuse(side === "publishers" ? `It publishes to ${name} already.` : `It listens to ${name} already.`);
  if (known) return changed(doc.channels.map((channel) => (channel === known ? { ...channel, [side]: [...channel[side], end] } : channel)), label);
  const made: FlowChannel = { id: newId(), name, publishers: [], subscribers: [] };
  return changed([...doc.channels, { ...made, [side]: [end] }], label);
}

/** The channel goes with its last port. */
export function leaveChannel(doc: FlowDoc, end: PortReference, side: ChannelSide, id: string): Plan {
  const channels = doc.channels.map((channel) => (channel.id === id ? { ...channel, [side]: channel[side].filter((other) => !samePort(other, end)) } : channel));
  return changed(channels.filter((channel) => channel.id !== id || channel.publishers.length + channel.subscribers.length > 0), "Leave a channel");
}

export function channelsAt(channels: readonly FlowChannel[], end: PortReference, side: ChannelSide): readonly FlowChannel[] {
  return channels.filter((channel) => channel[side].some((other) => samePort(other, end)));
}

/** What takes nodes, or ports of theirs, out of the channels, or gives them another key: the server refuses a channel to nowhere. */
export function channelEdits(doc: FlowDoc, now: (end: PortReference, side: ChannelSide) => PortReference | null): Edit[] {
  const ends = (channel: FlowChannel, side: ChannelSide) => {
    const next = channel[side].flatMap((end) => now(end, side) ?? []);
    return next.length === channel[side].length && next.every((end, index) => end === channel[side][index]) ? channel[side] : next;
  };
  const channels = doc.channels.map((channel): FlowChannel => {
    const [publishers, subscribers] = [ends(channel, "publishers"), ends(channel, "subscribers")];
    return publishers === channel.publishers && subscribers === channel.subscribers ? channel : { ...channel, publishers, subscribers };
  });
  return channels.some((channel, index) => channel !== doc.channels[index]) ? [{ kind: "setFlow", patch: { channels } }] : [];
}

/** What copies of nodes belong to: the channels their originals were in, by name. New channels where the flow has none of that name. */
export function withCopies(doc: FlowDoc, from: readonly FlowChannel[], ids: ReadonlyMap<string, string>, newId: NewId): Edit[] {
  const copied = (ends: readonly PortReference[]) => ends.flatMap((end) => {
    const nodeId = ids.get(end.nodeId);
    return nodeId === undefined ? [] : [{ ...end, nodeId }];
  });
  let channels = doc.channels;
  for (const channel of from) {
    const [publishers, subscribers] = [copied(channel.publishers), copied(channel.subscribers)];
    if (publishers.length + subscribers.length === 0) continue;
    const known = channels.find((other) => other.name === channel.name);
    channels = known
      ? channels.map((other) => (other === known ? { ...other, publishers: [...other.publishers, ...publishers], subscribers: [...other.subscribers, ...subscribers] } : other))
      : [...channels, { ...channel, id: newId(), publishers, subscribers }];
  }
  return channels === doc.channels ? [] : [{ kind: "setFlow", patch: { channels } }];
}

export interface ChannelEnd extends PortReference {
  label: string;
}

/** Every port that may publish, or subscribe, and is not in the channel yet. */
export function freeEnds(doc: FlowDoc, channel: FlowChannel, side: ChannelSide): ChannelEnd[] {
  return doc.nodes.flatMap((node) => {
    const ports = side === "publishers" ? outputPorts(node) : inputPorts(node);
    return ports.flatMap((port): ChannelEnd[] => {
      const end = { nodeId: node.id, port: port.key };
      return channel[side].some((other) => samePort(other, end)) ? [] : [{ ...end, label: endLabel(node, side, port.key) }];
    });
  });
}

/** A node's name, with the port where it has several on that side. */
export function endLabel(node: FlowNode, side: ChannelSide, port: string): string {
  // Every action has the port error: only where it is meant does it need a word.
  const several = side === "publishers" ? declaredOutputs(node).length > 1 || (port === ERROR_PORT && hasErrorPort(node)) : inputPorts(node).length > 1;
  return several ? `${node.name}, port ${port}` : node.name;
}

/** An edge that nobody drew. */
export interface ChannelWire extends FlowEdge {
  channel: FlowChannel;
}

interface Wired {
  edges: readonly FlowEdge[];
  channels?: readonly FlowChannel[];
}

const known = new WeakMap<readonly FlowChannel[], { edges: readonly FlowEdge[]; wires: ChannelWire[]; all: readonly FlowEdge[] }>();
const NONE: readonly ChannelWire[] = [];
const wireKey = (source: PortReference, target: PortReference) => `${source.nodeId}.${source.port} ${target.nodeId}.${target.port}`;

/** The wires that channels stand for, in their order, without those that an edge or an earlier channel has. */
export function channelWires(flow: Wired): readonly ChannelWire[] {
  return flow.channels === undefined || flow.channels.length === 0 ? NONE : wiresFor(flow.edges, flow.channels).wires;
}

/** All edges of a flow: those drawn, then those that its channels stand for. What reaches what goes along both. */
export function allWires(flow: Wired): readonly FlowEdge[] {
  return flow.channels === undefined || flow.channels.length === 0 ? flow.edges : wiresFor(flow.edges, flow.channels).all;
}

function wiresFor(edges: readonly FlowEdge[], channels: readonly FlowChannel[]) {
  const kept = known.get(channels);
  if (kept?.edges === edges) return kept;
  const taken = new Set(edges.map((edge) => wireKey(edge.source, edge.target)));
  const wires: ChannelWire[] = [];
  for (const channel of channels) {
    for (const target of channel.subscribers) {
      for (const source of channel.publishers) {
        const key = wireKey(source, target);
        if (taken.has(key)) continue;
        taken.add(key);
        wires.push({ id: `${channel.id} ${key}`, source, target, channel });
      }
    }
  }
  const made = { edges, wires, all: [...edges, ...wires] };
  known.set(channels, made);
  return made;
}

/** The project's channel a trigger listens to, null for any other node. */
export function listensTo(node: FlowNode): string | null {
  const main = node.handlers["main"];
  const name = main?.entrypoint === "core:channel" ? main.config?.["channel"] : null;
  return typeof name === "string" && name !== "" ? name : null;
}
