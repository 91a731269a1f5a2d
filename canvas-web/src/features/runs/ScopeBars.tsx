/** Over the graph: which item of a sub-flow it shows, and which round of each loop; both can be stepped through. */
import { ChevronLeft, ChevronRight, ChevronsRight, Repeat, X } from "lucide-react";
import { IconButton, StatusSign } from "@/shared/ui";
import type { Graph } from "./model/flowing";
import { phaseAt, type ScopeGroup, splitScope } from "./model/scopes";
import { loopPlace, type LoopView } from "./model/view";
import type { Crumb } from "./useScopedGraph";

export interface RoundChoice {
  loops: readonly LoopView[];
  /** Null: follow the newest. */
  onRound: (place: string, n: number | null) => void;
}

export function LoopBar({ graph, loops, onRound }: { graph: Graph } & RoundChoice) {
  if (loops.length === 0) return null;
  return (
    <ul className="scope-loops" aria-label="Loops">
      {loops.slice(0, 4).map((one) => (
        <li key={loopPlace(one.parent, one.loop.header)} className="toolcluster scope-loop">
          <span className="scope-name"><Repeat className="icon icon-14" aria-hidden /><span className="cut">{graph.nodes.find((node) => node.id === one.loop.header)?.name ?? "Loop"}</span></span>
          <RoundStepper view={one} onRound={onRound} />
        </li>
      ))}
    </ul>
  );
}

export function RoundStepper({ view, onRound }: { view: LoopView; onRound: RoundChoice["onRound"] }) {
  const place = loopPlace(view.parent, view.loop.header);
  const { n, begun, chosen } = view;
  return (
    <span className="scope-step" role="group" aria-label="Round">
      <IconButton icon={ChevronLeft} size="small" label="Round before" data-testid="round-before" disabled={n === 0} onClick={() => onRound(place, n - 1)} />
      <span className="scope-count" data-testid="round" aria-live="polite">round {n + 1} of {view.loop.maxIterations.toLocaleString("en")}{chosen ? <span className="text-ink-3">, {begun} begun</span> : null}</span>
      <IconButton icon={ChevronRight} size="small" label="Next round" data-testid="round-next" disabled={n >= begun - 1} onClick={() => onRound(place, n + 1 >= begun - 1 ? null : n + 1)} />
      <IconButton icon={ChevronsRight} size="small" label="Newest round" disabled={!chosen} onClick={() => onRound(place, null)} />
    </span>
  );
}

export function ScopeBar({ crumbs, scope, group, count, onScope }: { crumbs: readonly Crumb[]; scope: string; group: ScopeGroup | undefined; count: number; onScope: (scope: string) => void }) {
  const place = splitScope(scope);
  const item = place === null ? undefined : group?.items[place.n];
  const beside = (step: 1 | -1): number | null => {
    if (group === undefined || place === null) return null;
    for (let n = place.n + step; n >= 0 && n < group.items.length; n += step) if (group.items[n] !== undefined) return n;
    return null;
  };
  const go = (n: number | null) => {
    const there = n === null ? undefined : group?.items[n];
    if (there) onScope(there.scope);
  };
  const [before, after] = [beside(-1), beside(1)];
  return (
    <nav className="scope-bar" aria-label="Where in the run" data-testid="scope-bar">
      <ol>
        {crumbs.map((crumb, index) => (
          <li key={crumb.scope}>
            {index > 0 && <ChevronRight className="icon icon-14 text-ink-3" aria-hidden />}
            {index === crumbs.length - 1 ? (
              <b className="flex items-center gap-1.5">{item && <StatusSign status={phaseAt(item, count)} />}{crumb.name}</b>
            ) : (
              <button type="button" className="link" onClick={() => onScope(crumb.scope)}>{crumb.name}</button>
            )}
          </li>
        ))}
      </ol>
      <IconButton icon={ChevronLeft} size="small" label="Item before" disabled={before === null} onClick={() => go(before)} />
      <IconButton icon={ChevronRight} size="small" label="Next item" disabled={after === null} onClick={() => go(after)} />
      <IconButton icon={X} size="small" label="Back to the flow around it" data-testid="scope-close" onClick={() => onScope(crumbs.at(-2)?.scope ?? "")} />
    </nav>
  );
}
