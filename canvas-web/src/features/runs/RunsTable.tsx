/** Runs as rows: how it is, which, when, how long, and why where it failed. The whole row is the link. */
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, type Execution, hasEnded } from "@/shared/protocol";
import { Chip, duration, shownStatus, StatusBadge } from "@/shared/ui";
import { ago, when, useNow } from "@/shared/time";
import { shortId } from "./model/words";

/** Names of flows by id, asked for once a page; a run of a deleted flow has none. */
export function useFlowNames(wanted: boolean, ids: readonly string[]): ReadonlyMap<string, string> {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const missing = wanted && ids.some((id) => !names.has(id));
  useEffect(() => {
    if (!missing) return;
    const stop = new AbortController();
    api.flows.all({ signal: stop.signal }).then(
      (flows) => setNames(new Map([...ids.map((id) => [id, "a deleted flow"] as const), ...flows.map((flow) => [flow.id, flow.name] as const)])),
      () => undefined,
    );
    return () => stop.abort();
    // Asked for again only when a run of an unknown flow turns up.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [missing]);
  return names;
}

export interface Choosing {
  chosen: ReadonlySet<string>;
  onChosen: (chosen: ReadonlySet<string>) => void;
}

/** What may be run again in bulk. */
const canRedrive = (run: Execution): boolean => run.status === "failed";

export function RunsTable({ runs, withFlow, onLabel, chosen, onChosen }: { runs: readonly Execution[]; withFlow: boolean; onLabel: (label: string) => void } & Choosing) {
  const failed = runs.filter(canRedrive);
  const all = failed.length > 0 && failed.every((run) => chosen.has(run.id));
  const pick = (ids: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    for (const id of ids) {
      if (on) next.add(id);
      else next.delete(id);
    }
    onChosen(next);
  };
  const navigate = useNavigate();
  const moving = runs.some((run) => !hasEnded(run.status));
  const now = useNow(true, moving ? 500 : 10_000);
  const names = useFlowNames(withFlow, [...new Set(runs.map((run) => run.flowId))]);
  return (
    <table className="table runs-table">
      <thead>
        <tr>
          <th className="runs-pick">{failed.length > 0 && <input type="checkbox" className="check" aria-label="Choose every failed run shown" checked={all} onChange={(event) => pick(failed.map((run) => run.id), event.target.checked)} />}</th>
          <th>Run</th>
          {withFlow && <th>Flow</th>}
          <th className="runs-version">Version</th>
          <th className="num">Took</th>
          <th className="runs-started">Started</th>
          <th className="runs-why">Why, labels</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => {
          const status = shownStatus(run.status, run.error?.type);
          const started = run.startedAt ?? run.createdAt;
          const took = run.startedAt === null ? null : (run.endedAt === null ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt);
          return (
            <tr key={run.id} data-testid="run-row" data-status={run.status} aria-selected={chosen.has(run.id)} onClick={(event) => {
              if (!(event.target instanceof Element) || event.target.closest("a, button, input, .runs-pick") === null) void navigate(`/runs/${run.id}`);
            }}>
              <td className="runs-pick">{canRedrive(run) && <input type="checkbox" className="check" data-testid="run-pick" aria-label={`Choose run ${shortId(run.id)}`} checked={chosen.has(run.id)} onChange={(event) => pick([run.id], event.target.checked)} />}</td>
              <td><span className="flex items-center gap-3"><span className="inline-flex w-24"><StatusBadge plain status={status} /></span><Link to={`/runs/${run.id}`} className="mono runs-id" aria-label={`Run ${shortId(run.id)}, ${status}`}>{shortId(run.id)}</Link></span></td>
              {withFlow && <td className="max-w-64"><Link className="cut runs-flow font-medium text-ink" to={`/flows/${run.flowId}/runs`}>{names.get(run.flowId) ?? ""}</Link></td>}
              <td className="runs-version"><Chip>v{run.blueprintVersion}</Chip></td>
              <td className="num">{took === null ? <span className="text-ink-3">not yet</span> : duration(Math.max(0, took))}</td>
              <td className="runs-started" title={when(Date.parse(started), now)}>{ago(Date.parse(started), now)}</td>
              <td className="runs-why">
                <span className="flex min-w-0 items-center gap-2">
                  {run.rerunOf !== undefined && <Link className="chip" to={`/runs/${run.rerunOf}`}>re-run of {shortId(run.rerunOf)}</Link>}
                  {(run.context.labels ?? []).map((label) => <button key={label} type="button" className="chip" onClick={() => onLabel(label)}>{label}</button>)}
                  {run.error !== null && run.status !== "cancelled" && <span className="cut text-ink-2" title={run.error.message}>{run.error.type}: {run.error.message}</span>}
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
