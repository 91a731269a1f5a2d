/** Channels of a drawing: named ways from output ports to input ports, without wires. Pure. */
import type { FlowChannel, FlowNode, PortReference } from "@/shared/protocol/types";
import { refuse, samePort, type Edit, type FlowDoc, type NewId, type Plan } from "./model";
import { declaredOutputs, inputPorts } from "./ports";

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

/** What takes nodes, or ports of theirs, out of the channels: the server refuses a channel to nowhere. */
export function channelEdits(doc: FlowDoc, keeps: (end: PortReference, side: "publishers" | "subscribers") => boolean): Edit[] {
  const channels = doc.channels.map((channel): FlowChannel => {
    const publishers = channel.publishers.filter((end) => keeps(end, "publishers"));
    const subscribers = channel.subscribers.filter((end) => keeps(end, "subscribers"));
    const same = publishers.length === channel.publishers.length && subscribers.length === channel.subscribers.length;
    return same ? channel : { ...channel, publishers, subscribers };
  });
  return channels.some((channel, index) => channel !== doc.channels[index]) ? [{ kind: "setFlow", patch: { channels } }] : [];
}

export interface ChannelEnd extends PortReference {
  /** "Fetch", or "Fetch, port rows". */
  label: string;
}

/** Every port that may publish, or subscribe, and is not in the channel yet. */
export function freeEnds(doc: FlowDoc, channel: FlowChannel, side: "publishers" | "subscribers"): ChannelEnd[] {
  return doc.nodes.flatMap((node: FlowNode) => {
    const ports = side === "publishers" ? declaredOutputs(node) : inputPorts(node);
    return ports.flatMap((port): ChannelEnd[] => {
      const end = { nodeId: node.id, port: port.key };
      return channel[side].some((other) => samePort(other, end)) ? [] : [{ ...end, label: ports.length > 1 ? `${node.name}, port ${port.key}` : node.name }];
    });
  });
}

/** The channels as wires: what reaches what goes along them too. */
export function channelWires(channels: readonly FlowChannel[]): { id: string; source: PortReference; target: PortReference }[] {
  return channels.flatMap((channel) => channel.publishers.flatMap((source) => channel.subscribers.map((target) => ({ id: `${channel.id} ${source.nodeId}.${source.port} ${target.nodeId}.${target.port}`, source, target }))));
}
