/** The versions of a flow: what each is called, when it was made, and a run or a look at it. */
import { GitCommitVertical, Hash, Play } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { GraphView } from "@/shared/graph";
import { api, onServerBack, ProblemError, type Flow, type HandlerEntry, type Version, type VersionSummary } from "@/shared/protocol";
import { useNow, when } from "@/shared/time";
import { Button, Chip, Empty, FlowFaces, Skeleton, toast, TopBar } from "@/shared/ui";
import { RunVersion } from "./RunVersion";

export function VersionsPage() {
  const { id = "" } = useParams();
  const navigate = useNavigate();
  const [flow, setFlow] = useState<Flow | null>(null);
  const [versions, setVersions] = useState<readonly VersionSummary[] | null>(null);
  const [catalogue, setCatalogue] = useState<readonly HandlerEntry[]>([]);
  const [failed, setFailed] = useState(false);
  const [message, setMessage] = useState("");
  const [shown, setShown] = useState<Version | null>(null);
  const [busy, setBusy] = useState(false);
  const [running, setRunning] = useState<Version | null>(null);
  const now = useNow(true, 10_000);

  const load = useCallback(() => {
    Promise.all([api.flows.get(id), api.flows.versions(id), api.handlers.list()]).then(
      ([answer, list, handlers]) => {
        setFailed(false);
        setFlow(answer.data);
        setVersions(list);
        setCatalogue(handlers);
      },
      () => setFailed(true),
    );
  }, [id]);
  useEffect(load, [load]);
  useEffect(() => (failed ? onServerBack(load) : undefined), [failed, load]);

  const newest = versions?.[0];
  useEffect(() => {
    if (newest) void api.flows.version(id, newest.version).then(({ data }) => setShown((before) => before ?? data), () => undefined);
  }, [id, newest]);

  const publish = async () => {
    setBusy(true);
    try {
      const { data, created } = await api.flows.publish(id, message.trim() || undefined);
      toast({ title: created ? `Version ${data.version} is published.` : `The draft is version ${data.version} already.`, status: "done" });
      setMessage("");
      setShown(null);
      load();
    } catch (error) {
      const problems = error instanceof ProblemError && error.reason === "HAS_PROBLEMS";
      toast({
        title: problems ? "The draft has problems to solve first." : "Not published.",
        text: error instanceof ProblemError ? (error.errors[0]?.message ?? error.detail) : "The server did not answer.",
        status: "failed",
        ...(problems ? { action: { label: "Open the editor", run: () => void navigate(`/flows/${id}`) } } : {}),
      });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <TopBar
        left={flow ? <h1 className="cut">{flow.name}</h1> : <Skeleton width={160} height={16} />}
        center={<FlowFaces flowId={id} current="versions" />}
        right={<Button tone="primary" disabled={busy || !flow} data-testid="publish-button" onClick={() => void publish()}>Publish the draft</Button>}
      />
      {failed ? (
        <main className="m-auto"><Empty title="The registry did not answer" actions={<Button tone="primary" onClick={load}>Try now</Button>}>Your flow and its versions are safe.</Empty></main>
      ) : (
        <main className="versions">
          <section className="versions-list" aria-label="Versions">
            <div className="field p-4">
              <label className="field-label" htmlFor="version-message">What the next version changes <span className="count">optional</span></label>
              <input id="version-message" className="input" value={message} placeholder="One sentence" maxLength={500} onChange={(event) => setMessage(event.target.value)} />
            </div>
            {versions === null && <div className="grid gap-2 p-4">{[1, 2, 3].map((n) => <Skeleton key={n} height={44} />)}</div>}
            {versions?.length === 0 && <Empty icon={GitCommitVertical} title="No versions yet">Publishing freezes the draft as version 1. Running does it by itself.</Empty>}
            <ul className="m-0 list-none p-0">
              {versions?.map((version) => (
                <li key={version.version}>
                  <button
                    type="button"
                    className="version-row"
                    aria-current={shown?.version === version.version}
                    data-testid={`version-${version.version}`}
                    onClick={() => void api.flows.version(id, version.version).then(({ data }) => setShown(data), () => toast({ title: "The version did not come.", status: "failed" }))}
                  >
                    <Chip><b>v{version.version}</b></Chip>
                    <span className="min-w-0 flex-1">
                      <span className="block cut">{version.message || <span className="text-ink-3">No message</span>}</span>
                      <span className="block text-micro text-ink-3">{when(Date.parse(version.createdAt), now)}</span>
                    </span>
                    <span className="mono flex items-center gap-1 text-ink-3"><Hash className="icon icon-12" aria-hidden />{version.contentHash.replace(/^sha256:/, "").slice(0, 8)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
          <section className="versions-look" aria-label="Drawing">
            {shown && (
              <GraphView flow={shown.flow} catalogue={catalogue} mode="edit" fitKey={shown.version}>
                <div className="absolute top-3 right-3 z-10 flex items-center gap-2">
                  <Button icon={Play} data-testid="run-version" onClick={() => setRunning(shown)}>Run version {shown.version}</Button>
                  <Link className="btn" to={`/flows/${id}`}>Back to the draft</Link>
                </div>
              </GraphView>
            )}
          </section>
        </main>
      )}
      {running && <RunVersion flowId={id} version={running} onClose={() => setRunning(null)} />}
    </>
  );
}
