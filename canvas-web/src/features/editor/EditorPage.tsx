/** Opens a flow, and lays out bar, palette, canvas and inspector. */
import { CloudOff, Workflow } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { useStore } from "zustand";
import { api, type HandlerEntry, onServerBack } from "@/shared/protocol";
import { Banner, Button, Empty, Skeleton, toast, TopBar } from "@/shared/ui";
import { Canvas } from "./Canvas";
import { CommandBar } from "./CommandBar";
import { ConnectPicker } from "./ConnectPicker";
import { createPanels, EditorContext, GraphSlot, useDraft, useEditor, usePanels, type Editor } from "./context";
import { createDraft, select } from "./draft";
import { EditorBar } from "./EditorBar";
import { Inspector } from "./inspector/Inspector";
import { useEditorKeys } from "./keys";
import { Outline } from "./Outline";
import { Palette } from "./Palette";
import { RunDialog } from "./RunDialog";
import { Saver } from "./saving";

export function EditorPage() {
  const { id = "" } = useParams();
  return <OneFlow key={id} flowId={id} />;
}

function OneFlow({ flowId }: { flowId: string }) {
  const [draft] = useState(() => createDraft(flowId));
  const [saver] = useState(() => new Saver(draft));
  const [panels] = useState(createPanels);
  const [graph] = useState(() => new GraphSlot());
  const [catalogue, setCatalogue] = useState<readonly HandlerEntry[] | null>(null);
  const phase = useStore(draft, (state) => state.phase);
  const name = useStore(draft, (state) => state.doc.name);

  const load = useCallback(() => {
    draft.setState({ phase: "loading" });
    void saver.open();
    api.handlers.list().then(setCatalogue, () => draft.setState({ phase: "failed" }));
  }, [draft, saver]);
  useEffect(() => {
    load();
    return () => saver.close();
  }, [load, saver]);
  useEffect(() => (phase === "failed" ? onServerBack(load) : undefined), [phase, load]);
  useEffect(() => {
    if (name) document.title = `${name} · TriggerFlow Canvas`;
    return () => {
      document.title = "TriggerFlow Canvas";
    };
  }, [name]);

  const editor = useMemo((): Editor | null => (catalogue ? { draft, saver, catalogue, panels, graph } : null), [draft, saver, catalogue, panels, graph]);
  if (phase === "missing") {
    return (
      <Waiting>
        <Empty icon={Workflow} title="This flow is gone" actions={<Link className="btn btn-primary" to="/">See all flows</Link>}>
          It was deleted, or the link was cut short. Its past runs can still be read under Runs.
        </Empty>
      </Waiting>
    );
  }
  if (phase === "failed") {
    return (
      <Waiting>
        <Empty icon={CloudOff} title="The registry did not answer" actions={<Button tone="primary" onClick={load}>Try now</Button>}>
          Your flow is safe. Edits that were not saved are kept in this browser.
        </Empty>
      </Waiting>
    );
  }
  if (phase === "loading" || !editor) return <Opening />;
  return (
    <EditorContext value={editor}>
      <Drawing />
    </EditorContext>
  );
}

function Drawing() {
  const { draft, panels, graph } = useEditor();
  const { inspector, palette, outline, commands, running, connecting } = usePanels((state) => state);
  const run = useCallback(() => panels.setState({ running: true }), [panels]);
  useEditorKeys(run);
  useNodeInAddress();
  const small = useNarrow();
  useEffect(() => {
    // A panel that opens takes room: what is selected stays in sight.
    const [id] = draft.getState().selection.nodes;
    if (inspector && id !== undefined) requestAnimationFrame(() => graph.view?.reveal(id));
  }, [inspector, draft, graph]);
  return (
    <div className={`editor ${small ? "narrow" : ""}`}>
      <EditorBar onRun={run} />
      <div className="editor-main">
        {palette && <Palette floating={small} />}
        {outline && <Outline />}
        <div className="editor-canvas">
          <Notices />
          <Canvas />
        </div>
        {inspector && <Inspector />}
      </div>
      {running && <RunDialog onClose={() => panels.setState({ running: false })} />}
      {commands && <CommandBar mode={commands} onRun={run} />}
      {connecting && draft.getState().doc.nodes.some((node) => node.id === connecting) && <ConnectPicker from={connecting} />}
    </div>
  );
}

/** Banners over the canvas: what keeps the draft from being saved, and the ways out. */
function Notices() {
  const { saver } = useEditor();
  const save = useDraft((draft) => draft.save);
  const navigate = useNavigate();
  if (save.kind === "conflict") {
    return (
      <div className="editor-banner">
        <Banner
          status="failed"
          testId="conflict"
          actions={
            <>
              <Button size="small" onClick={() => void saver.reload()}>Reload</Button>
              <Button size="small" tone="primary" onClick={() => void saver.keepAsCopy().then((id) => navigate(`/flows/${id}`), () => toast({ title: "The copy was not made.", text: "The server did not answer. Your edits are still here.", status: "failed" }))}>
                Keep mine as a copy
              </Button>
            </>
          }
        >
          <b className="font-semibold">Not saved: this flow was changed elsewhere meanwhile.</b> Your edits are kept here.
        </Banner>
      </div>
    );
  }
  if (save.kind === "offline") {
    return (
      <div className="editor-banner">
        <Banner status="stale" testId="offline" actions={<><span className="text-small text-ink-3">{save.edits === 1 ? "1 edit kept" : `${save.edits} edits kept`}</span><Button size="small" onClick={() => void saver.flush()}>Try now</Button></>}>
          The server does not answer. Go on, we save when the line is back.
        </Banner>
      </div>
    );
  }
  if (save.kind === "refused") {
    return (
      <div className="editor-banner">
        <Banner status="waiting" testId="refused" actions={<Button size="small" onClick={() => void saver.flush()}>Save again</Button>}>
          <b className="font-semibold">Not saved: {save.message}</b> Your edits are kept in this browser.
        </Banner>
      </div>
    );
  }
  return null;
}

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => window.innerWidth < 1200);
  useEffect(() => {
    const query = window.matchMedia("(max-width: 1199px)");
    const listen = () => setNarrow(query.matches);
    query.addEventListener("change", listen);
    return () => query.removeEventListener("change", listen);
  }, []);
  return narrow;
}

/** `?node=` opens the inspector there, and follows it. */
function useNodeInAddress() {
  const { draft, panels, graph } = useEditor();
  const [query, setQuery] = useSearchParams();
  const asked = useRef(query.get("node"));
  const inspector = usePanels((state) => state.inspector);
  const only = useDraft(({ selection }) => (selection.nodes.size === 1 ? [...selection.nodes][0] : undefined));
  useEffect(() => {
    const id = asked.current;
    asked.current = null;
    if (!id || !draft.getState().doc.nodes.some((node) => node.id === id)) return;
    select(draft, [id]);
    panels.setState({ inspector: true });
    requestAnimationFrame(() => graph.view?.jump(id));
  }, [draft, panels, graph]);
  useEffect(() => {
    if (asked.current !== null) return;
    const shown = inspector ? (only ?? null) : null;
    setQuery((before) => {
      if (before.get("node") === shown) return before;
      const next = new URLSearchParams(before);
      if (shown) next.set("node", shown);
      else next.delete("node");
      return next;
    }, { replace: true });
  }, [inspector, only, setQuery]);
}

function Waiting({ children }: { children: React.ReactNode }) {
  return (
    <>
      <TopBar left={<Link to="/" className="text-ink-2">Flows</Link>} />
      <main className="m-auto">{children}</main>
    </>
  );
}

/** Grey shapes of the real layout. */
function Opening() {
  return (
    <div className="editor" aria-busy="true" aria-label="Opening the flow">
      <TopBar left={<Skeleton width={160} height={16} />} right={<Skeleton width={88} height={28} />} />
      <div className="editor-main">
        <div className="palette"><div className="grid gap-3 p-4">{Array.from({ length: 9 }, (_, index) => <Skeleton key={index} height={28} />)}</div></div>
        <div className="editor-canvas graph" />
      </div>
    </div>
  );
}
