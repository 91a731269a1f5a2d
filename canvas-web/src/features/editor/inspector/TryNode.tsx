/** One node run by itself while it is drawn: inputs typed, pinned or taken from a recorded run, and what it gave. */
import { ChevronRight, Pin, PinOff, Play } from "lucide-react";
import { useState } from "react";
import { inputPorts } from "@/document";
import { JsonField } from "@/shared/forms";
import { api, isValueReference, type Activation, type FlowNode, type Json, type JsonObject, type NodeTrial, parseExact, ProblemError, stringifyExact } from "@/shared/protocol";
import { Banner, Button, duration, IconButton, JsonTree, StatusBadge } from "@/shared/ui";
import { useDraft, useEditor } from "../context";

const load = (ref: string): Promise<Json> => api.values.get(ref);
const keyOf = (flowId: string, nodeId: string) => `tfcanvas.pin.${flowId}.${nodeId}`;

/** Inputs a person pinned to this node in this browser; null where none are. */
function pinned(flowId: string, nodeId: string): JsonObject | null {
  try {
    const kept = parseExact(localStorage.getItem(keyOf(flowId, nodeId)) ?? "null");
    return typeof kept === "object" && kept !== null && !Array.isArray(kept) ? kept : null;
  } catch {
    return null;
  }
}

export function TryNode({ node, recorded }: { node: FlowNode; recorded: Activation | undefined }) {
  const { saver } = useEditor();
  const flowId = useDraft((draft) => draft.flowId);
  const [inputs, setInputs] = useState<JsonObject>(() => pinned(flowId, node.id) ?? recorded?.inputs ?? Object.fromEntries(inputPorts(node).map((port) => [port.key, port.default ?? null])));
  const [isPinned, setIsPinned] = useState(() => pinned(flowId, node.id) !== null);
  const [valid, setValid] = useState(true);
  const [running, setRunning] = useState(false);
  const [trial, setTrial] = useState<NodeTrial | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const change = (next: JsonObject) => {
    setInputs(next);
    if (isPinned) localStorage.setItem(keyOf(flowId, node.id), stringifyExact(next));
  };
  const pin = () => {
    if (isPinned) localStorage.removeItem(keyOf(flowId, node.id));
    else localStorage.setItem(keyOf(flowId, node.id), stringifyExact(inputs));
    setIsPinned(!isPinned);
  };
  const takeRecorded = async () => {
    if (!recorded?.inputs) return;
    const whole = await Promise.all(Object.entries(recorded.inputs).map(async ([key, value]) => [key, isValueReference(value) ? await load(value.$value) : value] as const));
    change(Object.fromEntries(whole));
  };
  const run = async () => {
    setRunning(true);
    setFailure(null);
    try {
      if (!(await saver.flush())) {
        setFailure("The draft is not saved yet, so the node cannot run as it is drawn.");
        return;
      }
      setTrial(await api.flows.runNode(flowId, node.id, inputs));
    } catch (error) {
      setFailure(error instanceof ProblemError ? (error.errors[0] ? `${error.errors[0].pointer} ${error.errors[0].message}` : error.detail) : "The server did not answer. The node may or may not have run.");
    } finally {
      setRunning(false);
    }
  };
  return (
    <section className="sect grid gap-2" data-testid="try-node">
      <h3 className="sect-title m-0">
        Run this node alone
        <span className="ml-auto flex gap-1">
          {recorded?.inputs && <Button size="small" tone="quiet" data-testid="try-recorded" onClick={() => void takeRecorded()}>As recorded</Button>}
          <IconButton icon={isPinned ? PinOff : Pin} size="small" label={isPinned ? "Forget these inputs" : "Pin these inputs in this browser"} aria-pressed={isPinned} onClick={pin} />
        </span>
      </h3>
      <JsonField
        label="Inputs, by port" value={inputs} minRows={3} testId="try-inputs" onValid={setValid}
        onChange={(value: Json | undefined) => {
          const object = typeof value === "object" && value !== null && !Array.isArray(value);
          setValid(object);
          if (object) change(value);
        }}
      />
      <span className="help">By port. It runs as it is drawn, with what it does outside; nothing before or after it runs.{isPinned ? " Pinned: kept in this browser." : ""}</span>
      <Button icon={Play} className="justify-self-start" data-testid="try-run" disabled={running || !valid} onClick={() => void run()}>{running ? "Running" : "Run it"}</Button>
      {failure !== null && <Banner status="failed">{failure}</Banner>}
      {trial !== null && (
        <div className="grid gap-2" data-testid="try-result" data-status={trial.status}>
          <div className="flex items-center gap-2"><StatusBadge status={trial.status === "succeeded" ? "done" : "failed"} /><span className="text-ink-3">{duration(trial.seconds * 1000)}</span></div>
          {trial.error !== null && (
            <div>
              <div className="font-medium text-failed wrap-anywhere">{trial.error.type}: {trial.error.message}</div>
              {trial.error.stack && <details><summary className="text-small text-ink-3 flex items-center gap-1"><ChevronRight className="icon icon-12" aria-hidden />Stack</summary><pre className="code mt-1">{trial.error.stack}</pre></details>}
            </div>
          )}
          {Object.entries(trial.ports).map(([port, value]) => <JsonTree key={port} value={value} name={port} open={2} onLoadReference={load} />)}
          {trial.error === null && Object.keys(trial.ports).length === 0 && <span className="text-ink-3">It lit no port.</span>}
          {trial.logs.length > 0 && <ul className="try-logs">{trial.logs.map((line, index) => <li key={index}><span className="text-ink-3">{line.level}</span> {line.message}</li>)}</ul>}
        </div>
      )}
    </section>
  );
}
