/** Rename and delete. Delete lists what goes and what stays. */
import { Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { api, type FlowSummary, NoAnswerError, ProblemError } from "@/shared/protocol";
import { Button, Dialog, toast } from "@/shared/ui";

/** One sentence for a call that did not do what was asked. */
export function whyNot(error: unknown, safe: string): string {
  if (error instanceof ProblemError) return error.detail || error.title;
  if (error instanceof NoAnswerError) return `The server did not answer. ${safe}`;
  return error instanceof Error ? error.message : String(error);
}

export function RenameDialog({ flow, onClose, onDone }: { flow: FlowSummary; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState(flow.name);
  const [busy, setBusy] = useState(false);
  const wanted = name.trim();
  const submit = async (): Promise<void> => {
    if (wanted === "" || busy) return;
    if (wanted === flow.name) {
      onClose();
      return;
    }
    setBusy(true);
    try {
      const { data, etag } = await api.flows.get(flow.id);
      const { description, nodes, edges, channels, settings } = data;
      await api.flows.put(flow.id, { name: wanted, description, nodes, edges, channels, settings }, etag ?? "*");
      onDone();
    } catch (error) {
      setBusy(false);
      const changed = error instanceof ProblemError && error.status === 412;
      toast({ title: `Not renamed: ${flow.name}`, text: changed ? "It was changed elsewhere in the same moment. Try once more." : whyNot(error, "The flow is as it was, or has its new name already."), status: "failed" });
    }
  };
  return (
    <Dialog
      title={`Rename ${flow.name}`}
      onClose={onClose}
      onSubmit={() => void submit()}
      testId="rename-dialog"
      footer={<><Button onClick={onClose}>Keep the name</Button><Button tone="primary" type="submit" disabled={wanted === "" || busy}>Rename</Button></>}
    >
      <label className="field"><span className="field-label">Name</span><input className="input" autoFocus maxLength={200} value={name} aria-invalid={wanted === ""} onChange={(event) => setName(event.target.value)} onFocus={(event) => event.target.select()} /></label>
    </Dialog>
  );
}

export function DeleteDialog({ flow, onClose, onDone }: { flow: FlowSummary; onClose: () => void; onDone: () => void }) {
  const [busy, setBusy] = useState(false);
  const [running, setRunning] = useState<number | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    api.executions.list({ flowId: flow.id, status: ["queued", "running", "waiting"], pageSize: 50, signal: stop.signal }).then(
      ({ data }) => setRunning(data.items.length),
      () => undefined,
    );
    return () => stop.abort();
  }, [flow.id]);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.flows.remove(flow.id);
      onDone();
    } catch (error) {
      setBusy(false);
      const text = error instanceof ProblemError && error.reason === "RUNNING" ? "A run of it has not ended. Cancel it or let it end first." : whyNot(error, "It may be gone already: the list will tell.");
      toast({ title: `Not deleted: ${flow.name}`, text, status: "failed" });
    }
  };
  const versions = Number(flow.latestVersion ?? 0);
  return (
    <Dialog
      title={`Delete ${flow.name}?`}
      onClose={onClose}
      testId="delete-dialog"
      footer={<><Button onClick={onClose}>Keep it</Button><Button tone="danger" icon={Trash2} data-testid="delete-confirm" disabled={busy || (running ?? 0) > 0} onClick={() => void remove()}>Delete flow</Button></>}
    >
      <p className="m-0 text-ink-2">This cannot be undone. What happens:</p>
      <ul className="mt-2 mb-0 grid gap-1 pl-4 text-ink-2 list-disc">
        <li>The draft goes{versions > 0 ? `, and with it ${versions === 1 ? "its one version" : `its ${versions} versions`}` : ""}.</li>
        <li>Its runs stay under Runs, with their events and values, but without the picture of the flow.</li>
        <li>Nothing can start it any more; a program that calls it gets an error.</li>
        {(running ?? 0) > 0 && <li className="font-medium text-failed">{running === 1 ? "One run has" : `${running} runs have`} not ended. Cancel {running === 1 ? "it" : "them"} or wait: until then it cannot be deleted.</li>}
      </ul>
    </Dialog>
  );
}
