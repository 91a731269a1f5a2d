/** One flow as a row: what it is, how its last runs went, which version is the newest, what is unfinished. */
import { Copy, Download, Ellipsis, Pencil, SquarePen, Trash2, Activity } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import type { Execution, Flow, FlowSummary } from "@/shared/protocol";
import { ago, useNow, when } from "@/shared/time";
import { Chip, duration, IconButton, KindTile, kindOf, MenuButton, ProblemSign, shownStatus, StatusBadge } from "@/shared/ui";
import { useDetail } from "./details";
import { tookMs } from "./recent";
import { Spark } from "./Spark";

export interface FlowActions {
  rename: (flow: FlowSummary) => void;
  duplicate: (flow: FlowSummary) => void;
  download: (flow: FlowSummary) => void;
  remove: (flow: FlowSummary) => void;
}

export function FlowRow({ flow, runs, runsKnown, actions }: { flow: FlowSummary; runs: readonly Execution[]; runsKnown: boolean; actions: FlowActions }) {
  const row = useRef<HTMLTableRowElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = row.current;
    if (!element) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
    }, { rootMargin: "200px" });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const navigate = useNavigate();
  const detail = useDetail(flow, seen);
  const last = runs[0];
  const moving = last !== undefined && last.endedAt === null;
  const now = useNow(true, moving ? 500 : 10_000);
  const trigger = detail?.nodes.find((node) => node.type === "trigger");
  const errors = flow.problems.filter((problem) => problem.severity === "error").length;
  const warnings = flow.problems.length - errors;
  return (
    <tr
      ref={row}
      data-testid={`flow-row-${flow.name}`}
      onClick={(event) => {
        if (!(event.target instanceof Element) || event.target.closest("a, button") === null) void navigate(`/flows/${flow.id}`);
      }}
    >
      <td>
        <span className="flex min-w-0 items-center gap-3">
          <KindTile look={kindOf("trigger", trigger?.handlers["main"]?.entrypoint)} />
          <span className="flex min-w-0 flex-col">
            <Link className="cut font-semibold text-ink" to={`/flows/${flow.id}`}>{flow.name}</Link>
            <span className="cut text-small text-ink-3">{subtitle(flow, detail)}</span>
          </span>
        </span>
      </td>
      <td>
        {last === undefined ? <span className="text-ink-3">{runsKnown ? "No runs yet" : ""}</span> : (
          <Link to={`/runs/${last.id}`} className="home-last">
            <StatusBadge plain status={shownStatus(last.status, last.error?.type)} />
            <span className="home-last-when">{lastWords(last, now)}</span>
          </Link>
        )}
      </td>
      <td className="home-spark"><Spark runs={runs} now={now} /></td>
      <td className="home-version">{flow.latestVersion === null ? <Chip none>draft</Chip> : <Chip>v{flow.latestVersion}</Chip>}</td>
      <td className="home-problems">
        {errors > 0 ? <span className="home-count text-failed"><ProblemSign />{errors}</span> : warnings > 0 ? <span className="home-count text-waiting"><ProblemSign severity="warning" />{warnings}</span> : <span className="text-ink-3">none</span>}
      </td>
      <td className="home-edited text-ink-2" title={when(Date.parse(flow.updatedAt), now)}>{ago(Date.parse(flow.updatedAt), now)}</td>
      <td className="home-more">
        <MenuButton
          label={`More for ${flow.name}`}
          alignEnd
          entries={[
            { label: "Open", icon: SquarePen, run: () => void navigate(`/flows/${flow.id}`) },
            { label: "Runs", icon: Activity, run: () => void navigate(`/flows/${flow.id}/runs`) },
            "separator",
            { label: "Rename", icon: Pencil, run: () => actions.rename(flow), testId: "flow-rename" },
            { label: "Duplicate", icon: Copy, run: () => actions.duplicate(flow), testId: "flow-duplicate" },
            { label: "Export as a file", icon: Download, run: () => actions.download(flow), testId: "flow-export" },
            "separator",
            { label: "Delete", icon: Trash2, danger: true, run: () => actions.remove(flow), testId: "flow-delete" },
          ]}
        >
          {(props) => <IconButton icon={Ellipsis} label={`More for ${flow.name}`} {...props} />}
        </MenuButton>
      </td>
    </tr>
  );
}

function subtitle(flow: FlowSummary, detail: Flow | null): string {
  if (flow.description !== "") return flow.description.split(/(?<=[.!?])\s/)[0] ?? flow.description;
  if (detail === null) return "\u00a0";
  const steps = detail.nodes.length;
  if (steps === 0) return "Empty so far";
  const triggers = detail.nodes.filter((node) => node.type === "trigger").map((node) => node.name);
  return `${triggers[0] ?? "No trigger"}, ${steps === 1 ? "one node" : `${steps} nodes`}`;
}

function lastWords(run: Execution, now: number): string {
  const took = tookMs(run, now);
  if (run.endedAt === null) return took === null ? "about to start" : `${duration(took)} so far`;
  return [ago(Date.parse(run.endedAt), now), took === null ? "" : duration(took)].filter(Boolean).join(", ");
}
