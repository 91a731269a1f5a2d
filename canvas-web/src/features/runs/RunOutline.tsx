/** The nodes of a run as a list, in the order the wires are walked. What a phone shows under the status. */
import { ChevronRight } from "lucide-react";
import { duration, StatusBadge } from "@/shared/ui";
import type { Graph } from "./model/flowing";
import { nodeStates } from "./model/cards";
import type { RunState } from "./model/runState";
import { outlineOrder } from "./model/outline";

export function RunOutline({ graph, state, now, onOpen }: { graph: Graph; state: RunState; now: number; onOpen: (nodeId: string) => void }) {
  const cards = nodeStates(graph, state, now, false);
  return (
    <ol className="run-outline" aria-label="Nodes of this run">
      {outlineOrder(graph).map((node) => {
        const card = cards[node.id] ?? { status: "queued" as const, word: "Not started" };
        const run = state.nodes[node.id];
        return (
          <li key={node.id}>
            <button type="button" onClick={() => onOpen(node.id)}>
              <span className="min-w-0 flex-1">
                <span className="cut run-outline-name">{node.name}</span>
                <StatusBadge plain status={card.status} {...(card.word === undefined ? {} : { word: card.word })} />
              </span>
              <span className="text-ink-3">{card.time ?? (run === undefined || run.phase === "skipped" ? "" : duration((run.endedAt ?? now) - run.startedAt))}</span>
              <ChevronRight className="icon icon-14 text-ink-3" aria-hidden />
            </button>
          </li>
        );
      })}
    </ol>
  );
}
