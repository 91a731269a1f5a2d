/** One wait on a page of its own, made for a phone: what is asked, the form, the decision within reach of the thumb. */
import { ChevronLeft, UserCheck } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { Link, useParams } from "react-router";
import { api, onServerBack, ProblemError, type Wait } from "@/shared/protocol";
import { Button, Empty, Skeleton } from "@/shared/ui";
import { approvalsChanged, WaitForm } from "@/shared/waits";
import "./approvals.css";

export function WaitPage() {
  const { id = "" } = useParams();
  return <OneWait key={id} id={id} />;
}

function OneWait({ id }: { id: string }) {
  const [wait, setWait] = useState<Wait | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const load = useCallback(() => {
    api.waits.get(id).then((got) => {
      setWait(got);
      setFailure(null);
    }, setFailure);
  }, [id]);
  const open = wait === null || wait.status === "open";
  useEffect(() => {
    load();
    if (!open) return;
    // Somebody else may answer while one reads.
    const look = () => {
      if (document.visibilityState === "visible") void api.waits.get(id).then((now) => setWait((before) => (before === null || now.status !== before.status ? now : before)), () => undefined);
    };
    const timer = window.setInterval(look, 5000);
    const forget = onServerBack(load);
    return () => {
      window.clearInterval(timer);
      forget();
    };
  }, [load, open, id]);
  useEffect(() => {
    document.title = `${wait ? `${wait.nodeName} · ` : ""}Approval · TriggerFlow Canvas`;
  }, [wait]);
  return (
    <div className="wait-page">
      <header className="wait-head">
        <Link to="/approvals" className="btn btn-quiet btn-icon wait-back" aria-label="Back to approvals"><ChevronLeft className="icon icon-18" aria-hidden /></Link>
        <div className="min-w-0">
          {wait ? (
            <>
              <span className="cut wait-from">{wait.flowName}, run <Link className="mono" to={`/runs/${wait.executionId}?node=${wait.nodeId}`}>{wait.executionId.slice(-4)}</Link></span>
              <h1 className="cut">{wait.nodeName}</h1>
            </>
          ) : <Skeleton width={160} height={16} />}
        </div>
      </header>
      {wait ? (
        <Scrolling wait={wait} onAnswered={(answered) => {
          setWait(answered);
          approvalsChanged();
        }} />
      ) : failure !== null ? (
        <main className="wait-scroll">
          {failure instanceof ProblemError && failure.status === 404 ? (
            <Empty icon={UserCheck} title="There is nothing to decide here" actions={<Link className="btn btn-primary" to="/approvals">See what waits</Link>}>The link may have been cut short, or its run was deleted.</Empty>
          ) : (
            <Empty icon={UserCheck} title="The server did not answer" actions={<Button tone="primary" onClick={load}>Try now</Button>}>The run goes on waiting. Nothing is lost.</Empty>
          )}
        </main>
      ) : <main className="wait-scroll grid gap-3" aria-busy="true"><Skeleton height={56} /><Skeleton height={20} /><Skeleton height={20} /></main>}
    </div>
  );
}

function Scrolling({ wait, onAnswered }: { wait: Wait; onAnswered: (wait: Wait) => void }) {
  const [foot, setFoot] = useState<HTMLElement | null>(null);
  return (
    <>
      <main className="wait-scroll">
        <WaitForm key={wait.status} wait={wait} onAnswered={onAnswered} foot={(buttons) => (foot ? createPortal(buttons, foot) : null)} />
        {wait.status !== "open" && <Link className="btn btn-large self-start mt-3" to="/approvals">See what else waits</Link>}
      </main>
      <footer ref={setFoot} className="wait-foot" hidden={wait.status !== "open"} />
    </>
  );
}
