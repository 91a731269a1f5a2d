/** Of a failed run: whom it told, by its flow's settings. */
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { api, type Blueprint, type Execution, onProjectEvent } from "@/shared/protocol";
import { toldOf } from "./model/failure";
import { shortId } from "./model/words";

export function AfterFailure({ execution, blueprint }: { execution: Execution; blueprint: Blueprint | null }) {
  const { flowId, url } = blueprint?.settings.onFailure ?? {};
  const { id, endedAt } = execution;
  const [told, setTold] = useState<string | null>(null);
  useEffect(() => {
    if (flowId === undefined || told !== null) return;
    const stop = new AbortController();
    const look = () => void api.executions.list({ flowId, ...(endedAt === null ? {} : { from: endedAt }), pageSize: 250, signal: stop.signal }).then(
      ({ data }) => setTold(data.items.find((run) => toldOf(run) === id)?.id ?? null),
      () => undefined,
    );
    look();
    // It may start a moment later.
    const leave = onProjectEvent((event) => {
      if (event === null || (event.flowId === flowId && event.type === "execution.started")) look();
    });
    return () => {
      stop.abort();
      leave();
    };
  }, [flowId, id, endedAt, told]);
  if (flowId === undefined && url === undefined) return null;
  return (
    <div className="run-fact-more" data-testid="after-failure">
      <dt>Then</dt>
      <dd>
        {flowId !== undefined && (told === null ? "its error flow starts" : <>its error flow ran, <Link to={`/runs/${told}`} className="mono">{shortId(told)}</Link></>)}
        {flowId !== undefined && url !== undefined && "; "}
        {url !== undefined && `${hostOf(url)} is told`}
      </dd>
    </div>
  );
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "its address";
  }
}
