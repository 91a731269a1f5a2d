/** The facts of a run in one line: how it is, how long, how far, who started it, and what can be done. */
import { MessageSquarePlus, Square } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { api, type Blueprint, type Execution, hasEnded, ProblemError } from "@/shared/protocol";
import { Button, Chip, Dialog, duration, StatusBadge, toast } from "@/shared/ui";
import { AddContext } from "./AddContext";
import { AfterFailure } from "./AfterFailure";
import { toldOf } from "./model/failure";
import { metricLabel, metricWords, shownMetrics } from "./model/metricWords";
import { countNodes, type RunState } from "./model/runState";
import { when, useNow } from "@/shared/time";
import { capital, many, shortId } from "./model/words";

export function RunHead({ execution, blueprint, state, now, stepping, onExecution, onNode }: {
  execution: Execution | null;
  blueprint: Blueprint | null;
  state: RunState;
  now: number;
  /** The page looks at a moment in the past. */
  stepping: boolean;
  onExecution: (execution: Execution) => void;
  onNode: (nodeId: string) => void;
}) {
  const [asking, setAsking] = useState(false);
  const [adding, setAdding] = useState(false);
  const [stopping, setStopping] = useState(false);
  const today = useNow(true, 10_000);
  const nodes = blueprint?.nodes ?? [];
  // Nothing works and something waits: the run itself waits.
  const stands = Object.values(state.nodes);
  const shown = state.status === "running" && stands.some((node) => node.phase === "waiting") && !stands.some((node) => node.phase === "running") ? "waiting" : state.status;
  const counts = countNodes(state, nodes.length);
  const ended = execution !== null && hasEnded(execution.status);
  const names = new Map(nodes.map((node) => [node.id, node.name]));
  const fired = nodes.filter((node) => node.type === "trigger" && state.nodes[node.id] !== undefined && state.nodes[node.id]?.phase !== "skipped");
  const failedBefore = execution === null ? null : toldOf(execution);
  const failedAt = execution?.error?.nodeId;
  const startedAt = state.startedAt ?? (execution?.startedAt ? Date.parse(execution.startedAt) : null);
  const took = startedAt === null ? null : (state.endedAt ?? now) - startedAt;
  const metrics = Object.keys(state.metrics).length > 0 ? state.metrics : (execution?.metrics ?? {});
  const labels = execution?.context.labels ?? [];

  const cancel = (): void => {
    setAsking(false);
    if (execution === null) return;
    setStopping(true);
    api.executions.cancel(execution.id).then(
      ({ data }) => onExecution(data),
      (error: unknown) => {
        setStopping(false);
        if (error instanceof ProblemError && error.reason === "ALREADY_ENDED") toast({ title: "The run had already ended.", status: "done" });
        else toast({ title: "The run was not cancelled.", text: "The server did not take it. The run goes on; try again.", status: "failed" });
      },
    );
  };

  return (
    <div className="runhead">
      <span data-testid="run-status" data-status={shown}><StatusBadge status={shown} size="large" /></span>
      <dl className="run-facts">
        <div><dt>{state.endedAt === null ? "Elapsed" : "Took"}</dt><dd>{took === null ? "not started" : duration(Math.max(0, took))}</dd></div>
        {nodes.length > 0 && <div><dt>Nodes</dt><dd>{counts.done} of {counts.total} done{counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}</dd></div>}
        {failedAt !== undefined && state.endedAt !== null && names.has(failedAt) && (
          <div><dt>Failed at</dt><dd><button type="button" className="link" onClick={() => onNode(failedAt)}>{names.get(failedAt)}</button></dd></div>
        )}
        {failedAt === undefined && execution?.error != null && state.endedAt !== null && <div className="run-fact-wide"><dt>{execution.status === "cancelled" ? "Cancelled" : "Why"}</dt><dd className="cut" title={execution.error.message}>{execution.error.message || execution.error.type}</dd></div>}
        {shownMetrics(metrics).slice(0, 2).map((name) => metrics[name] && <div key={name}><dt>{metricLabel(name)}</dt><dd data-testid={`head-${name}`}>{metricWords(name, metrics[name])}</dd></div>)}
        {execution !== null && ended && execution.status === "failed" && <AfterFailure execution={execution} blueprint={blueprint} />}
        {startedAt !== null && failedBefore !== null && <div className="run-fact-more"><dt>Started by</dt><dd>the failure of <Link to={`/runs/${failedBefore}`} className="mono">{shortId(failedBefore)}</Link>, {when(startedAt, today)}</dd></div>}
        {startedAt !== null && failedBefore === null && <div className="run-fact-more"><dt>{fired.length > 0 ? "Started by" : "Started"}</dt><dd>{fired[0] ? `${fired.map((node) => node.name).join(", ")}, ` : ""}{when(startedAt, today)}</dd></div>}
        {execution?.context.userId !== undefined && <div className="run-fact-more"><dt>For</dt><dd>{execution.context.userId}</dd></div>}
        {labels.length > 0 && <div className="run-fact-more"><dt>Labels</dt><dd className="flex gap-1">{labels.map((label) => <Chip key={label}>{label}</Chip>)}</dd></div>}
        {execution?.rerunOf !== undefined && <div className="run-fact-more"><dt>Re-run of</dt><dd><Link to={`/runs/${execution.rerunOf}`} className="mono">{shortId(execution.rerunOf)}</Link></dd></div>}
      </dl>
      <span className="ml-auto flex items-center gap-2">
        {stepping && <span className="text-small text-ink-3">as it stood then</span>}
        {execution !== null && !ended && state.endedAt === null && !stepping && <Button icon={MessageSquarePlus} data-testid="add-context" onClick={() => setAdding(true)}>Add context</Button>}
        {execution !== null && !ended && state.endedAt === null && !stepping && (
          <Button tone="danger" icon={Square} data-testid="cancel-run" disabled={stopping} onClick={() => setAsking(true)}>{stopping ? "Stopping" : "Cancel run"}</Button>
        )}
      </span>
      {adding && execution !== null && <AddContext executionId={execution.id} onClose={() => setAdding(false)} />}
      {asking && execution !== null && (
        <Dialog
          title={`Cancel run ${shortId(execution.id)}?`}
          onClose={() => setAsking(false)}
          testId="cancel-dialog"
          footer={
            <>
              <Button onClick={() => setAsking(false)}>Keep it running</Button>
              <Button tone="danger" icon={Square} data-testid="cancel-confirm" onClick={cancel}>Cancel run</Button>
            </>
          }
        >
          <p className="text-ink-2">
            {counts.running > 0 ? `${capital(many(counts.running, "node"))} ${counts.running === 1 ? "is" : "are"} working and will be stopped; what ${counts.running === 1 ? "it" : "they"} did outside is not undone.` : "No node is working right now."}{" "}
            {counts.done > 0 ? `${capital(many(counts.done, "result"))} ${counts.done === 1 ? "is" : "are"} kept to look at.` : ""} The run ends within 5 seconds and cannot be taken up again.
          </p>
        </Dialog>
      )}
    </div>
  );
}
