/** One node of the run at the side: an error first, with what is safe and what to try; then its data, tries and logs. */
import { ChevronRight, Pencil, RotateCcw, X } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Link } from "react-router";
import type { ExecutionEvent, FlowNode, HandlerEntry, Json } from "@/shared/protocol";
import { Button, duration, IconButton, KindTile, kindOf, StatusBadge, StatusSign, Tabs } from "@/shared/ui";
import { ItemsTab } from "./ItemsTab";
import { type RoundChoice, RoundStepper } from "./ScopeBars";
import { roundOf } from "./model/view";
import { PrintedView, StreamView } from "./StreamView";
import { printedBy, streamOf } from "./model/streams";
import { WaitTab } from "./WaitTab";
import { inputOf, isMissing, type NodeDataProps, outputOf } from "./DataTab";
import { Recorded } from "./Recorded";
import { DataView } from "./DataView";
import { logLines } from "./LogsTab";
import { adviseOn } from "./model/advice";
import { wiredErrors } from "./model/flowing";
import { metricWords, shownMetrics } from "./model/metricWords";
import { maxAttempts } from "./model/ports";
import { hasFailed, type NodeRun, shownPhase } from "./model/runState";
import { clockTime } from "@/shared/time";
import { capital, many, offset, shortId } from "./model/words";

type PanelTab = "wait" | "stream" | "printed" | "items" | "output" | "input" | "tries" | "logs";

export interface NodePanelProps extends NodeDataProps {
  node: FlowNode;
  catalogue: readonly HandlerEntry[];
  events: readonly ExecutionEvent[];
  now: number;
  count: number;
  revision: number;
  lists: Readonly<Record<string, readonly Json[]>>;
  totals: Readonly<Record<string, number>>;
  onRound: RoundChoice["onRound"];
  onScope: (scope: string) => void;
  /** Null where the run cannot be run again from a node. */
  onRerun: (() => void) | null;
  flowId: string | null;
  onClose: () => void;
}

export function NodePanel(props: NodePanelProps) {
  const { node, catalogue, state, view, events, revision, now, onClose, onNeedActivations } = props;
  const run = state.nodes[node.id];
  const failed = run !== undefined && hasFailed(run.phase);
  const [chosen, setChosen] = useState<PanelTab | null>(null);
  const items = view.groups[node.id];
  const waited = run?.wait;
  const scope = view.scopes[node.id] ?? "";
  // The list grows in place: the revision says when.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const stream = useMemo(() => streamOf(events, node.id, scope, props.count), [events, revision, node.id, scope, props.count]);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const printed = useMemo(() => printedBy(events, node.id, scope, props.count), [events, revision, node.id, scope, props.count]);
  const streaming = stream.rows > 0 && run?.endedAt === null;
  const wanted = chosen ?? (streaming ? "stream" : run?.phase === "waiting" && waited !== undefined ? "wait" : failed && items === undefined ? "input" : items === undefined ? "output" : "items");
  const tab = (wanted === "items" && items === undefined) || (wanted === "wait" && waited === undefined) || (wanted === "stream" && stream.rows === 0) || (wanted === "printed" && printed.length === 0) ? "output" : wanted;
  const round = roundOf(view, node.id);
  const ended = run?.endedAt ?? null;
  useEffect(onNeedActivations, [onNeedActivations, node.id, ended]);
  const entrypoint = node.handlers["main"]?.entrypoint;
  const entry = catalogue.find((candidate) => candidate.reference === entrypoint);
  const input = inputOf(props, node.id);
  const output = outputOf(props, node.id);
  // Of a node that runs many times: what it said while this activation ran.
  // The list grows in place: the revision says when.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const all = useMemo(() => logLines(events, node.id), [events, revision, node.id]);
  const logs = round === null && view.scopes[node.id] === "" ? all : all.filter((line) => run !== undefined && line.at >= run.startedAt && (run.endedAt === null || line.at <= run.endedAt));
  return (
    <aside className="side" aria-label={node.name} data-testid="node-panel">
      <header className="side-head">
        <KindTile look={kindOf(node.type, entrypoint, entry?.ui)} />
        <h2 className="cut flex-1">{node.name}</h2>
        {run === undefined ? <StatusBadge status="queued" word={state.endedAt === null ? "Not started" : "Not reached"} /> : <StatusBadge status={shownPhase(run, now)} />}
        {!failed && run !== undefined && run.phase !== "skipped" && props.onRerun !== null && <IconButton icon={RotateCcw} label="Re-run from here" size="small" data-testid="rerun-here" onClick={props.onRerun} />}
        <IconButton icon={X} label="Close" size="small" onClick={onClose} />
      </header>
      {round !== null && <div className="side-round"><RoundStepper view={round.view} onRound={props.onRound} /></div>}
      {failed && <ErrorBox {...props} run={run} />}
      {!failed && run !== undefined && <Facts run={run} now={now} startedAt={state.startedAt} />}
      <Tabs
        label={`${node.name} in this run`}
        current={tab}
        onChange={setChosen}
        items={[
          ...(stream.rows === 0 ? [] : [{ key: "stream" as const, label: "Stream" }]),
          ...(waited === undefined ? [] : [{ key: "wait" as const, label: waited.kind === "approval" ? "Decision" : "Wait" }]),
          ...(items === undefined ? [] : [{ key: "items" as const, label: "Items", count: items.counts.begun.toLocaleString("en") }]),
          { key: "output", label: "Output" },
          { key: "input", label: "Input" },
          { key: "tries", label: "Tries", count: run?.tries.length ?? 0 },
          { key: "logs", label: "Logs", count: logs.length },
          ...(printed.length === 0 ? [] : [{ key: "printed" as const, label: "Printed", count: printed.length }]),
        ]}
      />
      {(tab === "output" || tab === "input") && <Recorded recorded={props.recorded} events={events} revision={revision} missing={isMissing(props, node.id)} />}
      {tab === "stream" && <StreamView stream={stream} live={streaming} />}
      {tab === "printed" && <PrintedView printed={printed} startedAt={state.startedAt} />}
      {tab === "wait" && waited !== undefined && <WaitTab key={waited.id} id={waited.id} ended={run?.endedAt !== null} />}
      {tab === "items" && items !== undefined && (
        <ItemsTab node={node} group={items.group} counts={items.counts} total={props.totals[node.id] ?? null} list={props.lists[node.id] ?? null} count={props.count} revision={props.revision} now={now} onScope={props.onScope} />
      )}
      {tab === "output" && <DataView name="Output" value={output.value} hint={output.hint} empty={failed ? "It failed, so there is none." : run?.phase === "skipped" ? "Skipped, so there is none." : run === undefined ? "It has not run." : run.endedAt === null ? "It still runs." : "It gave nothing."} />}
      {tab === "input" && <DataView name="Input" value={input.value} hint={input.hint} empty="Nothing came in." />}
      {tab === "tries" && <Tries run={run} now={now} startedAt={state.startedAt} node={node} />}
      {tab === "logs" && (
        <div className="min-h-0 flex-1 overflow-auto py-1">
          {logs.length === 0 && <p className="px-4 py-2 text-ink-3">It logged nothing.</p>}
          {logs.map((line) => (
            <div key={line.id} className="side-log"><span className="ev-time">{offset(line.at, state.startedAt)}</span><span className={`log-level log-${line.level}`}>{line.level}</span><span className="min-w-0 wrap-anywhere">{line.text}</span></div>
          ))}
        </div>
      )}
    </aside>
  );
}

/** Where a stack tells what was raised: its last lines. */
function showEnd(event: React.ToggleEvent<HTMLDetailsElement>): void {
  const text = event.currentTarget.querySelector("pre");
  if (text) text.scrollTop = text.scrollHeight;
}

function ErrorBox({ node, run, graph, flowId, onRerun }: NodePanelProps & { run: NodeRun }) {
  const handled = wiredErrors(graph).has(node.id);
  const advice = adviseOn(node, run, handled);
  const { type = "Error", message = "", stack = "" } = run.error ?? {};
  const tries = run.tries.length;
  const allowed = maxAttempts(node);
  const lines = stack.split("\n").filter((line) => line.trim() !== "").length;
  return (
    <section className="errbox" role="alert" data-testid="error-panel">
      <h3><StatusSign status="failed" /><span className="wrap-anywhere">{advice.plain ?? (message || type)}</span></h3>
      {advice.plain !== null && message !== "" && <p className="mono wrap-anywhere">{message}</p>}
      <p>
        {allowed > 1 ? `${tries === 1 ? "One try" : capital(many(tries, "try", "tries"))} of ${allowed}` : "One try"}
        {run.endedAt === null ? "" : `, ${tries > 1 ? "the last ended" : "ended"} at ${clockTime(run.endedAt)} after ${duration(run.endedAt - run.startedAt)}`}. {advice.safe}
      </p>
      <h4>What to try</h4>
      <ol>{advice.tries.map((step) => <li key={step}>{step}</li>)}</ol>
      {flowId !== null && (
        <div className="mt-3 flex gap-2">
          {onRerun !== null && <Button tone="primary" icon={RotateCcw} data-testid="rerun-here" onClick={onRerun}>Re-run from here</Button>}
          <Link className={`btn ${onRerun === null ? "btn-primary" : ""}`} to={`/flows/${flowId}?node=${node.id}`}><Pencil className="icon icon-14" aria-hidden />Open in editor</Link>
        </div>
      )}
      <details className="errstack" onToggle={showEnd}>
        <summary><ChevronRight className="icon icon-12" aria-hidden /><span className="mono">{type}</span><span className="ml-auto">{lines === 0 ? "No stack" : `Stack, ${lines} lines`}</span></summary>
        {stack !== "" && <pre className="code">{stack}</pre>}
      </details>
    </section>
  );
}

function Facts({ run, now, startedAt }: { run: NodeRun; now: number; startedAt: number | null }) {
  if (run.phase === "skipped") return <p className="side-facts text-ink-3">Every wire into it turned out dead, so it was skipped.</p>;
  if (run.reusedFrom !== undefined) return <p className="side-facts text-ink-2">The result of run <Link className="mono" to={`/runs/${run.reusedFrom}?node=${run.nodeId}`}>{shortId(run.reusedFrom)}</Link>, used again. It did not run here.</p>;
  const took = (run.endedAt ?? now) - run.startedAt;
  const rescued = run.rescued === undefined ? "" : run.phase === "done" ? ` It failed with ${run.rescued}; what onError gave is its result.` : ` It failed with ${run.rescued}, and then onError ran.`;
  const { metrics = {} } = run;
  const measures = shownMetrics(metrics).flatMap((name) => (metrics[name] ? [name === "cost" ? metricWords(name, metrics[name]) : `${metricWords(name, metrics[name])} ${metrics[name].unit === name || name === "tokens" ? "tokens" : name}`.replace("tokens tokens", "tokens")] : []));
  return (
    <p className="side-facts text-ink-2">
      Started {offset(run.startedAt, startedAt)}, {run.endedAt === null ? "runs for" : "took"} {duration(took)}
      {run.tries.length > 1 ? `, ${run.tries.length} tries` : ""}{measures.length > 0 ? `, ${measures.join(", ")}` : ""}.{run.recovered ? " It ran again after a restart, with the same idempotency key." : ""}{rescued}
    </p>
  );
}

function Tries({ run, now, startedAt, node }: { run: NodeRun | undefined; now: number; startedAt: number | null; node: FlowNode }) {
  if (run === undefined || run.tries.length === 0) return <p className="px-4 py-2 text-ink-3">It was never tried.</p>;
  return (
    <ol className="side-tries">
      {run.tries.map((attempt, index) => {
        const waitsUntil = attempt.startedAt > now ? attempt.startedAt : null;
        const status = waitsUntil !== null ? "retrying" : attempt.outcome === "lost" ? "stale" : attempt.outcome;
        return (
          <li key={index}>
            <StatusBadge plain status={status} word={`Try ${attempt.attempt}${maxAttempts(node) > 1 ? ` of ${maxAttempts(node)}` : ""}${attempt.recovered ? ", again" : attempt.outcome === "lost" ? ", lost with the process" : ""}`} />
            <span className="text-ink-3">{offset(attempt.startedAt, startedAt)}</span>
            <span className="mono cut">{attempt.error ?? ""}</span>
            <span className="ml-auto">{waitsUntil !== null ? `in ${duration(waitsUntil - now)}` : duration((attempt.endedAt ?? now) - attempt.startedAt)}</span>
          </li>
        );
      })}
    </ol>
  );
}
