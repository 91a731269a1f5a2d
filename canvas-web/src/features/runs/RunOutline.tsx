/** The nodes of a run as a list, in the order the wires are walked. What a phone shows under the status. */
import { ChevronRight } from "lucide-react";
import { duration, StatusBadge } from "@/shared/ui";
import type { Graph } from "./model/flowing";
import { nodeStates } from "./model/cards";
import { outlineOrder } from "./model/outline";
import type { RunView } from "./model/view";

export function RunOutline({ graph, view, now, onOpen }: { graph: Graph; view: RunView; now: number; onOpen: (nodeId: string) => void }) {
  const { state } = view;
  const cards = nodeStates(graph, view, now, false);
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
                {card.round !== undefined && <span className="text-small text-ink-3"> round {card.round}</span>}
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
