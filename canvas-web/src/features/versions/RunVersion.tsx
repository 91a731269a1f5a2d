/** Run one version as it is: asks for its inputs, starts it, and goes to watch it. Publishes nothing. */
import { Play } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useRunInputs } from "@/shared/forms";
import { api, ProblemError, type Version } from "@/shared/protocol";
import { Banner, Button, Dialog } from "@/shared/ui";

export function RunVersion({ flowId, version, onClose }: { flowId: string; version: Version; onClose: () => void }) {
  const navigate = useNavigate();
  const { nodes } = version.flow;
  const { inputs, ready, field, keep } = useRunInputs(flowId, nodes);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const triggers = nodes.filter((node) => node.type === "trigger");
  const byHand = triggers.some((node) => node.handlers["main"]?.entrypoint === "core:manual");

  const run = async () => {
    if (busy || !ready) return;
    setBusy(true);
    setFailure(null);
    keep();
    try {
      const { data } = await api.executions.start(
        { flowId, blueprintVersion: version.version, inputs, executionOptions: { trace: localStorage.getItem("tfcanvas.trace") !== "no" } },
        byHand || !triggers[0] ? {} : { trigger: triggers[0].id },
      );
      void navigate(`/runs/${data.id}`);
    } catch (error) {
      setBusy(false);
      setFailure(error instanceof ProblemError ? (error.errors[0] ? `${error.errors[0].pointer} ${error.errors[0].message}` : error.message) : "The server did not answer. The run may or may not have started: look under Runs.");
    }
  };

  return (
    <Dialog
      title={`Run version ${version.version}`}
      onClose={onClose}
      testId="run-dialog"
      onSubmit={() => void run()}
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button tone="primary" type="submit" icon={Play} data-testid="run-start" disabled={busy || !ready}>{busy ? "Starting" : "Run"}</Button>
        </>
      }
    >
      <div className="grid gap-3">
        {failure !== null && <Banner status="failed">{failure}</Banner>}
        {field}
        <p className="help m-0">The draft stays as it is.</p>
      </div>
    </Dialog>
  );
}
