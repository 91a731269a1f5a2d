/** A wait on screen: what came in, the form, and the answer; who answered first where somebody else did. */
import { Braces, Check, ChevronRight, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { JsonField, SchemaForm, violationsOf } from "@/shared/forms";
import { api, type Json, type JsonObject, ProblemError, type Wait, type WaitAnswer } from "@/shared/protocol";
import { when, useNow } from "@/shared/time";
import { announce, Banner, Button, JsonTree } from "@/shared/ui";
import { answerValue, answerWords, dueWords, factsOf, formOf, KIND_WORDS, startOf } from "./model";
import "./waits.css";

export interface WaitFormProps {
  wait: Wait;
  onAnswered: (wait: Wait) => void;
  /** Where the buttons stand: at the page's foot on a phone, below the form in a panel. */
  foot?: (buttons: ReactNode) => ReactNode;
}

export function WaitForm({ wait, onAnswered, foot = (buttons) => buttons }: WaitFormProps) {
  const now = useNow(wait.status === "open", 1000);
  const schema = formOf(wait);
  const [data, setData] = useState<JsonObject>(() => (schema ? startOf(schema, wait.input) : {}));
  const [value, setValue] = useState<Json | undefined>(undefined);
  const [valueOk, setValueOk] = useState(true);
  const [sending, setSending] = useState<"approved" | "rejected" | null>(null);
  const [tried, setTried] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [found, setFound] = useState<readonly { pointer: string; message: string }[]>([]);
  const [winner, setWinner] = useState<WaitAnswer | null>(null);
  const wrong = schema ? violationsOf(schema, data) : [];
  const open = wait.status === "open" && winner === null;

  const send = (decision: "approved" | "rejected") => {
    if (sending !== null) return;
    // A no needs no filled form; a yes does.
    if (decision === "approved" && wrong.length > 0) {
      setTried(true);
      announce(`${wrong.length} fields to fill in first`, true);
      return;
    }
    setSending(decision);
    setFailure(null);
    const given = wait.kind === "approval" ? (schema && (decision === "approved" || wrong.length === 0) ? data : undefined) : value;
    api.waits.answer(wait, answerValue(wait.kind, decision, given)).then(
      (answered) => {
        announce(answered.answer ? answerWords(answered.answer) : "Answered", true);
        onAnswered(answered);
      },
      (error: unknown) => {
        setSending(null);
        if (error instanceof ProblemError && error.reason === "ALREADY_ANSWERED") {
          setWinner(error.answer ?? { by: "somebody else", at: new Date().toISOString() });
          announce(error.answer ? `Too late: ${answerWords(error.answer)}` : "Too late: somebody answered first", true);
        } else if (error instanceof ProblemError && error.status === 422) {
          setFound(error.errors.map(({ pointer, message }) => ({ pointer: pointer.replace(/^\/value(\/data)?/, ""), message })));
          setFailure("The run did not take it: see what is wrong above, and answer again.");
        } else if (error instanceof ProblemError && error.status === 404) {
          setFailure("This wait is gone: its run was deleted.");
        } else setFailure(error instanceof ProblemError ? error.detail : "The server did not answer. Answer again: the same answer counts once.");
      },
    );
  };

  const buttons = open ? (
    <div className="wait-buttons">
      {tried && wrong.length > 0 && failure === null && <div className="wait-why" role="alert">{wrong.length === 1 ? "One field to fill in first." : `${wrong.length} fields to fill in first.`} Rejecting needs none.</div>}
      {failure !== null && <div className="wait-why" role="alert" data-testid="wait-failure">{failure}</div>}
      {wait.kind === "approval" && <Button tone="danger" icon={X} data-testid="wait-reject" disabled={sending !== null} onClick={() => send("rejected")}>{sending === "rejected" ? "Rejecting" : "Reject"}</Button>}
      {wait.kind !== "timer" && <Button tone="primary" icon={Check} data-testid="wait-approve" disabled={sending !== null || !valueOk} onClick={() => send("approved")}>{sending === "approved" ? "Sending" : wait.kind === "approval" ? "Approve" : "Answer"}</Button>}
      {wait.kind === "approval" && <p>It is written to the run and can’t be undone.</p>}
    </div>
  ) : null;

  return (
    <>
      <div className="wait-body" data-testid="wait" data-status={winner ? "lost" : wait.status}>
        {winner !== null ? (
          <Banner status="stale" testId="wait-lost"><b className="font-semibold">Somebody was first. {answerWords(winner)}</b>, {when(Date.parse(winner.at), now)}. Your answer was not taken.</Banner>
        ) : wait.status === "open" ? (
          <Banner status="waiting"><b className="font-semibold">{KIND_WORDS[wait.kind]}</b>{dueWords(wait, now) && <span className="block text-small text-ink-2">{dueWords(wait, now)}</span>}{wait.assignees.length > 0 && <span className="block text-small text-ink-2">For {wait.assignees.join(", ")}</span>}</Banner>
        ) : (
          <Banner status={wait.answer?.decision === "rejected" ? "failed" : wait.status === "answered" ? "done" : "cancelled"} testId="wait-answered">
            <b className="font-semibold">{wait.answer ? answerWords(wait.answer) : wait.status === "expired" ? "Nobody answered in time" : "Cancelled"}</b>
            {wait.answer && <span className="text-small text-ink-2"> {when(Date.parse(wait.answer.at), now)}</span>}
          </Banner>
        )}
        <Came input={wait.input} />
        {wait.kind === "event" && <dl className="wait-facts"><div><dt>Event</dt><dd className="mono">{wait.name}</dd></div><div><dt>Key</dt><dd className="mono">{wait.key}</dd></div></dl>}
        {(winner?.data ?? wait.answer?.data) != null && <section><h3 className="sect-title">Given with it</h3><JsonTree value={winner?.data ?? wait.answer?.data} name="data" open={2} onLoadReference={(ref) => api.values.get(ref)} /></section>}
        {open && schema && (
          <div className="wait-form">
            <SchemaForm schema={schema} value={data} found={found} insist={tried} idPrefix={`w-${wait.id.slice(-8)}`} onChange={(next) => { setData(next as JsonObject); setFound([]); }} />
          </div>
        )}
        {open && wait.kind === "event" && (
          <div className="field">
            <span className="field-label">Value</span>
            <JsonField label="Value" value={value} orText minRows={2} onValid={setValueOk} onChange={setValue} />
            <span className="help">What the node gives at out. A program sends it with POST /events, by name and key.</span>
          </div>
        )}
      </div>
      {buttons && foot(buttons)}
    </>
  );
}

function Came({ input }: { input: Json }) {
  const { facts, more } = factsOf(input);
  const rows = facts.filter((fact) => !fact.long);
  if (input === null) return null;
  return (
    <section className="wait-came" aria-label="What came in">
      {rows.length > 0 && <dl className="wait-facts">{rows.map((fact) => <div key={fact.label}><dt>{fact.label}</dt><dd>{fact.text}</dd></div>)}</dl>}
      {facts.filter((fact) => fact.long).map((fact) => <div key={fact.label} className="wait-quote"><span>{fact.label}</span><p>{fact.text}</p></div>)}
      <details className="wait-all">
        <summary><Braces className="icon icon-14" aria-hidden />{facts.length === 0 ? "What came in" : more > 0 ? `All ${facts.length + more} fields` : "As JSON"}<ChevronRight className="icon icon-14 ml-auto" aria-hidden /></summary>
        <JsonTree value={input} name="input" open={2} onLoadReference={(ref) => api.values.get(ref)} />
      </details>
    </section>
  );
}
