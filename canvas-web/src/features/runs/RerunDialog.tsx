/** What running a run again while it still goes on would repeat outside, before it does. One that has ended has a plan. */
import { RotateCcw } from "lucide-react";
import type { Execution, FlowNode } from "@/shared/protocol";
import { Button, Dialog, KindTile, kindOf } from "@/shared/ui";
import type { Graph } from "./model/flowing";
import { capital, many, shortId } from "./model/words";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/** The nodes whose work reaches outside and may not be the same twice. */
export function repeatsOf(graph: Graph): FlowNode[] {
  return graph.nodes.filter((node) => {
    const main = node.handlers["main"];
    if (main === undefined || main.entrypoint.startsWith("core:")) return false;
    if (main.entrypoint !== "http:request") return true;
    const method = main.config?.["method"];
    return typeof method !== "string" || !READS.has(method.toUpperCase());
  });
}

/** "POST https://…", or the function it calls. */
export function effectOf(node: FlowNode): string {
  const main = node.handlers["main"];
  if (main?.entrypoint !== "http:request") return main?.entrypoint ?? "";
  const { method, url } = main.config ?? {};
  return `${typeof method === "string" ? method : "request"} ${typeof url === "string" ? url : ""}`.trim();
}

export function RerunDialog({ execution, graph, onClose, onRun }: { execution: Execution; graph: Graph; onClose: () => void; onRun: () => void }) {
  const repeats = repeatsOf(graph);
  return (
    <Dialog
      title={`Run ${shortId(execution.id)} again from the start`}
      onClose={onClose}
      testId="rerun-dialog"
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button tone="primary" icon={RotateCcw} data-testid="rerun-confirm" onClick={onRun}>Re-run</Button>
        </>
      }
    >
      <p className="text-ink-2">Nothing has started. {capital(many(graph.nodes.length, "node"))} of version {execution.blueprintVersion} would run with the same inputs, as a run of its own.</p>
      <h3 className="mt-3 mb-1 text-base font-semibold s-retrying text-[var(--s-fg)]">{capital(many(repeats.length, "effect"))} may repeat</h3>
      <ul className="m-0 grid list-none gap-1 p-0">
        {repeats.slice(0, 8).map((node) => (
          <li key={node.id} className="flex h-7 items-center gap-2">
            <KindTile look={kindOf(node.type, node.handlers["main"]?.entrypoint)} />
            <span className="font-medium">{node.name}</span>
            <span className="cut mono text-ink-3">{effectOf(node)}</span>
          </li>
        ))}
        {repeats.length > 8 && <li className="text-ink-3">and {repeats.length - 8} more</li>}
      </ul>
    </Dialog>
  );
}
