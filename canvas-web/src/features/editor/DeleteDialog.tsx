/** Deleting a flow: what goes, what stays, then the button. */
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, ProblemError } from "@/shared/protocol";
import { Button, Dialog, toast } from "@/shared/ui";
import { useDraft, useEditor } from "./context";

export function DeleteDialog({ onClose }: { onClose: () => void }) {
  const { saver } = useEditor();
  const { flowId, doc, latestVersion } = useDraft((draft) => draft);
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    try {
      await saver.flush();
      await api.flows.remove(flowId);
      toast({ title: `Deleted ${doc.name}.`, status: "done" });
      void navigate("/");
    } catch (error) {
      setBusy(false);
      const running = error instanceof ProblemError && error.reason === "RUNNING";
      toast({ title: running ? "A run of this flow has not ended." : "Not deleted.", text: running ? "Cancel it or wait, then delete the flow." : error instanceof Error ? error.message : "", status: "failed" });
    }
  };
  return (
    <Dialog
      title={`Delete ${doc.name}?`}
      onClose={onClose}
      testId="delete-dialog"
      footer={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button tone="danger" icon={Trash2} disabled={busy} data-testid="confirm-delete" onClick={() => void remove()}>Delete the flow</Button>
        </>
      }
    >
      <ul className="m-0 grid list-disc gap-1 pl-4 text-ink-2">
        <li>The drawing goes: {doc.nodes.length === 1 ? "1 node" : `${doc.nodes.length} nodes`}, {doc.edges.length === 1 ? "1 wire" : `${doc.edges.length} wires`}.</li>
        <li>{latestVersion === null ? "It was never published." : `Its versions up to ${latestVersion} go with it.`}</li>
        <li>Its past runs stay, and can be read under Runs.</li>
        <li>This can’t be undone. Export it first if you may want it back.</li>
      </ul>
    </Dialog>
  );
}
