/** "When it fails": tries, waits, the time one try may take, and the error port. */
import { changeNode, hasErrorPort, withHandler } from "@/document";
import type { FlowNode } from "@/shared/protocol";
import { useDraft, useMake } from "../context";
import { OnError } from "./OnError";

export function FailureSection({ node }: { node: FlowNode }) {
  const plan = useMake();
  const errorWired = useDraft(({ doc }) => doc.edges.some((edge) => edge.source.nodeId === node.id && edge.source.port === "error"));
  const main = node.handlers["main"];
  const tries = main?.retries?.maxAttempts;
  const wait = main?.retries?.backoffSeconds;
  const set = (patch: Parameters<typeof withHandler>[1], what: string) => plan((doc) => changeNode(doc, withHandler(node, patch)), `${what} ${node.id}`);
  const setRetries = (next: { maxAttempts?: number | undefined; backoffSeconds?: number | undefined }) => {
    const said = Object.entries({ maxAttempts: tries, backoffSeconds: wait, ...next }).filter(([, value]) => value !== undefined);
    set({ retries: said.length > 0 ? Object.fromEntries(said) : undefined }, "retries");
  };
  const isWait = /^core:(approval|timer|event)$/.test(main?.entrypoint ?? "");
  const shown = node.annotations?.["errorPort"] === true || errorWired;
  return (
    <section className="sect">
      <h3 className="sect-title">When it fails</h3>
      <div className="grid grid-cols-3 gap-2">
        <Whole id={`tries-${node.id}`} label="Tries" unit="" placeholder="1" min={0} value={tries} onChange={(maxAttempts) => setRetries({ maxAttempts })} />
        <Whole id={`wait-${node.id}`} label="First wait" unit="s" placeholder="1 s" min={0} value={wait} onChange={(backoffSeconds) => setRetries({ backoffSeconds })} />
        <Whole id={`limit-${node.id}`} label="Time limit" unit="s" placeholder="none" min={1} value={main?.timeoutSeconds} onChange={(timeoutSeconds) => set({ timeoutSeconds }, "limit")} />
      </div>
      <p className="help mt-1.5 mb-0">{waits(tries ?? 1, wait ?? 1)}</p>
      {node.type === "action" && !isWait && <OnError node={node} />}
      {hasErrorPort(node) && (
        <>
          <label className="mt-3 flex items-center gap-2">
            <input
              type="checkbox"
              role="switch"
              className="switch"
              checked={shown}
              disabled={errorWired}
              onChange={(event) => {
                const annotations = Object.fromEntries(Object.entries(node.annotations ?? {}).filter(([key]) => key !== "errorPort"));
                plan((doc) => changeNode(doc, { ...node, annotations: event.target.checked ? { ...annotations, errorPort: true } : annotations }, "Show the error port"));
              }}
            />
            <span>Show the <b className="font-medium">error</b> port</span>
          </label>
          <p className="help m-0 mt-1 pl-[38px]">{errorWired ? "A wire starts there: a failure goes along it, and the run goes on." : "Not wired: a failure ends the run."}</p>
        </>
      )}
    </section>
  );
}

function Whole({ id, label, unit, value, placeholder, min, onChange }: { id: string; label: string; unit: string; value: number | undefined; placeholder: string; min: number; onChange: (value: number | undefined) => void }) {
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>{label}</label>
      <div className="input-box">
        <input
          id={id}
          inputMode="numeric"
          placeholder={placeholder}
          value={value ?? ""}
          onChange={(event) => {
            const digits = event.target.value.replace(/\D/g, "").slice(0, 7);
            onChange(digits === "" ? undefined : Math.max(min, Number(digits)));
          }}
        />
        {unit !== "" && value !== undefined && <span className="text-ink-3">{unit}</span>}
      </div>
    </div>
  );
}

/** "Waits grow 1 s, 2 s, 4 s." The most is told without the jitter. */
function waits(tries: number, first: number): string {
  if (tries <= 1) return "One try, no repetition.";
  const list = Array.from({ length: Math.min(tries - 1, 4) }, (_, n) => Math.min(300, first * 2 ** n));
  return `Waits ${list.map((seconds) => `${seconds} s`).join(", ")}${tries > 5 ? " and so on" : ""} between ${tries} tries, give or take a fifth.`;
}
