/** Every event of the run, in order; a click looks at the run as it stood then. */
import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import { api, type ExecutionEvent, type FlowNode } from "@/shared/protocol";
import { JsonTree, StatusSign } from "@/shared/ui";
import { type EventGroup, groupOf, nodeOf, wordsOf } from "./model/eventWords";
import { timeOf } from "@/shared/time";
import { offset } from "./model/words";
import { VirtualList } from "./VirtualList";

const GROUPS: { key: EventGroup | "all"; label: string }[] = [
  { key: "all", label: "All" },
  { key: "run", label: "Run" },
  { key: "node", label: "Nodes" },
  { key: "log", label: "Logs" },
  { key: "output", label: "Output" },
  { key: "metric", label: "Metrics" },
];

export function EventsTab({ events, revision, nodes, startedAt, at, onAt, selected }: {
  events: readonly ExecutionEvent[];
  revision: number;
  nodes: readonly FlowNode[];
  startedAt: number | null;
  /** The event the page looks at; null: the newest. */
  at: string | null;
  onAt: (eventId: string) => void;
  selected: string | null;
}) {
  const [group, setGroup] = useState<EventGroup | "all">("all");
  const [text, setText] = useState("");
  const [onlyNode, setOnlyNode] = useState(false);
  const names = useMemo(() => new Map(nodes.map((node) => [node.id, node.name])), [nodes]);
  const nodeFilter = onlyNode ? selected : null;
  const shown = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    if (group === "all" && wanted === "" && nodeFilter === null) return events.slice();
    return events.filter((event) => {
      if (group !== "all" && groupOf(event) !== group) return false;
      const nodeId = nodeOf(event);
      if (nodeFilter !== null && nodeId !== nodeFilter) return false;
      if (wanted === "") return true;
      const words = wordsOf(event);
      return `${event.type} ${words.what} ${words.detail} ${nodeId === null ? "" : (names.get(nodeId) ?? nodeId)}`.toLowerCase().includes(wanted);
    });
    // The list grows in place: the revision says when.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [events, revision, group, text, nodeFilter, names]);
  const current = at === null ? null : shown.findIndex((event) => event.id === at);
  const open = current !== null && current >= 0 ? shown[current] : undefined;
  return (
    <div className="flex min-h-0 flex-1">
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <div className="dock-filter">
          <div className="input-box max-w-64"><Search className="icon" aria-hidden /><input value={text} onChange={(event) => setText(event.target.value)} placeholder="Search events" aria-label="Search events" /></div>
          <div className="seg" role="radiogroup" aria-label="Kind of event">
            {GROUPS.map(({ key, label }) => (
              <button key={key} type="button" role="radio" aria-checked={group === key} onClick={() => setGroup(key)}>{label}</button>
            ))}
          </div>
          {selected !== null && (
            <label className="flex items-center gap-2 text-small"><input type="checkbox" className="check" checked={onlyNode} onChange={(event) => setOnlyNode(event.target.checked)} />Only {names.get(selected) ?? "this node"}</label>
          )}
          <span className="ml-auto text-small text-ink-3">{shown.length === events.length ? `${events.length.toLocaleString("en")} events` : `${shown.length.toLocaleString("en")} of ${events.length.toLocaleString("en")}`}</span>
        </div>
        {shown.length === 0 ? <p className="px-4 py-3 text-ink-3">{events.length === 0 ? "No events yet." : "No event says that."}</p> : (
          <VirtualList
            count={shown.length}
            rowHeight={26}
            label="Events"
            follow={at === null}
            reveal={current}
            row={(index) => {
              const event = shown[index];
              if (event === undefined) return null;
              const words = wordsOf(event);
              return (
                <button type="button" className="ev-row" data-testid="event-row" data-type={event.type} aria-pressed={event.id === at} onClick={() => onAt(event.id)}>
                  <span className="ev-time">{offset(timeOf(event.timestamp), startedAt)}</span>
                  <span className="ev-type">{event.type}</span>
                  <span className="ev-node cut">{words.nodeId === null ? "" : (names.get(words.nodeId) ?? words.nodeId.slice(0, 8))}</span>
                  <span className="ev-what">{words.status ? <StatusSign status={words.status} /> : <i className="ev-nosign" />}{words.what}</span>
                  <span className="ev-detail cut">{words.detail}</span>
                </button>
              );
            }}
          />
        )}
      </div>
      {open !== undefined && (
        <aside className="dock-detail" aria-label="The event">
          <JsonTree key={open.id} value={open} name={open.type} open={3} onLoadReference={(reference) => api.values.get(reference)} />
        </aside>
      )}
    </div>
  );
}
