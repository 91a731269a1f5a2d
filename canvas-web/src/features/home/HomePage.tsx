/** The list of flows: found, opened, made, copied, brought in. */
import { Plus, Search, Upload } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { createExample, type Example, EXAMPLES, Gallery, withFreshIds } from "@/features/examples";
import { api, type FlowSummary } from "@/shared/protocol";
import { announce, Button, Empty, toast, TopBar } from "@/shared/ui";
import { DeleteDialog, RenameDialog, whyNot } from "./dialogs";
import { type FlowActions, FlowRow } from "./FlowRow";
import { Rows, Silent } from "./HomeStates";
import { NoFlows } from "./NoFlows";
import { needsAttention } from "./recent";
import { save } from "./save";
import { exported, fileName, imported } from "./transfer";
import { useFlows } from "./useFlows";
import { useNodeSearch } from "./useNodeSearch";
import "./home.css";

export function HomePage() {
  const { flows, runs, runsKnown, failure, nextTryAt, refresh } = useFlows();
  const navigate = useNavigate();
  const [parameters, setParameters] = useSearchParams();
  const q = parameters.get("q") ?? "";
  const attention = parameters.get("filter") === "attention";
  const inNodes = parameters.get("in") === "nodes";
  const change = (changes: Record<string, string | null>): void =>
    setParameters((before) => {
      const next = new URLSearchParams(before);
      for (const [key, value] of Object.entries(changes)) {
        if (value === null || value === "") next.delete(key);
        else next.set(key, value);
      }
      return next;
    }, { replace: true });

  const [renaming, setRenaming] = useState<FlowSummary | null>(null);
  const [deleting, setDeleting] = useState<FlowSummary | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [dragging, setDragging] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const picker = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Flows · TriggerFlow Canvas";
    const slash = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      search.current?.focus();
    };
    document.addEventListener("keydown", slash);
    return () => document.removeEventListener("keydown", slash);
  }, []);

  const nodeHits = useNodeSearch(flows, inNodes && q !== "" ? q : "");
  const attentive = useMemo(() => (flows ?? []).filter((flow) => needsAttention(flow, runs.get(flow.id)?.[0])), [flows, runs]);
  const shown = useMemo(() => {
    const wanted = q.trim().toLowerCase();
    return (attention ? attentive : (flows ?? [])).filter(
      (flow) => wanted === "" || `${flow.name}\n${flow.description}`.toLowerCase().includes(wanted) || nodeHits.has(flow.id),
    );
  }, [flows, attention, attentive, q, nodeHits]);

  const nameFree = (wanted: string): string => {
    const taken = new Set((flows ?? []).map((flow) => flow.name));
    if (!taken.has(wanted)) return wanted;
    for (let n = 2; ; n += 1) if (!taken.has(`${wanted} ${n}`)) return `${wanted} ${n}`;
  };

  const make = async (key: string, what: string, work: () => Promise<{ id: string; name: string }>, open = true): Promise<void> => {
    if (busy !== null) return;
    setBusy(key);
    try {
      const flow = await work();
      announce(`${flow.name} created`);
      if (open) void navigate(`/flows/${flow.id}`);
      else refresh();
    } catch (error) {
      toast({ title: `Not created: ${what}`, text: whyNot(error, "It may be there all the same: the list will tell."), status: "failed" });
    } finally {
      setBusy(null);
    }
  };
  const create = (): void => void make("new", "a new flow", async () => (await api.flows.create({ name: nameFree("Untitled flow") })).data);
  const pick = (example: Example): void => void make(example.slug, example.document.name, () => createExample(example, nameFree(example.document.name)));

  const bringIn = async (files: readonly File[]): Promise<void> => {
    for (const file of files) {
      const read = imported(await file.text(), file.name.replace(/\.json$/i, ""));
      if (!read.ok) {
        toast({ title: `Not imported: ${file.name}`, text: read.why, status: "failed" });
        continue;
      }
      const document = { ...withFreshIds(read.document), name: nameFree(read.document.name) };
      await make("import", file.name, async () => (await api.flows.create(document)).data, files.length === 1);
    }
  };

  const actions: FlowActions = {
    rename: setRenaming,
    remove: setDeleting,
    duplicate: (flow) =>
      void make("duplicate", `a copy of ${flow.name}`, async () => {
        const { name, description, nodes, edges, channels, settings } = (await api.flows.get(flow.id)).data;
        const copy = withFreshIds({ name: nameFree(`${name}, copy`), description, nodes, edges, channels, settings });
        return (await api.flows.create(copy)).data;
      }, false),
    download: (flow) =>
      void api.flows.get(flow.id).then(
        ({ data }) => save(exported(data), fileName(data.name)),
        (error: unknown) => toast({ title: `Not exported: ${flow.name}`, text: whyNot(error, "The flow is safe."), status: "failed" }),
      ),
  };

  const none = flows !== null && flows.length === 0;
  return (
    <>
      <TopBar
        left={
          <>
            <h1>Flows</h1>
            <div className="input-box home-search">
              <Search className="icon" aria-hidden />
              <input ref={search} value={q} onChange={(event) => change({ q: event.target.value, in: null })} placeholder="Find a flow" aria-label="Find a flow" data-testid="home-search" />
              <kbd className="kbd" aria-hidden>/</kbd>
            </div>
          </>
        }
        right={
          <>
            <Button icon={Upload} className="home-import" onClick={() => picker.current?.click()} data-testid="home-import">Import</Button>
            <Button icon={Plus} tone={none ? "secondary" : "primary"} data-testid="home-new-flow" disabled={busy === "new"} onClick={create}>New flow</Button>
          </>
        }
      />
      <main
        className="page-body home"
        data-dragging={dragging}
        onDragOver={(event) => {
          if (!event.dataTransfer.types.includes("Files")) return;
          event.preventDefault();
          setDragging(true);
        }}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDragging(false);
        }}
        onDrop={(event) => {
          event.preventDefault();
          setDragging(false);
          void bringIn([...event.dataTransfer.files]);
        }}
      >
        <input ref={picker} type="file" accept=".json,application/json" multiple hidden data-testid="home-import-file" onChange={(event) => {
          void bringIn([...(event.target.files ?? [])]);
          event.target.value = "";
        }} />
        {failure !== null && <Silent nextTryAt={nextTryAt} failure={failure} onRetry={refresh} />}
        {none ? <NoFlows busy={busy !== null} onNew={create} onExample={() => EXAMPLES[0] && pick(EXAMPLES[0])} example={EXAMPLES[0]?.document.name ?? ""} /> : (
          <>
            <div className="home-filters">
              <div className="seg" role="radiogroup" aria-label="Which flows">
                <button type="button" role="radio" aria-checked={!attention} onClick={() => change({ filter: null })}>All <span className="count">{flows?.length ?? ""}</span></button>
                <button type="button" role="radio" aria-checked={attention} onClick={() => change({ filter: "attention" })} data-testid="home-attention">Needs attention <span className="count">{flows === null ? "" : attentive.length}</span></button>
              </div>
            </div>
            {flows === null ? failure === null && <Rows /> : shown.length > 0 ? (
              <table className="table home-table">
                <thead><tr><th>Flow</th><th>Last run</th><th className="home-spark">Recent runs, height is time</th><th className="home-version">Newest</th><th className="home-problems">Problems</th><th className="home-edited">Edited</th><th className="home-more"><span className="sr-only">More</span></th></tr></thead>
                <tbody>{shown.map((flow) => <FlowRow key={flow.id} flow={flow} runs={runs.get(flow.id) ?? NONE} runsKnown={runsKnown} actions={actions} />)}</tbody>
              </table>
            ) : attention && q === "" ? (
              <Empty title="Nothing needs you" actions={<Button onClick={() => change({ filter: null })}>See all flows</Button>}>No flow has errors, and no last run failed.</Empty>
            ) : inNodes ? (
              <Empty title="No flow, node or note says that" actions={<Button onClick={() => change({ q: null, in: null, filter: null })}>See all flows</Button>} />
            ) : (
              <Empty title="No flow is called that" actions={<><Button onClick={() => change({ in: "nodes" })}>Search in nodes and notes too</Button><Button tone="quiet" onClick={() => change({ q: null, filter: null })}>See all flows</Button></>} />
            )}
          </>
        )}
        {(flows !== null || failure === null) && q === "" && !attention && (
          <section className="home-examples" aria-label="Examples">
            <h2>{none ? "Or start from one that runs" : "Start from an example"}</h2>
            <Gallery busy={busy} onPick={pick} />
          </section>
        )}
        {dragging && <div className="home-drop" aria-hidden><div><Upload className="icon" />Drop it here. Importing runs nothing.</div></div>}
      </main>
      {renaming && <RenameDialog flow={renaming} onClose={() => setRenaming(null)} onDone={() => { setRenaming(null); refresh(); }} />}
      {deleting && <DeleteDialog flow={deleting} onClose={() => setDeleting(null)} onDone={() => { toast({ title: `Deleted ${deleting.name}`, text: "Its runs are kept under Runs.", status: "done" }); setDeleting(null); refresh(); }} />}
    </>
  );
}

const NONE: readonly never[] = [];
