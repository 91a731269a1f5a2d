/** The palette, docked left; over the canvas where there is little room, and then it closes when something was added. */
import { useEffect, useRef } from "react";
import { addNode, freePlace } from "@/document";
import { remember } from "./catalogue";
import { useEditor, useMake } from "./context";
import { newId } from "./draft";
import { PaletteList } from "./PaletteList";

export function Palette({ floating }: { floating: boolean }) {
  const { draft, panels, graph } = useEditor();
  const plan = useMake();
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (floating) box.current?.querySelector("input")?.focus();
  }, [floating]);
  const leave = () => {
    if (floating) panels.setState({ palette: false });
    graph.view?.focus();
  };
  return (
    <aside ref={box} className={`palette ${floating ? "floating" : ""}`} aria-label="Add a node">
      <PaletteList
        draggable
        testId="palette-search"
        onLeave={leave}
        onPick={(entry) => {
          const { selection, doc } = draft.getState();
          const after = selection.nodes.size === 1 ? [...selection.nodes][0] : undefined;
          const into = selection.nodes.size === 0 && selection.edges.size === 1 ? [...selection.edges][0] : undefined;
          const middle = graph.view?.middle() ?? { x: 0, y: 0 };
          const wire = into === undefined ? undefined : doc.edges.find((edge) => edge.id === into);
          const ends = wire ? [wire.source.nodeId, wire.target.nodeId].map((id) => doc.nodes.find((node) => node.id === id)?.position ?? middle) : [];
          const [a, b] = ends;
          const at = a && b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } : { x: middle.x - 92, y: middle.y - 32 };
          remember(entry.reference);
          if (!plan((now) => addNode(now, entry, after !== undefined && entry.node.type !== "trigger" ? { after } : { at: freePlace(now, at), ...(into === undefined ? {} : { into }) }, newId))) return;
          panels.setState({ inspector: true, ...(floating ? { palette: false } : {}) });
          const [added] = draft.getState().selection.nodes;
          requestAnimationFrame(() => {
            graph.view?.focus();
            if (added) graph.view?.reveal(added);
          });
        }}
      />
      <div className="palette-foot">Drag onto the canvas, or drop on a wire to splice in.</div>
    </aside>
  );
}
