/** What the nodes said: log lines and what they printed, by level and text. */
import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import type { ExecutionEvent, FlowNode, LogLevel } from "@/shared/protocol";
import { nodeOf, preview } from "./model/eventWords";
import { timeOf } from "@/shared/time";
import { offset } from "./model/words";
import { VirtualList } from "./VirtualList";

export interface LogLine {
  id: string;
  at: number;
  level: LogLevel | "stdout" | "stderr";
  nodeId: string | null;
  text: string;
}

type Wanted = LogLevel | "printed";
const LEVELS: { key: Wanted; label: string }[] = [
  { key: "debug", label: "All" },
  { key: "info", label: "Info" },
  { key: "warning", label: "Warnings" },
  { key: "error", label: "Errors" },
  { key: "printed", label: "Printed" },
];
const fits = (line: LogLine, wanted: Wanted): boolean => (wanted === "printed" ? line.level === "stdout" || line.level === "stderr" : RANK[line.level] >= RANK[wanted]);
const RANK: Record<LogLine["level"], number> = { debug: 0, stdout: 1, info: 1, stderr: 2, warning: 2, error: 3 };

export function logLines(events: readonly ExecutionEvent[], nodeId: string | null = null): LogLine[] {
  return events.flatMap((event): LogLine[] => {
    if (event.type === "log" && event.payload) {
      const { level, message, nodeId: from = null } = event.payload;
      return nodeId !== null && from !== nodeId ? [] : [{ id: event.id, at: timeOf(event.timestamp), level, nodeId: from, text: message }];
    }
    if (event.type === "runtime.output" && event.payload && event.payload.stream !== "custom") {
      const from = nodeOf(event);
      // In a node's own panel what it printed has a tab of its own.
      if (nodeId !== null) return [];
      const { data } = event.payload;
      const text = typeof data === "object" && data !== null && !Array.isArray(data) && typeof data["text"] === "string" ? data["text"] : preview(data, 2000);
      return [{ id: event.id, at: timeOf(event.timestamp), level: event.payload.stream, nodeId: from, text }];
    }
    return [];
  });
}

export function LogsTab({ events, count, revision, nodes, startedAt, selected, onSelect }: {
  events: readonly ExecutionEvent[];
  /** How many of them had happened at the moment looked at. */
  count: number;
  revision: number;
  nodes: readonly FlowNode[];
  startedAt: number | null;
  selected: string | null;
  onSelect: (nodeId: string) => void;
}) {
  const [level, setLevel] = useState<Wanted>("info");
  const [text, setText] = useState("");
  const [onlyNode, setOnlyNode] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const names = useMemo(() => new Map(nodes.map((node) => [node.id, node.name])), [nodes]);
  // The list grows in place: the revision says when.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const all = useMemo(() => logLines(count < events.length ? events.slice(0, count) : events), [events, revision, count]);
  const nodeFilter = onlyNode ? selected : null;
  const shown = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return all.filter((line) => fits(line, level) && (nodeFilter === null || line.nodeId === nodeFilter) && (wanted === "" || line.text.toLowerCase().includes(wanted)));
  }, [all, level, text, nodeFilter]);
  const opened = shown.find((line) => line.id === open);
  return (
    <div className="flex min-h-0 flex-1">
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <div className="dock-filter">
          <div className="input-box max-w-64"><Search className="icon" aria-hidden /><input value={text} onChange={(event) => setText(event.target.value)} placeholder="Search logs" aria-label="Search logs" /></div>
          <div className="seg" role="radiogroup" aria-label="Level">
            {LEVELS.map(({ key, label }) => (
              <button key={key} type="button" role="radio" aria-checked={level === key} onClick={() => setLevel(key)}>{label}<span className="count">{all.filter((line) => fits(line, key)).length}</span></button>
            ))}
          </div>
          {selected !== null && (
            <label className="flex items-center gap-2 text-small"><input type="checkbox" className="check" checked={onlyNode} onChange={(event) => setOnlyNode(event.target.checked)} />Only {names.get(selected) ?? "this node"}</label>
          )}
        </div>
        {shown.length === 0 ? <p className="px-4 py-3 text-ink-3">{all.length === 0 ? "Nothing was logged or printed. Code logs with ctx.log." : level !== "debug" && text === "" ? "Nothing at this level. All shows the quieter lines too." : "No line says that."}</p> : (
          <VirtualList
            count={shown.length}
            rowHeight={24}
            label="Log lines"
            follow
            row={(index) => {
              const line = shown[index];
              return line === undefined ? null : (
                <button type="button" className="log-row" data-testid="log-row" data-level={line.level} aria-pressed={line.id === open} onClick={() => { setOpen(line.id === open ? null : line.id); if (line.nodeId !== null) onSelect(line.nodeId); }}>
                  <span className="ev-time">{offset(line.at, startedAt)}</span>
                  <span className={`log-level log-${line.level}`}>{line.level}</span>
                  <span className="ev-node cut">{line.nodeId === null ? "" : (names.get(line.nodeId) ?? line.nodeId.slice(0, 8))}</span>
                  <span className="log-text cut">{line.text}</span>
                </button>
              );
            }}
          />
        )}
      </div>
      {opened !== undefined && opened.text.length > 80 && <aside className="dock-detail" aria-label="The whole line"><pre className="code">{opened.text}</pre></aside>}
    </div>
  );
}
