/** The flow as a tree beside the canvas, in the order the arrows walk. Selection is shared with the canvas. */
import { X } from "lucide-react";
import { useMemo } from "react";
import { outline } from "@/document";
import { IconButton, KindTile, kindOf, ProblemSign } from "@/shared/ui";
import { entryOf, useDraft, useEditor, useProblems } from "./context";
import { select } from "./draft";

export function Outline() {
  const { draft, panels, graph, catalogue } = useEditor();
  const doc = useDraft((state) => state.doc);
  const selection = useDraft((state) => state.selection);
  const problems = useProblems();
  const items = useMemo(() => outline(doc), [doc]);
  const nodes = new Map(doc.nodes.map((node) => [node.id, node]));
  const bad = new Map(problems.flatMap((problem) => (problem.nodeId !== undefined && problem.severity === "error" ? [[problem.nodeId, problem] as const] : [])));
  const selected = items.findIndex((item) => selection.nodes.has(item.nodeId));
  const walk = (event: React.KeyboardEvent<HTMLElement>) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") {
      panels.setState({ inspector: true });
      return;
    }
    const next = items[Math.max(0, Math.min(items.length - 1, selected + step))];
    if (!next) return;
    select(draft, [next.nodeId]);
    event.currentTarget.querySelector<HTMLElement>(`[data-id="${next.nodeId}"]`)?.focus();
    graph.view?.reveal(next.nodeId);
  };
  return (
    <aside className="outline-panel" aria-label="Outline">
      <div className="flex items-center justify-between px-4 pt-3 pb-1">
        <h2 className="sect-title m-0">Outline <span className="count">{items.length}</span></h2>
        <IconButton icon={X} size="small" label="Close the outline" onClick={() => panels.setState({ outline: false })} />
      </div>
      <div role="tree" aria-label="Nodes" className="outline-tree" onKeyDown={walk}>
        {items.map(({ nodeId, depth }, index) => {
          const node = nodes.get(nodeId);
          if (!node) return null;
          const on = selection.nodes.has(nodeId);
          return (
            <button
              key={nodeId}
              type="button"
              role="treeitem"
              aria-level={depth + 1}
              aria-selected={on}
              data-id={nodeId}
              tabIndex={on || (selected < 0 && index === 0) ? 0 : -1}
              className="outline-row"
              style={{ paddingLeft: 12 + depth * 16 }}
              onClick={() => {
                select(draft, [nodeId]);
                graph.view?.reveal(nodeId);
              }}
              onDoubleClick={() => panels.setState({ inspector: true })}
            >
              <KindTile look={kindOf(node.type, node.handlers["main"]?.entrypoint, entryOf(catalogue, node)?.ui)} />
              <span className="cut">{node.name}</span>
              {bad.has(nodeId) && <span className="ml-auto" title={bad.get(nodeId)?.message}><ProblemSign /></span>}
            </button>
          );
        })}
      </div>
    </aside>
  );
}
