/** The flow's channels: who publishes, who listens, and whether other flows hear it too. */
import { Plus, X } from "lucide-react";
import { addChannel, freeEnds, nodeOf, putChannel, removeChannel } from "@/document";
import type { FlowChannel, PortReference } from "@/shared/protocol";
import { Button, IconButton, ProblemSign } from "@/shared/ui";
import { useDraft, useMake, useProblems } from "../context";
import { newId } from "../draft";

export function Channels() {
  const doc = useDraft((draft) => draft.doc);
  const problems = useProblems();
  const plan = useMake();
  return (
    <section className="sect grid gap-3" data-testid="channels">
      <h3 className="sect-title m-0">Channels {doc.channels.length > 0 && <span className="count">{doc.channels.length}</span>}</h3>
      {doc.channels.map((channel, index) => (
        <OneChannel key={channel.id} channel={channel} wrong={problems.filter(({ pointer }) => pointer === `/channels/${index}` || pointer.startsWith(`/channels/${index}/`)).map(({ message }) => message)} />
      ))}
      <Button size="small" tone="quiet" icon={Plus} className="justify-self-start" data-testid="add-channel" onClick={() => plan((now) => addChannel(now, newId))}>Add a channel</Button>
      {doc.channels.length === 0 && <p className="help m-0">What an output port publishes goes to every input port that listens, without a wire across the canvas.</p>}
    </section>
  );
}

function OneChannel({ channel, wrong }: { channel: FlowChannel; wrong: readonly string[] }) {
  const plan = useMake();
  const put = (next: FlowChannel, key: string | null = null) => plan((now) => putChannel(now, next), key);
  return (
    <div className="channel" data-testid="channel">
      <div className="flex items-center gap-1">
        <input key={channel.name} className="input" aria-label="Name of the channel" defaultValue={channel.name} onBlur={(event) => event.target.value !== channel.name && !put({ ...channel, name: event.target.value }) && (event.target.value = channel.name)} onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()} />
        <IconButton icon={X} size="small" label={`Remove ${channel.name}`} onClick={() => plan((now) => removeChannel(now, channel.id))} />
      </div>
      <Ends channel={channel} side="publishers" title="Publish" onChange={(publishers) => put({ ...channel, publishers })} />
      <Ends channel={channel} side="subscribers" title="Listen" onChange={(subscribers) => put({ ...channel, subscribers })} />
      <label className="flex items-center gap-2">
        <input
          type="checkbox" role="switch" className="switch" checked={channel.shared === true}
          onChange={(event) => put(event.target.checked ? { ...channel, shared: true } : { id: channel.id, name: channel.name, publishers: channel.publishers, subscribers: channel.subscribers })}
        />
        <span>Other flows hear it too</span>
      </label>
      {channel.shared === true && <span className="help">Each value also starts the flows whose trigger listens to <span className="mono">{channel.name}</span>.</span>}
      {wrong.map((message) => <div key={message} className="help-bad"><ProblemSign /><span>{message}</span></div>)}
    </div>
  );
}

function Ends({ channel, side, title, onChange }: { channel: FlowChannel; side: "publishers" | "subscribers"; title: string; onChange: (ends: PortReference[]) => void }) {
  const doc = useDraft((draft) => draft.doc);
  const free = freeEnds(doc, channel, side);
  return (
    <div className="field">
      <span className="field-label">{title}</span>
      <ul className="channel-ends">
        {channel[side].map((end) => (
          <li key={`${end.nodeId} ${end.port}`} className="chip">{nodeOf(doc, end.nodeId)?.name ?? "?"} <span className="mono">{end.port}</span>
            <button type="button" aria-label={`Remove ${nodeOf(doc, end.nodeId)?.name ?? "it"}`} onClick={() => onChange(channel[side].filter((other) => other !== end))}><X className="icon icon-12" aria-hidden /></button>
          </li>
        ))}
      </ul>
      <select className="select" aria-label={`${title} here too`} value="" onChange={(event) => { const end = free[Number(event.target.value)]; if (end) onChange([...channel[side], { nodeId: end.nodeId, port: end.port }]); }}>
        <option value="">{side === "publishers" ? "Add an output" : "Add an input"}</option>
        {free.map((end, index) => <option key={`${end.nodeId} ${end.port}`} value={index}>{end.label}</option>)}
      </select>
    </div>
  );
}
