/** Who publishes to a channel and who listens, with a way to each. In the editor also its name, and whether other flows hear it. */
import { useState } from "react";
import { channelWires, endLabel, listensTo, type ChannelSide } from "@/document";
import type { FlowChannel, FlowNode } from "@/shared/protocol/types";
import { KindTile, kindOf, Popover } from "@/shared/ui";
import { hueOf } from "./channels";
import type { OpenTag } from "./ChannelTags";
import type { GraphFlow, GraphViewProps } from "./types";

interface Props {
  open: OpenTag;
  flow: GraphFlow;
  editing: NonNullable<GraphViewProps["editing"]>["channels"] | undefined;
  elsewhere: GraphViewProps["channelElsewhere"];
  onGo: (nodeId: string) => void;
  onRenamed: (name: string) => void;
  onClose: () => void;
}

export function ChannelList({ open, flow, editing, elsewhere, onGo, onRenamed, onClose }: Props) {
  return (
    <Popover at={open.at} label={`Channel ${open.tag.names.join(", ")}`} onClose={onClose} className="channel-list">
      <div data-testid="channel-list">
        {open.tag.names.map((name) => {
          const channel = flow.channels?.find((other) => other.name === name);
          return <OneChannel key={channel?.id ?? name} {...{ name, channel, flow, editing, elsewhere, onGo, onRenamed }} />;
        })}
      </div>
    </Popover>
  );
}

function OneChannel({ name, channel, flow, editing, elsewhere, onGo, onRenamed }: Omit<Props, "open" | "onClose"> & { name: string; channel: FlowChannel | undefined }) {
  const [typed, setTyped] = useState<string | null>(null);
  const rename = () => {
    const wanted = typed?.trim() ?? "";
    setTyped(null);
    if (channel && wanted !== "" && wanted !== name && editing?.onRename(channel.id, wanted)) onRenamed(wanted);
  };
  // A trigger here that listens to it as other flows do.
  const triggers = flow.nodes.filter((node) => listensTo(node) === name);
  const wires = channel ? channelWires(flow).filter((wire) => wire.channel === channel).length : 0;
  return (
    <section className="channel-one" style={{ "--hue": hueOf(name) } as React.CSSProperties}>
      <div className="channel-name">
        <i aria-hidden />
        {channel && editing ? (
          <input className="input" aria-label="Name of the channel" value={typed ?? name} onChange={(event) => setTyped(event.target.value)} onBlur={rename} onKeyDown={(event) => { event.stopPropagation(); if (event.key === "Enter") rename(); }} />
        ) : <b className="cut">{name}</b>}
      </div>
      {channel && <Ends title="Publish" none="Nobody yet" side="publishers" channel={channel} flow={flow} onGo={onGo} />}
      {channel && <Ends title="Listen" none="Nobody yet" side="subscribers" channel={channel} flow={flow} onGo={onGo} />}
      {triggers.length > 0 && (channel === undefined || channel.shared === true) && <Rows title="Starts a run here" nodes={triggers.map((node) => ({ node, text: node.name }))} onGo={onGo} />}
      {channel && editing && (
        <label className="channel-shared">
          <input type="checkbox" role="switch" className="switch" checked={channel.shared === true} onChange={(event) => editing.onShare(channel.id, event.target.checked)} />
          <span>Other flows hear it too</span>
        </label>
      )}
      {channel && wires === 0 && channel.publishers.length > 0 && channel.subscribers.length > 0 && <p className="help m-0">Wires that are drawn carry all of it already.</p>}
      {(channel === undefined || channel.shared === true) && elsewhere?.(name, channel === undefined ? "publishers" : "listeners")}
    </section>
  );
}

function Ends({ title, none, side, channel, flow, onGo }: { title: string; none: string; side: ChannelSide; channel: FlowChannel; flow: GraphFlow; onGo: (nodeId: string) => void }) {
  const rows = channel[side].flatMap((end) => {
    const node = flow.nodes.find((other) => other.id === end.nodeId);
    return node ? [{ node, text: endLabel(node, side, end.port) }] : [];
  });
  return rows.length > 0 ? <Rows title={title} nodes={rows} onGo={onGo} /> : <><div className="menu-title">{title}</div><p className="channel-none">{none}</p></>;
}

function Rows({ title, nodes, onGo }: { title: string; nodes: readonly { node: FlowNode; text: string }[]; onGo: (nodeId: string) => void }) {
  return (
    <>
      <div className="menu-title">{title}</div>
      {nodes.map(({ node, text }) => (
        <button key={text} type="button" className="menu-item" data-testid={`channel-go-${node.name}`} onClick={() => onGo(node.id)}>
          <KindTile look={kindOf(node.type, node.handlers["main"]?.entrypoint)} />
          <span className="cut">{text}</span>
        </button>
      ))}
    </>
  );
}
