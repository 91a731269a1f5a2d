/** The histories: of one flow, and of all. Newest first, current by themselves, searched on the server. */
import { Activity, Play, Search } from "lucide-react";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { api, type ExecutionQuery, type ExecutionStatus, type Flow, NoAnswerError, serverHealth, subscribeServerHealth } from "@/shared/protocol";
import { Banner, Button, Empty, FlowFaces, Skeleton, TopBar } from "@/shared/ui";
import { RedriveBar } from "./Redrive";
import { RunsTable } from "./RunsTable";
import { useRunList } from "./useRunList";
import "./runs.css";

const STATUSES: { key: string; label: string; status: readonly ExecutionStatus[] }[] = [
  { key: "all", label: "All", status: [] },
  { key: "running", label: "Running", status: ["queued", "running", "waiting"] },
  { key: "done", label: "Done", status: ["succeeded"] },
  { key: "failed", label: "Failed", status: ["failed"] },
  { key: "cancelled", label: "Cancelled", status: ["cancelled"] },
];
const TIMES = [
  { key: "any", label: "Any time", ms: null },
  { key: "hour", label: "Last hour", ms: 3_600_000 },
  { key: "day", label: "Last 24 hours", ms: 86_400_000 },
  { key: "week", label: "Last 7 days", ms: 7 * 86_400_000 },
] as const;

export function RunsPage() {
  useEffect(() => {
    document.title = "Runs · TriggerFlow Canvas";
  }, []);
  return <Runs left={<h1>Runs</h1>} />;
}

export function FlowRunsPage() {
  const { id = "" } = useParams();
  const [flow, setFlow] = useState<Flow | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    // Without the flow the runs are still there: only the name is missing.
    api.flows.get(id, { signal: stop.signal }).then(({ data }) => setFlow(data), () => undefined);
    return () => stop.abort();
  }, [id]);
  useEffect(() => {
    document.title = `Runs${flow ? ` · ${flow.name}` : ""} · TriggerFlow Canvas`;
  }, [flow]);
  return (
    <Runs
      flowId={id}
      left={<><Link className="crumb" to="/">Flows</Link><h1 className="cut">{flow?.name ?? "Flow"}</h1></>}
      center={<FlowFaces flowId={id} current="runs" />}
      right={<Link className="btn btn-primary" to={`/flows/${id}`}><Play className="icon icon-14" aria-hidden />Open and run</Link>}
    />
  );
}

function Runs({ flowId, left, center, right }: { flowId?: string; left: React.ReactNode; center?: React.ReactNode; right?: React.ReactNode }) {
  const [parameters, setParameters] = useSearchParams();
  const statusKey = parameters.get("status") ?? "all";
  const timeKey = parameters.get("time") ?? "any";
  const label = parameters.get("label") ?? "";
  const [from, setFrom] = useState(() => since(timeKey));
  const q = parameters.get("q") ?? "";
  const [typed, setTyped] = useState(q);
  const change = (name: string, value: string): void =>
    setParameters((before) => {
      const next = new URLSearchParams(before);
      if (value === "" || value === "all" || value === "any") next.delete(name);
      else next.set(name, value);
      return next;
    }, { replace: true });
  useEffect(() => {
    if (typed === q) return;
    const timer = window.setTimeout(() => change("q", typed), 250);
    return () => window.clearTimeout(timer);
    // Only what is typed starts the wait.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [typed]);

  const query = useMemo<ExecutionQuery>(() => {
    const status = STATUSES.find((candidate) => candidate.key === statusKey)?.status ?? [];
    return {
      ...(flowId === undefined ? {} : { flowId }),
      ...(status.length === 0 ? {} : { status }),
      ...(label === "" ? {} : { label: [label] }),
      ...(q === "" ? {} : { q }),
      ...(from === null ? {} : { from }),
    };
  }, [flowId, statusKey, from, label, q]);
  const list = useRunList(query);
  const { state: server } = useSyncExternalStore(subscribeServerHealth, serverHealth);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const filtered = statusKey !== "all" || timeKey !== "any" || label !== "" || q !== "";
  const clear = (): void => {
    setTyped("");
    setFrom(null);
    setParameters({}, { replace: true });
  };

  return (
    <>
      <TopBar left={left} center={center} right={right} />
      <main className="page-body">
        <div className="filters">
          <div className="seg" role="radiogroup" aria-label="Status">
            {STATUSES.map(({ key, label: word }) => <button key={key} type="button" role="radio" aria-checked={statusKey === key} onClick={() => change("status", key)}>{word}</button>)}
          </div>
          <div className="input-box filters-search"><Search className="icon" aria-hidden /><input value={typed} onChange={(event) => setTyped(event.target.value)} placeholder="Error, label, id or flow" aria-label="Search runs" data-testid="runs-search" /></div>
          <select className="select w-auto" aria-label="Time" value={timeKey} onChange={(event) => { setFrom(since(event.target.value)); change("time", event.target.value); }}>
            {TIMES.map(({ key, label: word }) => <option key={key} value={key}>{word}</option>)}
          </select>
          {label !== "" && <button type="button" className="chip" onClick={() => change("label", "")} aria-label={`Without label ${label}`}>{label} ✕</button>}
          {filtered && <Button tone="quiet" onClick={clear}>Show all</Button>}
        </div>
        {list.failure !== null && server !== "partly" && (
          <div className="px-6 pb-3">
            <Banner status="failed" actions={<Button size="small" onClick={list.refresh}>Try now</Button>}>
              {list.failure instanceof NoAnswerError ? "The server did not answer. Runs go on without you; what you see may be old." : list.failure instanceof Error ? list.failure.message : "The runs did not come."}
            </Banner>
          </div>
        )}
        {list.items.length > 0 ? (
          <>
            <RunsTable runs={list.items} withFlow={flowId === undefined} onLabel={(wanted) => change("label", wanted)} chosen={chosen} onChosen={setChosen} />
            {list.more && <div className="p-4 text-center"><Button onClick={list.loadMore} disabled={list.loading}>{list.loading ? "Loading" : "Show older runs"}</Button></div>}
          </>
        ) : list.loading ? <Shapes /> : list.failure === null && (filtered ? (
          <Empty icon={Search} title="No run is like that" actions={<Button onClick={clear}>Show all runs</Button>}>Try another status, a longer time, or part of an error message.</Empty>
        ) : (
          <Empty icon={Activity} title="No runs yet" actions={flowId === undefined ? <Link className="btn btn-primary" to="/">See the flows</Link> : <Link className="btn btn-primary" to={`/flows/${flowId}`}><Play className="icon icon-14" aria-hidden />Open and run</Link>}>
            Press Run, or call the API once. The first run shows up here as it happens.
          </Empty>
        ))}
      </main>
      <RedriveBar chosen={chosen} onClear={() => setChosen(new Set())} onDone={list.refresh} />
    </>
  );
}

/** The start of a span that ends now; null for any time. */
function since(timeKey: string): string | null {
  const span = TIMES.find((candidate) => candidate.key === timeKey)?.ms ?? null;
  return span === null ? null : new Date(Date.now() - span).toISOString();
}

function Shapes() {
  return (
    <div className="grid gap-px px-6 pt-2" aria-busy="true">
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className="flex h-9 items-center gap-6"><Skeleton width={88} height={14} /><Skeleton width={180 - (index % 3) * 30} height={14} /><Skeleton width={64} height={14} /></div>
      ))}
    </div>
  );
}
