/** Before an ended run is run again: from where, on which version, with which inputs, and what that would do. */
import { ArrowRight, Check, RotateCcw, TriangleAlert } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { JsonField } from "@/shared/forms";
import { api, type Execution, type FlowNode, isValueReference, type Json, type JsonObject, ProblemError, type RerunPlan, type RerunStep } from "@/shared/protocol";
import { Banner, Button, Dialog, duration, KindTile, kindOf, Skeleton } from "@/shared/ui";
import { effectOf } from "./RerunDialog";
import { lastWords, money, planWords } from "./model/rerunPlan";
import type { RunState } from "./model/runState";
import { capital, many, shortId } from "./model/words";

export interface PlanDialogProps {
  execution: Execution;
  nodes: readonly FlowNode[];
  state: RunState;
  /** The node one asked to run again from; null where one asked for the whole run. */
  here: string | null;
  failedAt: string | null;
  /** What came in at a node then, by port; null where that is not known. */
  inputsOf: (nodeId: string) => JsonObject | null;
  onClose: () => void;
  onStarted: (execution: Execution) => void;
}

export function PlanDialog({ execution, nodes, state, here, failedAt, inputsOf, onClose, onStarted }: PlanDialogProps) {
  const name = (id: string | null) => nodes.find((node) => node.id === id)?.name ?? "a node";
  const failed = execution.status === "failed";
  const [from, setFrom] = useState(here !== null && !(failed && here === failedAt) ? here : failed ? "failure" : "start");
  const [newest, setNewest] = useState<string | null>(null);
  const [version, setVersion] = useState<string | null>(null);
  const [editing, setEditing] = useState(false);
  const [inputs, setInputs] = useState<JsonObject | null>(null);
  const [inputsOk, setInputsOk] = useState(true);
  const [starting, setStarting] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const body = useMemo(
    () => ({ from, ...(version === null ? {} : { blueprintVersion: version }), ...(editing && inputs !== null ? { inputs } : {}) }),
    [from, version, editing, inputs],
  );
  const [got, setGot] = useState<{ body: object; plan: RerunPlan | null; failure: string | null } | null>(null);
  const plan = got?.body === body ? got.plan : null;
  const failure = got?.body === body ? got.failure : null;

  useEffect(() => {
    const stop = new AbortController();
    // Without the flow there is no newer version to offer.
    api.flows.get(execution.flowId, { signal: stop.signal }).then(({ data }) => setNewest(data.latestVersion), () => undefined);
    return () => stop.abort();
  }, [execution.flowId]);
  useEffect(() => {
    const stop = new AbortController();
    const timer = window.setTimeout(() => {
      api.executions.plan(execution.id, body, { signal: stop.signal }).then(
        (answer) => setGot({ body, plan: answer, failure: null }),
        (error: unknown) => {
          if (!stop.signal.aborted) setGot({ body, plan: null, failure: reasonOf(error) });
        },
      );
    }, "inputs" in body ? 400 : 0);
    return () => {
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [execution.id, body]);

  const edited = from === "start" ? null : from === "failure" ? failedAt : from;
  const known: JsonObject | null = from === "start" ? (Object.values(execution.inputs).some((value) => isValueReference(value)) ? null : execution.inputs) : edited === null ? null : inputsOf(edited);
  const choices = [
    ...(failed ? [{ key: "failure", label: `From the failure${failedAt ? `, ${name(failedAt)}` : ""}` }] : []),
    ...(here !== null && here !== failedAt ? [{ key: here, label: `From ${name(here)}` }] : []),
    { key: "start", label: "From the start" },
  ];
  const title = from === "start" ? `Re-run ${shortId(execution.id)} from the start` : `Re-run from ${name(edited)}`;
  const start = () => {
    if (plan === null || starting || !inputsOk) return;
    setStarting(true);
    setRefusal(null);
    api.executions.retry(execution.id, body).then(onStarted, (error: unknown) => {
      setStarting(false);
      setRefusal(reasonOf(error));
    });
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      testId="rerun-dialog"
      width={600}
      onSubmit={start}
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button tone="primary" type="submit" icon={RotateCcw} data-testid="rerun-confirm" disabled={plan === null || starting || !inputsOk}>{starting ? "Starting" : "Re-run"}</Button>
        </>
      }
    >
      <p className="m-0 text-ink-2">Nothing has started. This is what would happen.</p>
      <div className="plan-choices">
        <fieldset><legend>From where</legend>
          {choices.map(({ key, label }) => (
            <label key={key}><input type="radio" name="from" className="radio" data-testid={`rerun-from-${key === "failure" || key === "start" ? key : "here"}`} checked={from === key} onChange={() => { setFrom(key); setEditing(false); setInputs(null); }} />{label}</label>
          ))}
        </fieldset>
        <fieldset><legend>On which version</legend>
          <label><input type="radio" name="version" className="radio" checked={version === null} onChange={() => setVersion(null)} />{execution.blueprintVersion}, as it ran</label>
          {newest !== null && newest !== execution.blueprintVersion && <label><input type="radio" name="version" className="radio" data-testid="rerun-newest" checked={version === newest} onChange={() => setVersion(newest)} />{newest}, the newest</label>}
        </fieldset>
      </div>
      {editing ? (
        <div className="field mt-3">
          <span className="field-label">What goes in {from === "start" ? "when it starts" : `at ${name(edited)}, by port`}<button type="button" className="link ml-auto" onClick={() => { setEditing(false); setInputs(null); setInputsOk(true); }}>As it was</button></span>
          <JsonField
            label="Inputs" minRows={4} testId="rerun-inputs" value={inputs ?? {}} onValid={setInputsOk}
            onChange={(value: Json | undefined) => {
              const object = typeof value === "object" && value !== null && !Array.isArray(value);
              setInputsOk(object);
              if (object) setInputs(value);
            }}
          />
        </div>
      ) : (
        <button type="button" className="link mt-2" data-testid="rerun-edit" onClick={() => { setInputs(known ?? {}); setEditing(true); }}>Change what goes in{known === null ? ", which was not recorded" : ""}</button>
      )}
      <div className="plan" data-testid="rerun-plan" data-ready={plan !== null} aria-live="polite">
        {refusal !== null && <Banner status="failed">{refusal}</Banner>}
        {failure !== null ? <Banner status="failed" testId="rerun-refused">{failure}</Banner> : plan === null ? <Waiting /> : <Shown plan={plan} nodes={nodes} state={state} />}
      </div>
    </Dialog>
  );
}

function Shown({ plan, nodes, state }: { plan: RerunPlan; nodes: readonly FlowNode[]; state: RunState }) {
  const words = planWords(plan, nodes, state);
  const { seconds, tokens, cost } = plan.estimate;
  return (
    <>
      {plan.warnings.map((warning) => <Banner key={warning} status="waiting">{warning}</Banner>)}
      {words.reused > 0 && (
        <section>
          <h3 className="s-done"><Check className="icon icon-14" aria-hidden />{capital(many(words.reused, "result"))} {words.reused === 1 ? "is" : "are"} used again{words.saved >= 1 && <span className="plan-end">saves {duration(words.saved)}</span>}</h3>
          <p>{words.reusedNames}</p>
        </section>
      )}
      {words.changed.length > 0 && <section><h3><TriangleAlert className="icon icon-14" aria-hidden />{capital(many(words.changed.length, "node"))} changed since</h3><p>{words.changed.join(", ")}</p></section>}
      <Steps steps={words.effects} nodes={nodes} className="s-retrying" icon={RotateCcw} title={(count) => `${capital(many(count, "effect"))} may repeat`} />
      <Steps steps={words.again} nodes={nodes} icon={RotateCcw} title={(count) => `${capital(many(count, "node"))} ${count === 1 ? "runs" : "run"} again and ${count === 1 ? "changes" : "change"} nothing outside`} />
      <Steps steps={words.first} nodes={nodes} icon={ArrowRight} title={(count) => `${capital(many(count, "node"))} may run for the first time`} />
      {words.reused + plan.repeats.length === 0 && <p>Nothing would run.</p>}
      <dl className="plan-cost">
        <div><dt>Time</dt><dd>{seconds === null ? "not known" : `about ${duration(seconds * 1000)}`}</dd></div>
        {tokens !== null && <div><dt>Tokens</dt><dd>{tokens.toLocaleString("en")}</dd></div>}
        {cost !== null && <div><dt>Cost</dt><dd>{money(cost)}</dd></div>}
        <p>By what it took last time.</p>
      </dl>
    </>
  );
}

const MOST = 6;

function Steps({ steps, nodes, icon: Icon, title, className = "" }: { steps: readonly RerunStep[]; nodes: readonly FlowNode[]; icon: typeof Check; title: (count: number) => string; className?: string }) {
  if (steps.length === 0) return null;
  return (
    <section>
      <h3 className={className}><Icon className="icon icon-14" aria-hidden />{title(steps.length)}</h3>
      <ul>
        {steps.slice(0, MOST).map((step) => {
          const node = nodes.find((candidate) => candidate.id === step.nodeId);
          return (
            <li key={step.nodeId}>
              {node && <KindTile look={kindOf(node.type, node.handlers["main"]?.entrypoint)} />}
              <span className="font-medium whitespace-nowrap">{step.name}</span>
              <span className="cut text-small text-ink-3">{node && step.effect ? effectOf(node) : ""}</span>
              <span className="plan-end text-small text-ink-2 font-normal">{lastWords(step)}</span>
            </li>
          );
        })}
        {steps.length > MOST && <li className="text-ink-3">and {steps.length - MOST} more</li>}
      </ul>
    </section>
  );
}

const Waiting = () => <div className="grid gap-2 py-2" aria-busy="true"><Skeleton height={16} width="60%" /><Skeleton height={12} /><Skeleton height={16} width="40%" /></div>;

function reasonOf(error: unknown): string {
  if (!(error instanceof ProblemError)) return "The server did not answer. Nothing was started; try again in a moment.";
  if (error.reason === "RUNNING") return "The run has not ended yet. Cancel it, or wait for its end.";
  return error.errors[0] ? error.errors[0].message : error.detail;
}
