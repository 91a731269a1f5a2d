/** The bar over the editor: what this is, whether it is saved, its faces, its problems, publish and run. */
import { CloudAlert, CloudCheck, CloudOff, CloudUpload, Copy, Download, Ellipsis, ListTree, PanelLeft, PanelRight, Pencil, Play, Trash2, Upload } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { NameField } from "@/shared/graph";
import { api, onProjectEvent, ProblemError } from "@/shared/protocol";
import { stringifyExact } from "@/shared/protocol/exactJson";
import { Button, Chip, FlowFaces, IconButton, MenuButton, toast, TopBar } from "@/shared/ui";
import { useEffect } from "react";
import { useDraft, useEditor, useMake, usePanels } from "./context";
import { DeleteDialog } from "./DeleteDialog";
import { bodyOf, publish } from "./draft";
import { Problems } from "./Problems";

export function EditorBar({ onRun }: { onRun: () => void }) {
  const { draft, saver, panels } = useEditor();
  const flowId = useDraft((state) => state.flowId);
  const name = useDraft((state) => state.doc.name);
  const inspector = usePanels((state) => state.inspector);
  const palette = usePanels((state) => state.palette);
  const plan = useMake();
  const navigate = useNavigate();
  const [renaming, setRenaming] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [busy, setBusy] = useState(false);
  useChangesElsewhere();

  const duplicate = async () => {
    const { doc } = draft.getState();
    try {
      const { data } = await api.flows.create({ ...bodyOf(doc), name: `${doc.name.slice(0, 190)} copy` });
      void navigate(`/flows/${data.id}`);
      toast({ title: `Made ${data.name}.`, status: "done" });
    } catch (error) {
      toast({ title: "Not duplicated.", text: error instanceof ProblemError ? error.message : "The server did not answer.", status: "failed" });
    }
  };
  const exportJson = () => {
    const { doc } = draft.getState();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([stringifyExact(bodyOf(doc), 2)], { type: "application/json" }));
    link.download = `${doc.name.replace(/[^\p{L}\p{N}._ -]+/gu, "-")}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const publishNow = async () => {
    setBusy(true);
    try {
      if (!(await saver.flush())) {
        toast({ title: "Not published: the draft is not saved yet.", status: "failed" });
        return;
      }
      const made = await publish(draft);
      if (made) toast({ title: made.created ? `Version ${made.version} is published.` : `Version ${made.version} is this draft already.`, status: "done", action: { label: "Versions", run: () => void navigate(`/flows/${flowId}/versions`) } });
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <TopBar
        left={
          <>
            {renaming ? (
              <NameField
                name={name}
                className="input flow-name-field"
                onDone={(next) => {
                  setRenaming(false);
                  if (next?.trim() && next.trim() !== name) plan(() => ({ ok: true, label: "Rename the flow", edits: [{ kind: "setFlow", patch: { name: next.trim() } }] }));
                }}
              />
            ) : (
              <h1 className="min-w-0">
                <button type="button" className="flow-name cut" data-tip="Rename" data-testid="flow-name" onClick={() => setRenaming(true)}>{name}</button>
              </h1>
            )}
            <MenuButton
              label="Flow"
              entries={[
                { label: "Rename", icon: Pencil, run: () => setRenaming(true) },
                { label: "Duplicate", icon: Copy, run: () => void duplicate() },
                { label: "Export as JSON", icon: Download, run: exportJson },
                { label: "Copy its id", icon: Upload, run: () => void navigator.clipboard.writeText(flowId).then(() => toast({ title: "Copied the flow's id.", status: "done" })) },
                "separator",
                { label: "Outline", icon: ListTree, keys: "O", run: () => panels.setState((state) => ({ outline: !state.outline })) },
                "separator",
                { label: "Delete…", icon: Trash2, danger: true, run: () => setDeleting(true), testId: "flow-delete" },
              ]}
            >
              {(props) => <IconButton icon={Ellipsis} label="Flow menu" data-testid="flow-menu" {...props} />}
            </MenuButton>
            <VersionChip />
            <SavedState />
          </>
        }
        center={<FlowFaces flowId={flowId} current="edit" />}
        right={
          <>
            <Problems />
            <span className="vr max-xl:hidden" />
            <IconButton className="panel-toggle" icon={PanelLeft} label={palette ? "Hide the palette" : "Show the palette"} aria-pressed={palette} onClick={() => panels.setState({ palette: !palette })} />
            <IconButton className="panel-toggle" icon={PanelRight} label={inspector ? "Hide the inspector" : "Show the inspector"} aria-pressed={inspector} onClick={() => panels.setState({ inspector: !inspector })} />
            <span className="vr" />
            <Button data-testid="publish-button" disabled={busy} onClick={() => void publishNow()}>Publish</Button>
            <Button tone="primary" icon={Play} data-testid="run-button" data-tip="Run" data-keys="Ctrl+Enter" onClick={onRun}>Run</Button>
          </>
        }
      />
      {deleting && <DeleteDialog onClose={() => setDeleting(false)} />}
    </>
  );
}

function VersionChip() {
  const latest = useDraft((state) => state.latestVersion);
  const isPublished = useDraft((state) => state.publishedDoc === state.doc);
  if (latest === null) return <Chip none>Never published</Chip>;
  return isPublished ? <Chip><b>v{latest}</b></Chip> : <Chip title={`Edited since version ${latest}`}>Draft after <b>v{latest}</b></Chip>;
}

const looks = {
  saved: { icon: CloudCheck, word: "Saved" },
  dirty: { icon: CloudUpload, word: "Edited" },
  saving: { icon: CloudUpload, word: "Saving" },
  offline: { icon: CloudOff, word: "Kept here" },
  conflict: { icon: CloudAlert, word: "Not saved" },
  refused: { icon: CloudAlert, word: "Not saved" },
} as const;

function SavedState() {
  const { saver } = useEditor();
  const kind = useDraft((state) => state.save.kind);
  const { icon: Icon, word } = looks[kind];
  return (
    <button type="button" className={`saved-state ${kind}`} data-testid="saved-state" data-state={kind} data-tip={kind === "saved" ? "Everything is on the server" : "Save now"} data-keys="Ctrl+S" onClick={() => void saver.flush()}>
      <Icon className="icon icon-14" aria-hidden />
      <span>{word}</span>
    </button>
  );
}

/** Somebody else saved this flow: take it at once where nothing is unsaved here; else the next save says so. */
function useChangesElsewhere() {
  const { draft, saver } = useEditor();
  useEffect(
    () =>
      onProjectEvent((event) => {
        const { flowId, saved, save } = draft.getState();
        if (event !== null && (event.flowId !== flowId || event.type !== "flow.updated")) return;
        if (saver.isDirty() || save.kind !== "saved") return;
        void api.flows.get(flowId).then(({ etag }) => {
          if (etag === saved?.etag || saver.isDirty() || draft.getState().saved !== saved) return;
          void saver.reload().then(() => toast({ title: "This flow was changed elsewhere.", text: "You see it as it is now.", status: "done" }));
        }, () => undefined);
      }),
    [draft, saver],
  );
}
