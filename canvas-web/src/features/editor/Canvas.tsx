/** The canvas: hands the graph the draft and turns its gestures into plans. */
import { Cable, ClipboardPaste, Copy, CopyPlus, Ellipsis, Maximize, Network, Pencil, Plus, Radio, Redo2, Scissors, SlidersHorizontal, SquareDashedMousePointer, Trash2, Undo2 } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import {
  addNode, applyEdits, COLUMN, connect, connectNodes, duplicate, hasErrorPort, inputPorts, listensTo, moveNodes, nodeOf, outputPorts, putChannel, removeSelection, renameNode, rewire, shareChannel, type FlowDoc, type Plan, type Point,
} from "@/document";
import { GraphView, type GraphEditing, type GraphHandle, type MenuTarget, type PortEnd } from "@/shared/graph";
import { ChannelElsewhere } from "@/shared/channels";
import { Keys, Menu, Popover, toast, type MenuEntry } from "@/shared/ui";
import { functionEntry, isDottedPath, remember } from "./catalogue";
import { copyNodes, pasteFromClipboard } from "./clipboard";
import { useDraft, useEditor, useMake, usePanels, useProblems } from "./context";
import { make, newId, nothingSelected, select, travel } from "./draft";
import { LoopOffer } from "./LoopOffer";
import { PaletteList } from "./PaletteList";
import { tidy } from "./tidy";

interface Loose {
  end: PortEnd;
  side: "source" | "target";
  at: Point;
  screen: Point;
}

export function Canvas() {
  const { draft, panels, catalogue, graph } = useEditor();
  const doc = useDraft((state) => state.doc);
  const selection = useDraft((state) => state.selection);
  const history = useDraft((state) => state.history);
  const renaming = usePanels((state) => state.renaming);
  const problems = useProblems();
  const plan = useMake();
  const [menu, setMenu] = useState<{ target: MenuTarget; screen: Point } | null>(null);
  const [loose, setLoose] = useState<Loose | null>(null);
  const [fitKey, setFitKey] = useState("");

  const open = useCallback((id: string) => {
    select(draft, [id]);
    panels.setState({ inspector: true });
  }, [draft, panels]);
  const openEdge = useCallback((id: string) => {
    select(draft, [], [id]);
    panels.setState({ inspector: true });
  }, [draft, panels]);
  const tidyUp = useCallback(() => void tidy(draft.getState().doc).then((made) => {
    make(draft, made);
    setFitKey(`tidy ${Date.now()}`);
  }), [draft]);
  const entryFor = useCallback((reference: string) => catalogue.find((entry) => entry.reference === reference) ?? (isDottedPath(reference) ? functionEntry(reference) : undefined), [catalogue]);

  const flowId = draft.getState().flowId;
  const elsewhere = useCallback((name: string, who: "publishers" | "listeners") => <ChannelElsewhere name={name} who={who} flowId={flowId} />, [flowId]);
  const attach = useCallback((handle: GraphHandle | null) => graph.attach(handle), [graph]);
  const nodeTools = useCallback((id: string) => <NodeTools id={id} onMore={(screen) => setMenu({ target: { kind: "node", id }, screen })} />, []);
  const editing = useMemo((): GraphEditing => ({
    selection,
    onSelection: (next) => draft.setState({ selection: next }),
    onMove: (moves) => {
      plan((now) => moveNodes(now, moves));
    },
    check: (from, to) => {
      const made = connect(draft.getState().doc, from, to, newId);
      if (made.ok) return made.warning ? { ok: true, reason: made.warning } : { ok: true };
      return made.offer ? { ok: true, reason: made.reason } : { ok: false, reason: made.reason };
    },
    onConnect: (from, to) => {
      plan((now) => connect(now, from, to, newId));
    },
    onReconnect: (edgeId, ends) => {
      plan((now) => (ends ? rewire(now, edgeId, ends.from, ends.to) : removeSelection(now, new Set(), new Set([edgeId]))));
    },
    onLoose: (end, side, nodeId, at, screen) => {
      if (nodeId === null) setLoose({ end, side, at, screen });
      else plan((now) => fromPort(now, end, side, nodeId));
    },
    onDrop: (reference, at, edgeId) => {
      const entry = entryFor(reference);
      if (!entry) return;
      remember(reference);
      if (plan((now) => addNode(now, entry, { at: edgeId === null ? at : inWire(now, edgeId, at), into: edgeId }, newId))) {
        panels.setState(window.innerWidth < 1200 ? { palette: false, inspector: true } : { inspector: true });
        graph.view?.focus();
      }
    },
    onMenu: (target, screen) => {
      if (target.kind === "node" && !draft.getState().selection.nodes.has(target.id)) select(draft, [target.id]);
      if (target.kind === "edge") select(draft, [], [target.id]);
      setMenu({ target, screen });
    },
    renaming,
    onRename: (id, name) => {
      panels.setState({ renaming: null });
      if (name !== null) plan((now) => renameNode(now, id, name));
      graph.view?.focus();
    },
    nodeTools,
    channels: {
      onRename: (id, name) => plan((now) => {
        const channel = now.channels.find((other) => other.id === id);
        return channel ? putChannel(now, { ...channel, name }) : { ok: false, reason: "That channel is gone." };
      }),
      onShare: (id, shared) => void plan((now) => shareChannel(now, id, shared)),
    },
    onTidy: tidyUp,
  }), [selection, renaming, draft, plan, panels, nodeTools, tidyUp, entryFor, graph]);

  const entries = (): MenuEntry[] => {
    if (!menu) return [];
    const { target } = menu;
    if (target.kind === "edge") {
      return [
        { label: "Open", icon: SlidersHorizontal, run: () => openEdge(target.id) },
        { label: "Put a node into this wire…", icon: Plus, run: () => panels.setState({ palette: true }) },
        { label: "Delete", icon: Trash2, keys: "Del", danger: true, run: () => plan((now) => removeSelection(now, new Set(), new Set([target.id]))) },
      ];
    }
    if (target.kind === "canvas") {
      return [
        { label: "Add a node…", icon: Plus, keys: "Tab", run: () => panels.setState({ palette: true }) },
        { label: "Paste", icon: ClipboardPaste, keys: "Ctrl+V", run: () => void pasteFromClipboard(draft, target.at) },
        { label: "Select everything", icon: SquareDashedMousePointer, keys: "Ctrl+A", run: () => select(draft, doc.nodes.map((node) => node.id)) },
        "separator",
        { label: "Tidy up", icon: Network, keys: "Shift+L", run: tidyUp },
        { label: "Fit everything", icon: Maximize, keys: "1", run: () => graph.view?.fit() },
      ];
    }
    const many = selection.nodes.size > 1;
    return [
      ...(many ? [] : [
        { label: "Open", icon: SlidersHorizontal, keys: "Enter", run: () => open(target.id) },
        { label: "Rename", icon: Pencil, keys: "F2", run: () => panels.setState({ renaming: target.id }) },
        { label: "Connect…", icon: Cable, keys: "C", run: () => panels.setState({ connecting: target.id }) },
        { label: "Channels of its ports", icon: Radio, run: () => { open(target.id); panels.setState({ tab: "ports" }); } },
        ...(hasTag(doc, target.id) ? [{ label: "Who else is in its channel…", icon: Radio, run: () => graph.view?.openChannels(target.id) }] : []),
        "separator" as const,
      ]),
      { label: "Duplicate", icon: CopyPlus, keys: "Ctrl+D", run: () => plan((now) => duplicate(now, selection.nodes, newId)) },
      { label: "Copy", icon: Copy, keys: "Ctrl+C", run: () => void copyNodes(draft) },
      { label: "Cut", icon: Scissors, keys: "Ctrl+X", run: () => void copyNodes(draft).then(() => plan((now) => removeSelection(now, selection.nodes, new Set()))) },
      "separator",
      { label: many ? `Delete ${selection.nodes.size} nodes` : "Delete", icon: Trash2, keys: "Del", danger: true, run: () => plan((now) => removeSelection(now, selection.nodes, selection.edges)) },
    ];
  };

  return (
    <>
      <GraphView
        ref={attach}
        flow={doc}
        catalogue={catalogue}
        mode="edit"
        problems={problems}
        editing={editing}
        onOpen={open}
        onOpenEdge={openEdge}
        channelElsewhere={elsewhere}
        fitKey={fitKey}
        tools={
          <div className="toolcluster" role="group" aria-label="History">
            <button type="button" aria-label="Undo" data-tip={history.past.length > 0 ? `Undo: ${history.past.at(-1)?.label ?? ""}` : "Nothing to undo"} data-keys="Ctrl+Z" disabled={history.past.length === 0} onClick={() => travel(draft, "undo")}><Undo2 className="icon" /></button>
            <button type="button" aria-label="Redo" data-tip={history.future.length > 0 ? `Redo: ${history.future.at(-1)?.label ?? ""}` : "Nothing to redo"} data-keys="Ctrl+Shift+Z" disabled={history.future.length === 0} onClick={() => travel(draft, "redo")}><Redo2 className="icon" /></button>
          </div>
        }
      >
        {doc.nodes.length === 0 && <FirstNode />}
        <div className="canvas-hints" aria-hidden>
          <span><Keys of="Tab" /> add a node</span>
          <span><Keys of="Ctrl+K" /> commands</span>
          <span><Keys of="?" /> keys</span>
        </div>
      </GraphView>
      {menu && <Menu at={menu.screen} entries={entries()} onClose={() => setMenu(null)} label="Actions" />}
      <LoopOffer />
      {loose && (
        <Popover at={loose.screen} label="Add a node here" onClose={() => setLoose(null)} className="quick-add">
          <PaletteList
            autoFocus
            fits={(entry) => (loose.side === "source" ? entry.node.type !== "trigger" : entry.node.type !== "output")}
            onPick={(entry) => {
              setLoose(null);
              remember(entry.reference);
              const at = { x: loose.side === "source" ? loose.at.x : loose.at.x - 184, y: loose.at.y - 20 };
              plan((now) => {
                const added = addNode(now, entry, { at }, newId);
                const id = added.ok ? added.select?.[0] : undefined;
                if (!added.ok || id === undefined) return added;
                const wired = fromPort(applyEdits(now, added.edits).doc, loose.end, loose.side, id);
                return wired.ok ? { ...added, edits: [...added.edits, ...wired.edits] } : added;
              });
              panels.setState({ inspector: true });
              graph.view?.focus();
            }}
          />
        </Popover>
      )}
    </>
  );
}

const hasTag = (doc: FlowDoc, id: string) => doc.nodes.some((node) => node.id === id && listensTo(node) !== null) || doc.channels.some((channel) => [...channel.publishers, ...channel.subscribers].some((end) => end.nodeId === id));

/** Dropped on a wire, a card lines up behind the one the wire comes from, where it falls near that row. */
function inWire(doc: FlowDoc, edgeId: string, at: Point): Point {
  const edge = doc.edges.find((other) => other.id === edgeId);
  const source = edge && nodeOf(doc, edge.source.nodeId);
  if (!source) return at;
  const { x, y } = source.position;
  return { x: Math.abs(at.x - (x + COLUMN)) < COLUMN / 2 ? x + COLUMN : Math.max(at.x, x + COLUMN), y: Math.abs(at.y - y) < 48 ? y : at.y };
}

/** Wire one known port to the first port of a node that takes it. */
function fromPort(doc: Parameters<typeof connect>[0], end: PortEnd, side: "source" | "target", nodeId: string): Plan {
  const node = nodeOf(doc, nodeId);
  if (!node) return { ok: false, reason: "That node is gone." };
  const ports = side === "source" ? inputPorts(node) : outputPorts(node).filter((port) => !(port.key === "error" && hasErrorPort(node)));
  let last: Plan | null = null;
  for (const port of ports) {
    const there = { nodeId, port: port.key };
    last = side === "source" ? connect(doc, end, there, newId) : connect(doc, there, end, newId);
    if (last.ok) return last;
  }
  return last ?? (side === "source" ? connectNodes(doc, end.nodeId, nodeId, newId) : { ok: false, reason: `${node.name} has no output.` });
}

function NodeTools({ id, onMore }: { id: string; onMore: (screen: Point) => void }) {
  const { draft, panels } = useEditor();
  const plan = useMake();
  return (
    <div className="node-tools nodrag nopan" role="toolbar" aria-label="Node" onDoubleClick={(event) => event.stopPropagation()}>
      <button type="button" tabIndex={-1} aria-label="Open settings" data-tip="Open settings" data-keys="Enter" onClick={() => panels.setState({ inspector: true })}><SlidersHorizontal className="icon" /></button>
      <button type="button" tabIndex={-1} aria-label="Connect" data-tip="Connect" data-keys="C" onClick={() => panels.setState({ connecting: id })}><Cable className="icon" /></button>
      <button type="button" tabIndex={-1} aria-label="Duplicate" data-tip="Duplicate" data-keys="Ctrl+D" onClick={() => plan((now) => duplicate(now, new Set([id]), newId))}><CopyPlus className="icon" /></button>
      <button type="button" tabIndex={-1} aria-label="Delete" data-tip="Delete" data-keys="Del" onClick={() => { plan((now) => removeSelection(now, new Set([id]), new Set())); draft.setState({ selection: nothingSelected }); }}><Trash2 className="icon" /></button>
      <button type="button" tabIndex={-1} aria-label="More" data-tip="More" onClick={(event) => { const box = event.currentTarget.getBoundingClientRect(); onMore({ x: box.left, y: box.bottom + 4 }); }}><Ellipsis className="icon" /></button>
    </div>
  );
}

/** An empty canvas says how to begin, in one sentence and one button. */
function FirstNode() {
  const { catalogue, panels } = useEditor();
  const plan = useMake();
  const manual = catalogue.find((entry) => entry.reference === "core:manual");
  return (
    <div className="first-node">
      <h2>Every flow starts with a trigger</h2>
      <p>Then come the nodes that do the work, and an output that gives the result. Wires leave a node on its right side.</p>
      <div className="flex justify-center gap-2">
        {manual && (
          <button type="button" className="btn btn-large" data-testid="first-trigger" onClick={() => { plan((now) => addNode(now, manual, { at: { x: 0, y: 0 } }, newId)); toast({ title: "Added. Press Tab to add what comes next.", status: "done" }); }}>
            <Plus className="icon icon-14" aria-hidden />
            Add {manual.node.name}
          </button>
        )}
        <button type="button" className="btn btn-large btn-quiet" onClick={() => { panels.setState({ palette: true }); requestAnimationFrame(() => document.querySelector<HTMLInputElement>("[data-testid=palette-search]")?.focus()); }}>
          See all nodes <Keys of="Tab" />
        </button>
      </div>
    </div>
  );
}
