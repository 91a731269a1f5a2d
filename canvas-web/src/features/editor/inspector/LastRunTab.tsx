/** What this node got and gave when the flow last ran. */
import { Activity } from "lucide-react";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { api, onProjectEvent, type Activation, type Execution, type FlowNode, type Json } from "@/shared/protocol";
import { duration, Empty, JsonTree, shownStatus, StatusBadge } from "@/shared/ui";
import { useDraft } from "../context";
import { TryNode } from "./TryNode";

interface LastRun {
  execution: Execution;
  activations: readonly Activation[];
  /** The run has more of them than are read here. */
  more: boolean;
}

/** Of a run with thousands of items the whole list would be a hundred pages for one look. */
const MOST = 1000;

const load = (ref: string): Promise<Json> => api.values.get(ref);

/** The newest run that has started, kept up to date. `undefined` while asking, null where there is none. */
function useLastRun(): LastRun | null | undefined {
  const flowId = useDraft((draft) => draft.flowId);
  const [run, setRun] = useState<LastRun | null | undefined>(undefined);
  useEffect(() => {
    let gone = false;
    const ask = async () => {
      const { data } = await api.executions.list({ flowId, pageSize: 1 });
      const execution = data.items[0];
      if (execution === undefined) {
        if (!gone) setRun(null);
        return;
      }
      const activations: Activation[] = [];
      let next: string | undefined;
      do {
        const page = await api.executions.activations(execution.id, { pageToken: next });
        activations.push(...page.items);
        next = page.nextPageToken ?? undefined;
      } while (next !== undefined && activations.length < MOST && !gone);
      if (!gone) setRun({ execution, activations, more: next !== undefined });
    };
    const again = () => void ask().catch(() => !gone && setRun((before) => before ?? null));
    again();
    const stop = onProjectEvent((event) => {
      if (event === null || (event.flowId === flowId && event.type.startsWith("execution."))) again();
    });
    return () => {
      gone = true;
      stop();
    };
  }, [flowId]);
  return run;
}

export function LastRunTab({ node }: { node: FlowNode }) {
  const run = useLastRun();
  if (run === undefined) return null;
  const alone = node.type === "action" || node.type === "condition";
  const waits = /^core:(approval|timer|event)$/.test(node.handlers["main"]?.entrypoint ?? "");
  const activation = run?.activations.findLast((item) => item.nodeId === node.id);
  const trial = alone && !waits ? <TryNode key={activation?.id ?? ""} node={node} recorded={activation} /> : null;
  if (run === null) return <>{trial}<Empty icon={Activity} title="No runs yet">Press Run. What this node got and gave shows up here.</Empty></>;
  const { execution } = run;
  return (
    <>
      {trial}
      <section className="sect">
        <dl className="facts">
          <dt>Run</dt>
          <dd><Link to={`/runs/${execution.id}?node=${node.id}`} className="mono">{execution.id.slice(-8)}</Link> <span className="text-ink-3">version {execution.blueprintVersion}</span></dd>
          <dt>State</dt>
          <dd>{activation ? <StatusBadge status={shownStatus(activation.status, activation.error?.type)} {...(activation.attempt > 1 ? { word: `${activation.status === "succeeded" ? "Done" : "Failed"}, try ${activation.attempt}` } : {})} plain /> : <span className="text-ink-3">{run.more ? `Not among the first ${run.activations.length.toLocaleString("en")} activations: the run shows all` : "Not reached"}</span>}</dd>
          {activation?.startedAt && activation.endedAt && <><dt>Time</dt><dd>{duration(Date.parse(activation.endedAt) - Date.parse(activation.startedAt))}</dd></>}
        </dl>
      </section>
      {activation?.error && (
        <section className="sect">
          <h3 className="sect-title">Error</h3>
          <div className="font-medium text-failed wrap-anywhere">{activation.error.type}: {activation.error.message}</div>
          {activation.error.stack && <details className="mt-2"><summary className="text-small text-ink-3">Stack</summary><pre className="code mt-1">{activation.error.stack}</pre></details>}
        </section>
      )}
      <section className="sect">
        <h3 className="sect-title">Inputs</h3>
        {activation?.inputs ? <JsonTree value={activation.inputs} name="inputs" open={2} onLoadReference={load} /> : <p className="help m-0">Recorded only in runs with “Record inputs” on.</p>}
      </section>
      <section className="sect">
        <h3 className="sect-title">Outputs</h3>
        {activation && Object.keys(activation.ports).length > 0 ? Object.entries(activation.ports).map(([port, value]) => <JsonTree key={port} value={value} name={port} open={2} onLoadReference={load} />) : <p className="help m-0">No port was lit.</p>}
      </section>
    </>
  );
}

/** The short form under the settings. */
export function LastResult({ node }: { node: FlowNode }) {
  const run = useLastRun();
  const activation = run?.activations.findLast((item) => item.nodeId === node.id);
  const [first] = Object.entries(activation?.ports ?? {});
  if (!run || !activation || !first) return null;
  const took = activation.startedAt && activation.endedAt ? duration(Date.parse(activation.endedAt) - Date.parse(activation.startedAt)) : "";
  return (
    <section className="sect">
      <h3 className="sect-title">Result in the last run <span className="count">{took}</span></h3>
      <JsonTree value={first[1]} name={first[0]} open={1} onLoadReference={load} />
    </section>
  );
}
