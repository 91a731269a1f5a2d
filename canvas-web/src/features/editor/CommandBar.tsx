/** Everything that can be done here, and every node, by typing a few letters. */
import { Activity, CopyPlus, History, ListTree, Maximize, Network, Play, Radio, Redo2, Save, Trash2, Undo2, Upload } from "lucide-react";
import { useNavigate } from "react-router";
import { addNode, freePlace, duplicate, removeSelection } from "@/document";
import { KindTile, kindOf } from "@/shared/ui";
import { entryOf, useDraft, useEditor, useMake } from "./context";
import { make, newId, select, travel } from "./draft";
import { Picker, type Choice } from "./Picker";
import { tidy } from "./tidy";

export function CommandBar({ mode, onRun }: { mode: "all" | "nodes"; onRun: () => void }) {
  const { draft, saver, panels, graph, catalogue } = useEditor();
  const plan = useMake();
  const navigate = useNavigate();
  const { doc, selection, flowId } = useDraft((state) => state);

  const nodes: Choice[] = doc.nodes.map((node) => ({
    id: node.id,
    label: mode === "nodes" ? node.name : `Go to ${node.name}`,
    detail: node.type,
    icon: <KindTile look={kindOf(node.type, node.handlers["main"]?.entrypoint, entryOf(catalogue, node)?.ui)} />,
    run: () => {
      select(draft, [node.id]);
      graph.view?.jump(node.id);
    },
  }));
  const behind = selection.nodes.size === 1 ? [...selection.nodes][0] : undefined;
  const commands: Choice[] = [
    { id: "run", label: "Run", icon: Play, keys: "Ctrl+Enter", run: onRun },
    { id: "save", label: "Save now", icon: Save, keys: "Ctrl+S", run: () => void saver.flush() },
    { id: "fit", label: "Fit everything", icon: Maximize, keys: "1", run: () => graph.view?.fit() },
    { id: "tidy", label: "Tidy up", icon: Network, keys: "Shift+L", run: () => void tidy(doc).then((made) => make(draft, made)).then(() => requestAnimationFrame(() => graph.view?.fit())) },
    ...(doc.channels.length > 0 ? [{ id: "channels", label: "Show or hide channels", icon: Radio, keys: "Shift+C", run: () => graph.view?.toggleChannels() }] : []),
    { id: "undo", label: "Undo", icon: Undo2, keys: "Ctrl+Z", run: () => void travel(draft, "undo") },
    { id: "redo", label: "Redo", icon: Redo2, keys: "Ctrl+Shift+Z", run: () => void travel(draft, "redo") },
    { id: "outline", label: panels.getState().outline ? "Hide the outline" : "Show the outline", icon: ListTree, keys: "O", run: () => panels.setState((state) => ({ outline: !state.outline })) },
    { id: "runs", label: "Runs of this flow", icon: Activity, run: () => void navigate(`/flows/${flowId}/runs`) },
    { id: "versions", label: "Versions of this flow", icon: History, run: () => void navigate(`/flows/${flowId}/versions`) },
    ...(selection.nodes.size > 0
      ? [
          { id: "duplicate", label: "Duplicate the selection", icon: CopyPlus, keys: "Ctrl+D", run: () => void plan((now) => duplicate(now, selection.nodes, newId)) },
          { id: "delete", label: "Delete the selection", icon: Trash2, keys: "Del", run: () => void plan((now) => removeSelection(now, selection.nodes, selection.edges)) },
        ]
      : []),
    ...catalogue.map((entry) => [entry, entry.node.type === "trigger" ? undefined : behind] as const).map(([entry, after]) => ({
      id: `add ${entry.reference}`,
      label: `Add ${entry.node.name}`,
      detail: after === undefined ? "" : "after the selected node",
      icon: <KindTile look={kindOf(entry.node.type, entry.reference, entry.ui)} />,
      run: () => {
        plan((now) => addNode(now, entry, after === undefined ? { at: freePlace(now, graph.view?.middle() ?? { x: 0, y: 0 }) } : { after }, newId));
        panels.setState({ inspector: true });
      },
    })),
    { id: "home", label: "All flows", icon: Upload, run: () => void navigate("/") },
  ];
  return (
    <Picker
      title={mode === "nodes" ? "Find a node" : "Commands"}
      placeholder={mode === "nodes" ? "Find a node" : "Type a command or a node’s name"}
      choices={mode === "nodes" ? nodes : [...commands, ...nodes]}
      empty={mode === "nodes" ? "No node is called that." : "Nothing here goes by that name."}
      onClose={() => panels.setState({ commands: null })}
    />
  );
}
