/** Who of the project's other flows publishes to a channel, or starts by it. Reads whole flows, only when somebody asks. */
import { Workflow } from "lucide-react";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { listensTo } from "@/document";
import { api, type Flow } from "@/shared/protocol";

/** Flows read for one answer; a project with more is told so. */
const MOST = 100;
const AT_ONCE = 4;

interface Found {
  flows: { id: string; name: string; nodeId: string }[];
  more: boolean;
}

export function ChannelElsewhere({ name, who, flowId }: { name: string; who: "publishers" | "listeners"; flowId: string | null }) {
  const [found, setFound] = useState<Found | "failed" | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    look(name, who, flowId, stop.signal).then(setFound, () => {
      if (!stop.signal.aborted) setFound("failed");
    });
    return () => stop.abort();
  }, [name, who, flowId]);
  return (
    <div data-testid="channel-elsewhere">
      <div className="menu-title">{who === "publishers" ? "Other flows that publish" : "Other flows that start by it"}</div>
      {found === null ? <p className="channel-none">Looking through the project’s flows</p> : found === "failed" ? <p className="channel-none">The server did not answer. Close this and try again.</p> : (
        <>
          {found.flows.map((flow) => (
            <Link key={flow.id} className="menu-item" to={`/flows/${flow.id}?node=${flow.nodeId}`}>
              <Workflow className="icon" aria-hidden />
              <span className="cut">{flow.name}</span>
            </Link>
          ))}
          {found.flows.length === 0 && <p className="channel-none">None</p>}
          {found.more && <p className="channel-none">The newest {MOST} flows were looked through.</p>}
        </>
      )}
    </div>
  );
}

async function look(name: string, who: "publishers" | "listeners", self: string | null, signal: AbortSignal): Promise<Found> {
  const { data: page } = await api.flows.list({ pageSize: MOST, signal });
  const others = page.items.filter(({ id }) => id !== self);
  const flows: Found["flows"] = [];
  for (let at = 0; at < others.length; at += AT_ONCE) {
    const whole = await Promise.all(others.slice(at, at + AT_ONCE).map(({ id }) => api.flows.get(id, { signal }).then(({ data }) => data, () => null)));
    for (const flow of whole) {
      const nodeId = flow && placeIn(flow, name, who);
      if (flow && nodeId !== undefined && nodeId !== null) flows.push({ id: flow.id, name: flow.name, nodeId });
    }
  }
  return { flows, more: page.nextPageToken !== null };
}

function placeIn(flow: Flow, name: string, who: "publishers" | "listeners"): string | undefined {
  if (who === "listeners") return flow.nodes.find((node) => listensTo(node) === name)?.id;
  return flow.channels.find((channel) => channel.shared === true && channel.name === name)?.publishers[0]?.nodeId;
}
