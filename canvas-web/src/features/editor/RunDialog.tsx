/** Run: asks for the inputs the manual trigger names, saves, publishes, starts that version, and goes to watch it. */
import { Play } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useRunInputs } from "@/shared/forms";
import { api, ProblemError } from "@/shared/protocol";
import { Banner, Button, Dialog } from "@/shared/ui";
import { useDraft, useEditor, useProblems } from "./context";
import { publish } from "./draft";

export function RunDialog({ onClose }: { onClose: () => void }) {
  const { draft, saver, panels } = useEditor();
  const { flowId, doc } = useDraft((state) => state);
  const problems = useProblems();
  const navigate = useNavigate();
  const { inputs, ready, field, keep } = useRunInputs(flowId, doc.nodes);
  const [trace, setTrace] = useState(() => localStorage.getItem("tfcanvas.trace") !== "no");
  const [step, setStep] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const triggers = doc.nodes.filter((node) => node.type === "trigger");
  const errors = problems.filter((problem) => problem.severity === "error");
  const blocked = triggers.length === 0 ? "Nothing starts this flow. Add a trigger first." : errors.length > 0 ? (errors.length === 1 ? "One problem to solve first." : `${errors.length} problems to solve first.`) : null;

  const run = async () => {
    if (step !== null || blocked !== null || !ready) return;
    setFailure(null);
    keep();
    localStorage.setItem("tfcanvas.trace", trace ? "yes" : "no");
    try {
      setStep("Saving");
      if (!(await saver.flush())) {
        setFailure("The draft is not saved yet, so it cannot run.");
        return;
      }
      setStep("Publishing");
      const made = await publish(draft);
      if (!made) {
        onClose();
        return;
      }
      setStep("Starting");
      const manual = triggers.find((node) => node.handlers["main"]?.entrypoint === "core:manual");
      const { data } = await api.executions.start(
        { flowId, blueprintVersion: made.version, inputs, executionOptions: { trace } },
        manual || !triggers[0] ? {} : { trigger: triggers[0].id },
      );
      onClose();
      void navigate(`/runs/${data.id}`);
    } catch (error) {
      setFailure(error instanceof ProblemError ? (error.errors[0] ? `${error.errors[0].pointer} ${error.errors[0].message}` : error.message) : "The server did not answer. The run may or may not have started: look under Runs.");
    } finally {
      setStep(null);
    }
  };

  return (
    <Dialog
      title={`Run ${doc.name}`}
      onClose={onClose}
      testId="run-dialog"
      onSubmit={() => void run()}
      footer={
        <>
          <label className="mr-auto flex items-center gap-2 text-ink-2" data-tip="Keeps what each node got, so that it can be looked at">
            <input type="checkbox" className="check" checked={trace} onChange={(event) => setTrace(event.target.checked)} />
            Record inputs
          </label>
          <Button onClick={onClose}>Not now</Button>
          <Button tone="primary" type="submit" icon={Play} data-testid="run-start" disabled={step !== null || blocked !== null || !ready}>
            {step ?? "Run"}
          </Button>
        </>
      }
    >
      <div className="grid gap-3">
        {blocked !== null && (
          <Banner status="failed" actions={errors[0]?.nodeId !== undefined && <Button size="small" onClick={() => { onClose(); draft.setState({ selection: { nodes: new Set([errors[0]?.nodeId ?? ""]), edges: new Set() } }); panels.setState({ inspector: true }); }}>Show it</Button>}>
            <b className="font-semibold">{blocked}</b> {errors[0]?.message}
          </Banner>
        )}
        {failure !== null && <Banner status="failed">{failure}</Banner>}
        {field}
        <p className="help m-0">Running publishes the draft as a version, and runs that one.</p>
      </div>
    </Dialog>
  );
}
