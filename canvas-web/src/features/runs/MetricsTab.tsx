/** What the run measured: time, tries, tokens, cost, and whatever handlers told; by node, and in all. */
import type { Execution, FlowNode } from "@/shared/protocol";
import { duration, StatusSign } from "@/shared/ui";
import { metricLabel, metricWords, shownMetrics } from "./model/metricWords";
import { outlineOrder } from "./model/outline";
import { shownPhase } from "./model/runState";
import type { Graph } from "./model/flowing";
import type { RunView } from "./model/view";

export function MetricsTab({ graph, view, execution, now, selected, onSelect }: { graph: Graph; view: RunView; execution: Execution | null; now: number; selected: string | null; onSelect: (nodeId: string) => void }) {
  const { state } = view;
  const total = Object.keys(state.metrics).length > 0 ? state.metrics : (execution?.metrics ?? {});
  const names = shownMetrics(total);
  const nodes: readonly FlowNode[] = outlineOrder(graph).filter((node) => state.nodes[node.id] !== undefined);
  const took = state.startedAt === null ? null : (state.endedAt ?? now) - state.startedAt;
  return (
    <div className="metrics" data-testid="metrics">
      <table className="table">
        <thead><tr><th>Node</th><th className="num">Time</th><th className="num">Tries</th>{names.map((name) => <th key={name} className="num">{metricLabel(name)}</th>)}</tr></thead>
        <tbody>
          {nodes.map((node) => {
            const run = state.nodes[node.id];
            if (run === undefined) return null;
            return (
              <tr key={node.id} aria-selected={node.id === selected}>
                <td><button type="button" className="metrics-node" onClick={() => onSelect(node.id)}><StatusSign status={shownPhase(run, now)} />{node.name}</button></td>
                <td className="num">{run.phase === "skipped" ? "" : duration((run.endedAt ?? now) - run.startedAt)}</td>
                <td className="num">{run.tries.length > 0 ? run.tries.length : ""}</td>
                {names.map((name) => <td key={name} className="num">{run.metrics?.[name] ? metricWords(name, run.metrics[name]) : ""}</td>)}
              </tr>
            );
          })}
        </tbody>
        <tfoot><tr><td>The whole run</td><td className="num">{took === null ? "" : duration(took)}</td><td />{names.map((name) => <td key={name} className="num" data-testid={`metric-${name}`}>{total[name] ? metricWords(name, total[name]) : ""}</td>)}</tr></tfoot>
      </table>
      {names.length === 0 && <p className="px-4 py-2 m-0 text-ink-3">No handler measured anything. Code tells with ctx.metric("tokens", 412); tokens and cost add up here and in the plan of a re-run.</p>}
      {view.loops.length > 0 && <p className="px-4 py-2 m-0 text-ink-3">Of nodes in a loop: the round that is looked at. The whole run counts all of them.</p>}
    </div>
  );
}
