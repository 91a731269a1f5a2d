/** Whom a failed run is told to: a flow that is started with it, an address that is called with it, or both. */
import { useEffect, useState } from "react";
import { api, type FlowSettings, type FlowSummary } from "@/shared/protocol";
import { useDraft } from "../context";

export function OnFailure({ settings, set }: { settings: FlowSettings; set: (settings: FlowSettings, what: string) => void }) {
  const own = useDraft((draft) => draft.flowId);
  const [flows, setFlows] = useState<readonly FlowSummary[]>([]);
  const { flowId = "", url = "" } = settings.onFailure ?? {};
  useEffect(() => {
    const stop = new AbortController();
    // Without the list the flow that is chosen stands there by its id.
    api.flows.all({ signal: stop.signal }).then(setFlows, () => undefined);
    return () => stop.abort();
  }, []);
  const change = (next: { flowId?: string; url?: string }) => {
    const said = Object.fromEntries(Object.entries({ flowId, url, ...next }).filter(([, value]) => value !== ""));
    const rest: FlowSettings = { ...settings };
    delete rest.onFailure;
    set(Object.keys(said).length > 0 ? { ...rest, onFailure: said } : rest, "onFailure");
  };
  return (
    <section className="sect grid gap-3" data-testid="on-failure">
      <h3 className="sect-title m-0">When a run fails</h3>
      <div className="field">
        <label className="field-label" htmlFor="failure-flow">Start a flow <span className="count">optional</span></label>
        <select id="failure-flow" className="select" value={flowId} onChange={(event) => change({ flowId: event.target.value })}>
          <option value="">None</option>
          {flowId !== "" && !flows.some((flow) => flow.id === flowId) && <option value={flowId}>{flowId}</option>}
          {flows.filter((flow) => flow.id !== own).map((flow) => <option key={flow.id} value={flow.id}>{flow.name}</option>)}
        </select>
        {flowId !== "" && <span className="help">Once for each failed run, with the input <span className="mono">execution</span>.</span>}
      </div>
      <div className="field">
        <label className="field-label" htmlFor="failure-url">Call an address <span className="count">optional</span></label>
        <input id="failure-url" className="input mono" placeholder="https://example.org/failed" value={url} spellCheck={false} onChange={(event) => change({ url: event.target.value.trim() })} />
        {url !== "" && <span className="help">A POST of the execution, at least once, with its id as Idempotency-Key.</span>}
      </div>
    </section>
  );
}
