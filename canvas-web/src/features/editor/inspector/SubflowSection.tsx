/** Which flow a sub-flow runs, in which version, and how often: once, for each item of a list, or while a condition holds. */
import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { changeNode, setSubflowMode, subflowMode, withHandler } from "@/document";
import { api, type FlowNode, type FlowSummary, type Json, type VersionSummary } from "@/shared/protocol";
import { Banner } from "@/shared/ui";
import { useDraft, useMake } from "../context";

const MODES = [
  { key: "once", label: "Once" },
  { key: "forEach", label: "For each item" },
  { key: "while", label: "While" },
] as const;

const MODE_WORDS = {
  once: "The flow runs once with what comes in, and out gives its results.",
  forEach: "The list at items: the flow runs for each of its items, and out gives the results in the same order.",
  while: "The flow runs again on its own results as long as the condition holds.",
} as const;

export function SubflowSection({ node }: { node: FlowNode }) {
  const plan = useMake();
  const own = useDraft((draft) => draft.flowId);
  const config = node.handlers["main"]?.config ?? {};
  const flowId = text(config["flowId"]);
  const version = text(config["version"]);
  const mode = subflowMode(node);
  const flows = useAnswer<readonly FlowSummary[]>(() => api.flows.all(), "");
  const versions = useAnswer<readonly VersionSummary[]>(() => (flowId === "" ? Promise.resolve([]) : api.flows.versions(flowId)), flowId);
  const set = (patch: Record<string, Json | undefined>) =>
    plan((doc) => changeNode(doc, withHandler(node, { config: Object.fromEntries(Object.entries({ ...config, ...patch }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))) })));
  const chosen = flows.value?.find((flow) => flow.id === flowId);
  return (
    <div className="grid gap-3" data-testid="subflow-section">
      <div className="field">
        <label className="field-label" htmlFor={`flow-${node.id}`}>Flow</label>
        <select id={`flow-${node.id}`} className="select" value={flowId} aria-invalid={flowId === ""} onChange={(event) => set({ flowId: event.target.value, version: undefined })}>
          <option value="" disabled>{flows.value === null ? "Loading the flows" : "Choose a flow"}</option>
          {flowId !== "" && !chosen && flows.value !== null && <option value={flowId}>A flow that is gone</option>}
          {flows.value?.map((flow) => <option key={flow.id} value={flow.id}>{flow.name}{flow.id === own ? " (this flow)" : ""}{flow.latestVersion === null ? ", no version yet" : ""}</option>)}
        </select>
        {flows.failed && <span className="help text-failed">The flows did not come. Open this node again to ask once more.</span>}
      </div>
      {chosen?.latestVersion === null && <Banner status="waiting">{chosen.name} has no version yet. Publish it, then this flow can run it.</Banner>}
      {flowId === own && <Banner status="waiting">A flow that runs itself needs a way to end: it goes at most 16 deep, each time as a run of its own.</Banner>}
      {flowId !== "" && (
        <div className="field">
          <label className="field-label" htmlFor={`version-${node.id}`}>Version</label>
          <select id={`version-${node.id}`} className="select" value={version} onChange={(event) => set({ version: event.target.value === "" ? undefined : event.target.value })}>
            <option value="">Newest when this flow is published{chosen?.latestVersion ? ` (now ${chosen.latestVersion})` : ""}</option>
            {version !== "" && !versions.value?.some((item) => item.version === version) && <option value={version}>{version}</option>}
            {versions.value?.map((item) => <option key={item.version} value={item.version}>{item.version}{item.message ? `, ${item.message}` : ""}</option>)}
          </select>
          <Link className="link inline-flex items-center gap-1 justify-self-start self-start text-small" to={`/flows/${flowId}`} data-testid="open-child"><ExternalLink className="icon icon-12" aria-hidden />Open {chosen?.name ?? "the flow"}</Link>
        </div>
      )}
      <div className="field">
        <span className="field-label">How often</span>
        <div className="seg justify-self-start self-start" role="radiogroup" aria-label="How often">
          {MODES.map(({ key, label }) => <button key={key} type="button" role="radio" aria-checked={mode === key} onClick={() => mode !== key && plan((doc) => setSubflowMode(doc, node, key))}>{label}</button>)}
        </div>
        <span className="help">{MODE_WORDS[mode]}</span>
      </div>
    </div>
  );
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** An answer of the server, asked for anew when the key changes. */
function useAnswer<T>(ask: () => Promise<T>, key: string): { value: T | null; failed: boolean } {
  const [got, setGot] = useState<{ key: string; value: T | null; failed: boolean } | null>(null);
  useEffect(() => {
    let wanted = true;
    ask().then(
      (value) => wanted && setGot({ key, value, failed: false }),
      () => wanted && setGot({ key, value: null, failed: true }),
    );
    return () => {
      wanted = false;
    };
    // The key says what is asked.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  return got?.key === key ? got : { value: null, failed: false };
}
