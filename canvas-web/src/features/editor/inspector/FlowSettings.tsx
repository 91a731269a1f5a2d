/** The flow itself: what it is for, how long a run may take, its labels. */
import type { FlowDoc } from "@/document";
import { useDraft, useMake } from "../context";
import { Channels } from "./Channels";
import { OnFailure } from "./OnFailure";

export function FlowSettings() {
  const doc = useDraft((draft) => draft.doc);
  const plan = useMake();
  const set = (patch: Partial<Pick<FlowDoc, "description" | "settings">>, what: string) => plan(() => ({ ok: true, label: "Change the flow", edits: [{ kind: "setFlow", patch }] }), what);
  const { timeoutSeconds, labels } = doc.settings;
  return (
    <>
      <section className="sect grid gap-3">
        <div className="field">
          <label className="field-label" htmlFor="flow-description">What it is for</label>
          <textarea id="flow-description" className="textarea" rows={3} value={doc.description} placeholder="One or two sentences for whoever opens this next" onChange={(event) => set({ description: event.target.value }, "description")} />
        </div>
        <div className="field">
          <label className="field-label" htmlFor="flow-timeout">A run may take <span className="count">optional</span></label>
          <div className="input-box">
            <input
              id="flow-timeout"
              inputMode="numeric"
              placeholder="as long as it needs"
              value={timeoutSeconds ?? ""}
              onChange={(event) => {
                const seconds = Number(event.target.value.replace(/\D/g, "").slice(0, 8));
                const { timeoutSeconds: before, ...rest } = doc.settings;
                set({ settings: seconds > 0 ? { ...rest, timeoutSeconds: seconds } : rest }, `timeout ${before === undefined ? "" : "again"}`);
              }}
            />
            {timeoutSeconds !== undefined && <span className="text-ink-3">seconds</span>}
          </div>
        </div>
        <div className="field">
          <label className="field-label" htmlFor="flow-concurrency">Runs at once <span className="count">optional</span></label>
          <input
            id="flow-concurrency"
            className="input"
            inputMode="numeric"
            placeholder="as many as come"
            value={doc.settings.concurrency ?? ""}
            onChange={(event) => {
              const count = Math.min(100_000, Number(event.target.value.replace(/\D/g, "").slice(0, 6)));
              const { concurrency: before, ...rest } = doc.settings;
              set({ settings: count > 0 ? { ...rest, concurrency: count } : rest }, `concurrency ${before === undefined ? "" : "again"}`);
            }}
          />
          {doc.settings.concurrency !== undefined && <span className="help">What triggers start beyond it waits; who presses Run is told to come again.</span>}
        </div>
        <div className="field">
          <label className="field-label" htmlFor="flow-labels">Labels <span className="count">optional</span></label>
          <input
            id="flow-labels"
            className="input"
            placeholder="shop, nightly"
            defaultValue={labels?.join(", ") ?? ""}
            onBlur={(event) => {
              const said = [...new Set(event.target.value.split(",").map((label) => label.trim()).filter(Boolean))];
              const { labels: before, ...rest } = doc.settings;
              if (said.join() !== (before ?? []).join()) set({ settings: said.length > 0 ? { ...rest, labels: said } : rest }, "labels");
            }}
          />
        </div>
      </section>
      <OnFailure settings={doc.settings} set={(settings, what) => set({ settings }, what)} />
      <Channels />
      <section className="sect">
        <dl className="facts">
          <dt>Nodes</dt><dd>{doc.nodes.length}</dd>
          <dt>Wires</dt><dd>{doc.edges.length}</dd>
        </dl>
      </section>
    </>
  );
}
