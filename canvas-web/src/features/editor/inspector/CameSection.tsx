/** What came to a trigger lately: which run it started, what its limits hold back, and what they dropped, and why. */
import { RotateCw } from "lucide-react";
import { useEffect } from "react";
import { Link } from "react-router";
import { firingWords } from "@/shared/firings";
import { api, type Firing, type FlowNode, onProjectEvent, ProblemError } from "@/shared/protocol";
import { ago, useNow } from "@/shared/time";
import { IconButton, StatusBadge } from "@/shared/ui";
import { useDraft } from "../context";
import { useSavedAnswer } from "./useSavedAnswer";

const MOST = 8;

export function CameSection({ node }: { node: FlowNode }) {
  const published = useDraft((draft) => draft.latestVersion !== null);
  return published ? <Came key={node.id} nodeId={node.id} /> : null;
}

function Came({ nodeId }: { nodeId: string }) {
  const flowId = useDraft((draft) => draft.flowId);
  const { value: came, failure, again } = useSavedAnswer((signal) => lately(flowId, nodeId, signal));
  const now = useNow(came !== null && came.length > 0);
  useEffect(() => onProjectEvent((event) => {
    if (event === null || (event.flowId === flowId && event.type.startsWith("execution."))) again();
  }), [flowId, again]);
  if (came === null && failure === null) return null;
  return (
    <section className="sect" data-testid="came">
      <h3 className="sect-title">What came <span className="ml-auto"><IconButton icon={RotateCw} size="small" label="Look again" data-testid="came-again" onClick={again} /></span></h3>
      {failure !== null ? (
        <p className="help m-0">{failure instanceof ProblemError && failure.status === 404 ? "The active version does not have this trigger. Publish the flow, and it listens." : "The server did not answer. What comes is taken all the same; look again."}</p>
      ) : came?.length === 0 ? <p className="help m-0">Nothing yet.</p> : (
        <ul className="came">
          {came?.map((firing, index) => {
            const words = firingWords(firing);
            return (
              <li key={`${firing.dueAt} ${index}`}>
                <StatusBadge plain status={words.status} word={words.word} />
                {firing.executionId !== null && <Link className="mono" to={`/runs/${firing.executionId}`}>{firing.executionId.slice(-4)}</Link>}
                <span className="ml-auto text-ink-3">{ago(Date.parse(firing.dueAt), now)}</span>
                {firing.reason !== null && <span className="came-why">{firing.reason}</span>}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}

/** What started or waits, and what was dropped, as one list, the newest first. */
async function lately(flowId: string, nodeId: string, signal: AbortSignal): Promise<Firing[]> {
  const [past, missed] = await Promise.all([api.triggers.fires(flowId, nodeId, "past", { signal }), api.triggers.fires(flowId, nodeId, "missed", { signal })]);
  return [...past.items, ...missed.items].sort((a, b) => b.dueAt.localeCompare(a.dueAt)).slice(0, MOST);
}
