/** The run as the page looks at it: which picture, which rounds, what came in and went out there. */
import { useCallback, useMemo, useState } from "react";
import type { Activation, Execution, Json } from "@/shared/protocol";
import { type Graph, incoming } from "./model/flowing";
import type { RunHistory } from "./model/history";
import { isSubflow, type Rounds, roundsOf, roundsText, type RunView, subflowConfig, viewOf } from "./model/view";
import type { RunSnapshot } from "./runSession";

export interface ShownRun {
  view: RunView;
  rounds: Rounds;
  /** Null: follow the newest. */
  onRound: (place: string, n: number | null) => void;
  /** By node id, in the scope it is shown in. */
  activations: ReadonlyMap<string, Activation>;
  /** By node id of a for-each: the list it goes through, where that is known. */
  lists: Readonly<Record<string, readonly Json[]>>;
  totals: Readonly<Record<string, number>>;
}

export function useRunView({ graph, history, base, count, run, execution, onAddress }: {
  graph: Graph;
  history: RunHistory;
  base: string;
  count: number;
  run: RunSnapshot;
  execution: Execution | null;
  onAddress: (changes: Record<string, string | null>) => void;
}): ShownRun {
  const [rounds, setRounds] = useState<Rounds>(() => roundsOf(new URLSearchParams(window.location.search).get("round")));
  const onRound = useCallback((place: string, n: number | null) => {
    const next = { ...rounds };
    if (n === null) Reflect.deleteProperty(next, place);
    else next[place] = n;
    setRounds(next);
    onAddress({ round: roundsText(next) });
  }, [rounds, onAddress]);
  // The history grows in place: the revision says when.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const view = useMemo(() => viewOf(graph, history, base, rounds, count), [graph, history, base, rounds, count, run.revision]);
  const activations = useMemo(
    () => new Map(graph.nodes.flatMap((node) => {
      const own = run.activations.get(`${view.scopes[node.id] ?? base}|${node.id}`);
      return own === undefined ? [] : [[node.id, own] as const];
    })),
    [graph, run.activations, view, base],
  );
  const lists = useMemo(
    () => Object.fromEntries(graph.nodes.flatMap((node) => {
      if (!isSubflow(node) || subflowConfig(node).mode !== "forEach" || view.state.nodes[node.id] === undefined) return [];
      const items = incoming(graph, node.id, view.state, execution?.inputs ?? {}, activations, view.before[node.id]).find((port) => port.port === "items")?.value;
      return Array.isArray(items) ? [[node.id, items] as const] : [];
    })),
    [graph, view, execution, activations],
  );
  const totals = useMemo(() => Object.fromEntries(Object.entries(lists).map(([id, list]) => [id, list.length])), [lists]);
  return { view, rounds, onRound, activations, lists, totals };
}
