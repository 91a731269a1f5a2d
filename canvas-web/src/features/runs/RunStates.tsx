/** What the run page shows before there is a run, where there is none, and what its wires mean. */
import { Activity } from "lucide-react";
import { Link } from "react-router";
import { ProblemError } from "@/shared/protocol";
import { Button, Empty, Skeleton } from "@/shared/ui";

export function Legend() {
  return (
    <ul className="run-legend" aria-label="What the wires mean">
      {(["carried", "flowing", "pending", "dead"] as const).map((kind) => (
        <li key={kind}>
          <svg width="28" height="8" aria-hidden><path className={`edge-key edge-key-${kind}`} d={kind === "dead" ? "M1 4h22" : "M1 4h26"} />{kind === "dead" && <path className="edge-key" d="M26 0v8" />}</svg>
          {kind === "dead" ? "not taken" : kind}
        </li>
      ))}
    </ul>
  );
}

export function Opening() {
  return (
    <main className="run" aria-busy="true">
      <div className="runhead"><Skeleton width={96} height={28} /><Skeleton width={56} /><Skeleton width={88} /><Skeleton width={120} /></div>
      <div className="grid flex-1 place-items-center bg-canvas"><div className="appear-late text-center text-ink-3" role="status">Opening the run. You can look around as soon as its events are here.</div></div>
    </main>
  );
}

export function Broken({ failure, onRetry }: { failure: unknown; onRetry: () => void }) {
  if (failure instanceof ProblemError && failure.status === 404) {
    return <main className="m-auto"><Empty icon={Activity} title="There is no run at this address" actions={<Link className="btn btn-primary" to="/runs">See all runs</Link>}>The link may have been cut short, or it is from another server.</Empty></main>;
  }
  const problem = failure instanceof ProblemError ? failure : null;
  return (
    <main className="m-auto">
      <Empty icon={Activity} title={problem ? "The run could not be opened" : "The server did not answer"} actions={<><Button tone="primary" onClick={onRetry}>Try now</Button>{problem?.traceId && <Button onClick={() => void navigator.clipboard.writeText(problem.traceId ?? "")}>Copy trace id</Button>}</>}>
        {problem ? problem.detail : "The run is safe and goes on without you. It opens here as soon as the server is back."}
      </Empty>
    </main>
  );
}
