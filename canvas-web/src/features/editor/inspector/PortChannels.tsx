/** The channels of one port: what an output publishes to, what an input listens to. A name that is new makes a channel. */
import { X } from "lucide-react";
import { useId, useState } from "react";
import { channelsAt, joinChannel, leaveChannel, shareChannel, type ChannelSide } from "@/document";
import type { FlowNode } from "@/shared/protocol";
import { IconButton } from "@/shared/ui";
import { useDraft, useMake } from "../context";
import { newId } from "../draft";

const words = {
  publishers: { does: "publishes to", open: "Publish to a channel", shared: "Other flows hear it too" },
  subscribers: { does: "listens to", open: "Listen to a channel", shared: "" },
} as const;

export function PortChannels({ node, side, port }: { node: FlowNode; side: ChannelSide; port: string }) {
  const all = useDraft((draft) => draft.doc.channels);
  const plan = useMake();
  const [asking, setAsking] = useState(false);
  const list = useId();
  const end = { nodeId: node.id, port };
  const own = channelsAt(all, end, side);
  const { does, open, shared } = words[side];
  const done = (name: string) => {
    setAsking(false);
    if (name.trim() !== "") plan((doc) => joinChannel(doc, end, side, name, newId));
  };
  return (
    <div className="port-channels" data-testid={`port-channels-${side}-${port}`}>
      {own.map((channel) => (
        <div key={channel.id} className="port-channel">
          <span className="cut">{does} <b>{channel.name}</b></span>
          {shared !== "" && (
            <label className="port-shared" data-tip={shared}>
              <input type="checkbox" role="switch" className="switch" aria-label={`${shared}: ${channel.name}`} checked={channel.shared === true} onChange={(event) => plan((doc) => shareChannel(doc, channel.id, event.target.checked))} />
              <span>shared</span>
            </label>
          )}
          <IconButton icon={X} size="small" label={`${port} no longer ${does} ${channel.name}`} onClick={() => plan((doc) => leaveChannel(doc, end, side, channel.id))} />
        </div>
      ))}
      {asking ? (
        <>
          <input
            className="input" list={list} aria-label={`${open}, from ${port}`} placeholder={all.length > 0 ? "Choose one, or type a new name" : "Name of the new channel"} autoFocus spellCheck={false} maxLength={200}
            data-testid="channel-name"
            onBlur={(event) => done(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") event.currentTarget.blur();
              if (event.key === "Escape") {
                event.stopPropagation();
                setAsking(false);
              }
            }}
          />
          <datalist id={list}>{all.filter((channel) => !own.includes(channel)).map((channel) => <option key={channel.id} value={channel.name} />)}</datalist>
        </>
      ) : (
        <button type="button" className="link justify-self-start text-micro" onClick={() => setAsking(true)}>{own.length > 0 ? "And another" : open}</button>
      )}
    </div>
  );
}
