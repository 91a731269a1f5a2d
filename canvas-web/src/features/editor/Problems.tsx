/** How many problems the draft has, and a list of them that leads to each. */
import { useState } from "react";
import { Popover, ProblemSign } from "@/shared/ui";
import { useDraft, useEditor, useProblems } from "./context";
import { select } from "./draft";

export function Problems() {
  const { draft, panels, graph } = useEditor();
  const problems = useProblems();
  const nodes = useDraft((state) => state.doc.nodes);
  const edges = useDraft((state) => state.doc.edges);
  const [at, setAt] = useState<{ x: number; y: number } | null>(null);
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.length - errors;
  const words = errors > 0 ? (errors === 1 ? "1 problem" : `${errors} problems`) : warnings > 0 ? (warnings === 1 ? "1 hint" : `${warnings} hints`) : "";
  return (
    <>
      <button
        type="button"
        className={`btn btn-quiet problems ${errors > 0 ? "bad" : ""} ${problems.length === 0 ? "none" : ""}`}
        data-testid="problems"
        data-errors={errors}
        data-warnings={warnings}
        aria-haspopup="dialog"
        aria-expanded={at !== null}
        disabled={problems.length === 0}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(at ? null : { x: box.right, y: box.bottom + 4 });
        }}
      >
        {problems.length > 0 && <ProblemSign severity={errors > 0 ? "error" : "warning"} />}
        {words || <span className="sr-only">No problems</span>}
      </button>
      {at && (
        <Popover at={at} alignEnd label="Problems" className="problem-list" onClose={() => setAt(null)}>
          {problems.map((problem, index) => {
            const node = nodes.find((other) => other.id === problem.nodeId);
            return (
              <button
                key={index}
                type="button"
                className="problem-row"
                onClick={() => {
                  setAt(null);
                  // A loop is set at its wire, not at a node.
                  const wire = problem.reason === "CYCLE" ? edges[Number(/^\/edges\/(\d+)/.exec(problem.pointer)?.[1] ?? -1)] : undefined;
                  if (wire) {
                    select(draft, [], [wire.id]);
                    panels.setState({ inspector: true });
                    return;
                  }
                  if (!node) return;
                  select(draft, [node.id]);
                  panels.setState({ inspector: true, tab: problem.pointer.includes("/ports") ? "ports" : "settings" });
                  graph.view?.jump(node.id);
                }}
              >
                <ProblemSign severity={problem.severity} />
                <span className="min-w-0">
                  <span className="block font-medium">{node?.name ?? "This flow"}</span>
                  <span className="block text-ink-2">{problem.message}</span>
                </span>
              </button>
            );
          })}
        </Popover>
      )}
    </>
  );
}
