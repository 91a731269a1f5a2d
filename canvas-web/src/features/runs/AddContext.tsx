/** Add context to a run that goes on: handlers that ask for it see it, and it stands in the log. */
import { MessageSquarePlus } from "lucide-react";
import { useEffect, useState } from "react";
import { JsonField } from "@/shared/forms";
import { api, type Intervention, type Json, ProblemError } from "@/shared/protocol";
import { when, useNow } from "@/shared/time";
import { announce, Banner, Button, Dialog } from "@/shared/ui";
import { preview } from "./model/eventWords";

export function AddContext({ executionId, onClose }: { executionId: string; onClose: () => void }) {
  const [value, setValue] = useState<Json | undefined>(undefined);
  const [valid, setValid] = useState(true);
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [before, setBefore] = useState<readonly Intervention[]>([]);
  const now = useNow(true, 10_000);
  useEffect(() => {
    const stop = new AbortController();
    // What was added before is a help alone: without it one can still add.
    api.executions.interventions(executionId, { signal: stop.signal }).then(setBefore, () => undefined);
    return () => stop.abort();
  }, [executionId]);
  const send = () => {
    if (value === undefined || sending || !valid) return;
    setSending(true);
    setFailure(null);
    api.executions.intervene(executionId, value).then(
      () => {
        announce("Context added to the run", true);
        onClose();
      },
      (error: unknown) => {
        setSending(false);
        setFailure(!(error instanceof ProblemError) ? "The server did not answer. It may have been added: look at the log, then try again." : error.reason === "ALREADY_ENDED" ? "The run has ended meanwhile. Re-run it with other inputs instead." : (error.errors[0]?.message ?? error.detail));
      },
    );
  };
  return (
    <Dialog
      title="Add context to this run" onClose={onClose} testId="context-dialog" onSubmit={send}
      footer={<><Button onClick={onClose}>Not now</Button><Button tone="primary" type="submit" icon={MessageSquarePlus} data-testid="context-send" disabled={value === undefined || sending || !valid}>{sending ? "Adding" : "Add"}</Button></>}
    >
      <div className="grid gap-3">
        <div className="field">
          <span className="field-label">What the run should know</span>
          <JsonField label="Context" orText minRows={3} value={value} onValid={setValid} onChange={setValue} placeholder="Text, or JSON" testId="context-value" />
          <span className="help">Handlers that ask see it as ctx.interventions, from now on. It is recorded in the log and cannot be taken back.</span>
        </div>
        {failure !== null && <Banner status="failed">{failure}</Banner>}
        {before.length > 0 && (
          <section>
            <h3 className="sect-title">Added before</h3>
            <ul className="context-list">{before.map((one) => <li key={one.id}><span className="text-ink-3">{one.by}, {when(Date.parse(one.at), now)}</span> {preview(one.value, 200)}</li>)}</ul>
          </section>
        )}
      </div>
    </Dialog>
  );
}
