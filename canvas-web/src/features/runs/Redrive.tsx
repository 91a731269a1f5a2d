/** Failed runs, many at once: chosen in the list, run again from where they failed or from the start. */
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { api, ProblemError, type RetriedExecution } from "@/shared/protocol";
import { announce, Button, Dialog, StatusSign, toast } from "@/shared/ui";
import { many, shortId } from "./model/words";

export const MOST_AT_ONCE = 250;

export function RedriveBar({ chosen, onClear, onDone }: { chosen: ReadonlySet<string>; onClear: () => void; onDone: () => void }) {
  const [asking, setAsking] = useState(false);
  const [from, setFrom] = useState<"failure" | "start">("failure");
  const [sending, setSending] = useState(false);
  const [results, setResults] = useState<readonly RetriedExecution[] | null>(null);
  const ids = [...chosen].slice(0, MOST_AT_ONCE);
  const send = () => {
    if (sending) return;
    setSending(true);
    api.executions.retryMany(ids, from).then(
      (items) => {
        setSending(false);
        setResults(items);
        announce(`${items.filter((item) => item.retriedAs !== null).length} of ${items.length} runs started again`, true);
        onDone();
      },
      (error: unknown) => {
        setSending(false);
        toast({ title: "The runs were not started again.", text: error instanceof ProblemError ? error.detail : "The server did not answer. Some may have started: look at the newest runs.", status: "failed" });
      },
    );
  };
  const close = () => {
    setAsking(false);
    if (results !== null) {
      setResults(null);
      onClear();
    }
  };
  if (chosen.size === 0 && results === null) return null;
  return (
    <>
      <div className="redrive" role="region" aria-label="Chosen runs" data-testid="redrive">
        <b>{many(chosen.size, "failed run")} chosen</b>
        {chosen.size > MOST_AT_ONCE && <span className="text-ink-3">the first {MOST_AT_ONCE} at once</span>}
        <span className="ml-auto flex gap-2">
          <Button tone="quiet" onClick={onClear}>None</Button>
          <Button tone="primary" icon={RotateCcw} data-testid="redrive-open" onClick={() => setAsking(true)}>Re-run {ids.length === 1 ? "it" : `these ${ids.length}`}</Button>
        </span>
      </div>
      {asking && (
        <Dialog
          title={results === null ? `Re-run ${many(ids.length, "failed run")}` : "What became of them"}
          onClose={close}
          testId="redrive-dialog"
          footer={results === null ? <><Button onClick={close}>Not now</Button><Button tone="primary" icon={RotateCcw} data-testid="redrive-confirm" disabled={sending} onClick={send}>{sending ? "Starting" : "Re-run"}</Button></> : <Button tone="primary" onClick={close}>Close</Button>}
        >
          {results === null ? (
            <div className="grid gap-3">
              <p className="m-0 text-ink-2">Each becomes a run of its own on the version it ran on, with the same inputs. Nodes that reach outside do so again where they run again.</p>
              <fieldset className="plan-set"><legend>From where</legend>
                <label><input type="radio" className="radio" name="redrive" checked={from === "failure"} onChange={() => setFrom("failure")} />From the failure: what finished is used again</label>
                <label><input type="radio" className="radio" name="redrive" checked={from === "start"} onChange={() => setFrom("start")} />From the start: everything runs again</label>
              </fieldset>
            </div>
          ) : (
            <ul className="redrive-results">
              {results.map((item) => (
                <li key={item.executionId} data-testid="redrive-result">
                  <StatusSign status={item.retriedAs === null ? "failed" : "running"} />
                  <Link className="mono" to={`/runs/${item.executionId}`}>{shortId(item.executionId)}</Link>
                  {item.retriedAs === null ? <span className="text-failed">{item.problem?.detail ?? "It was refused."}</span> : <span>runs again as <Link className="mono" to={`/runs/${item.retriedAs}`}>{shortId(item.retriedAs)}</Link></span>}
                </li>
              ))}
            </ul>
          )}
        </Dialog>
      )}
    </>
  );
}
