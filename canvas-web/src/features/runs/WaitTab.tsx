/** A node that waits, in its run: the form, or how it was answered. */
import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { api, ProblemError, type Wait } from "@/shared/protocol";
import { Banner, Button, Skeleton } from "@/shared/ui";
import { approvalsChanged, WaitForm } from "@/shared/waits";

/** `ended`: asked for again once the node has gone on. */
export function WaitTab({ id, ended }: { id: string; ended: boolean }) {
  const [wait, setWait] = useState<Wait | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    api.waits.get(id, { signal: stop.signal }).then((got) => {
      setWait(got);
      setFailure(null);
    }, (error: unknown) => {
      if (!stop.signal.aborted) setFailure(error);
    });
    return () => stop.abort();
  }, [id, ended, tries]);
  return (
    <div className="side-wait">
      {wait !== null ? (
        <>
          <WaitForm key={wait.status} wait={wait} onAnswered={(answered) => { setWait(answered); approvalsChanged(); }} />
          <Link className="link inline-flex items-center gap-1 self-start text-small" to={`/approvals/${wait.id}`}><ExternalLink className="icon icon-12" aria-hidden />On a page of its own</Link>
        </>
      ) : failure === null ? <Skeleton height={56} /> : (
        <Banner status="failed" actions={<Button size="small" onClick={() => setTries(tries + 1)}>Try now</Button>}>
          {failure instanceof ProblemError ? (failure.status === 404 ? "The server does not know this wait any more." : failure.detail) : "The server did not answer. The run goes on waiting."}
        </Banner>
      )}
    </div>
  );
}
