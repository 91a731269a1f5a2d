/** A wire was drawn back to a node before it: offers to make it a loop, and asks how often. */
import { Repeat } from "lucide-react";
import { useState } from "react";
import { connect, DEFAULT_ITERATIONS, inputPorts, nodeOf } from "@/document";
import type { LoopSettings, PortReference } from "@/shared/protocol";
import { Button, Popover } from "@/shared/ui";
import { useDraft, useEditor, useMake, usePanels } from "./context";
import { newId, select } from "./draft";
import { LoopFields } from "./LoopFields";

export function LoopOffer() {
  const { panels } = useEditor();
  const offered = usePanels((state) => state.looping);
  return offered ? <Offer key={JSON.stringify(offered)} {...offered} onClose={() => panels.setState({ looping: null })} /> : null;
}

function Offer({ from, to, onClose }: { from: PortReference; to: PortReference; onClose: () => void }) {
  const { draft, panels, graph } = useEditor();
  const doc = useDraft((state) => state.doc);
  const plan = useMake();
  const [loop, setLoop] = useState<LoopSettings>({ maxIterations: DEFAULT_ITERATIONS });
  const [at] = useState(() => placeOf(to.nodeId));
  const target = nodeOf(doc, to.nodeId);
  const source = nodeOf(doc, from.nodeId);
  if (!target || !source) return null;
  const make = () => {
    onClose();
    if (!plan((now) => connect(now, from, to, newId, loop))) return;
    const made = draft.getState().doc.edges.at(-1);
    if (made) select(draft, [], [made.id]);
    panels.setState({ inspector: true });
    graph.view?.focus();
  };
  return (
    <Popover at={at} label="Make a loop" className="loop-offer" onClose={onClose}>
      <form
        className="grid gap-3"
        data-testid="loop-offer"
        onSubmit={(event) => {
          event.preventDefault();
          make();
        }}
      >
        <h3 className="sect-title m-0"><Repeat className="icon icon-14" aria-hidden />Make it a loop?</h3>
        <p className="m-0 text-ink-2">{source === target ? `${target.name} would run again with what it gave.` : `From ${source.name} it would go back to ${target.name}, and the nodes between them would run again.`}</p>
        <LoopFields id="offer" loop={loop} ports={inputPorts(target).map((port) => port.key)} onChange={setLoop} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>No wire</Button>
          <Button tone="primary" type="submit" icon={Repeat} data-testid="loop-make" autoFocus>Make a loop</Button>
        </div>
      </form>
    </Popover>
  );
}

/** Under the card the loop begins at; in the middle where it is out of sight. */
function placeOf(nodeId: string): { x: number; y: number } {
  const box = document.querySelector(`[data-node-id="${nodeId}"]`)?.getBoundingClientRect();
  return box ? { x: box.left, y: box.bottom + 8 } : { x: window.innerWidth / 2 - 160, y: window.innerHeight / 3 };
}
