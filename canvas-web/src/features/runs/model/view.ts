/**
 * What the graph shows of a run with loops and sub-flows: each node as it stands in the round that is looked at, and each
 * sub-flow as one node with counts. Pure.
 */
import { type Loop, loopsAround, loopsOf } from "@/document";
import type { FlowNode, Json } from "@/shared/protocol";
import type { Graph } from "./flowing";
import type { RunHistory } from "./history";
import type { NodeRun, RunState } from "./runState";
import { childScope, type ScopeCounts, type ScopeGroup, splitScope } from "./scopes";

export interface LoopView {
  loop: Loop;
  /** The scope the loop lies in. */
  parent: string;
  /** The round looked at, from 0. */
  n: number;
  /** Rounds begun at this moment. */
  begun: number;
  /** Somebody chose this round; else it is the newest. */
  chosen: boolean;
}

export interface RunView {
  /** The run's own facts, and the nodes as the graph shows them. */
  state: RunState;
  /** By node id: the scope its shown activation ran in. */
  scopes: Readonly<Record<string, string>>;
  loops: readonly LoopView[];
  /** By header id: the nodes of the round before the one looked at. */
  before: Readonly<Record<string, Readonly<Record<string, NodeRun>>>>;
  /** By node id of a sub-flow that has begun. */
  groups: Readonly<Record<string, { group: ScopeGroup; counts: ScopeCounts }>>;
}

/** Which round of a loop to look at, by the loop's place. */
export type Rounds = Readonly<Record<string, number>>;

export const loopPlace = (parent: string, header: string): string => `${parent}|${header}`;

export const isSubflow = (node: FlowNode): boolean => node.type === "subflow";

export function viewOf(graph: Graph, history: RunHistory, base: string, rounds: Rounds, count: number): RunView {
  const run = history.after(count);
  const state = base === "" ? run : history.inScope(base, count);
  const nodes: Record<string, NodeRun> = { ...state.nodes };
  const scopes: Record<string, string> = Object.fromEntries(graph.nodes.map((node) => [node.id, base]));
  const before: Record<string, Readonly<Record<string, NodeRun>>> = {};
  const loops: LoopView[] = [];
  const { scopes: index } = history;
  for (const loop of loopsOf(graph)) {
    const parent = scopes[loop.header] ?? base;
    const group = index.group(parent, loop.header);
    const begun = group === undefined ? 0 : index.countsAt(group, count, history.length).begun;
    if (begun === 0) continue;
    const wanted = rounds[loopPlace(parent, loop.header)];
    const n = wanted === undefined ? begun - 1 : Math.min(wanted, begun - 1);
    const scope = childScope(parent, loop.header, n);
    const inside = history.inScope(scope, count).nodes;
    for (const id of loop.body) {
      scopes[id] = scope;
      const own = inside[id];
      if (own === undefined) Reflect.deleteProperty(nodes, id);
      else nodes[id] = own;
    }
    if (n > 0) before[loop.header] = history.inScope(childScope(parent, loop.header, n - 1), count).nodes;
    loops.push({ loop, parent, n, begun, chosen: wanted !== undefined && wanted < begun - 1 });
  }
  const groups: Record<string, { group: ScopeGroup; counts: ScopeCounts }> = {};
  for (const node of graph.nodes) {
    if (!isSubflow(node)) continue;
    const group = index.group(scopes[node.id] ?? base, node.id);
    if (group !== undefined) groups[node.id] = { group, counts: index.countsAt(group, count, history.length) };
  }
  const order = [...state.order, ...Object.keys(nodes).filter((id) => state.nodes[id] === undefined)];
  return { state: { ...run, nodes, order }, scopes, loops, before, groups };
}

/** "3 of 10" for a node in a loop, by the innermost one it lies in. */
export function roundOf(view: RunView, nodeId: string): { view: LoopView; text: string } | null {
  const inner = loopsAround(view.loops.map((one) => one.loop), nodeId).at(-1);
  const found = inner && view.loops.find((one) => one.loop === inner);
  return found ? { view: found, text: `${found.n + 1} of ${found.loop.maxIterations}` } : null;
}

export interface SubflowConfig {
  flowId: string | null;
  version: string | null;
  mode: "once" | "forEach" | "while";
}

export function subflowConfig(node: FlowNode): SubflowConfig {
  const config = node.handlers["main"]?.config ?? {};
  const mode = config["mode"];
  return { flowId: text(config["flowId"]), version: text(config["version"]), mode: mode === "forEach" || mode === "while" ? mode : "once" };
}

/** What one item of a sub-flow is called: an item of a list, a round, or nothing where there is only one. */
export function itemWord(node: FlowNode, n: number): string {
  const { mode } = subflowConfig(node);
  return mode === "forEach" ? `item ${(n + 1).toLocaleString("en")}` : mode === "while" ? `round ${(n + 1).toLocaleString("en")}` : "inside";
}

/** The steps of a scope from the root: node and number. */
export function stepsOf(scope: string): { scope: string; nodeId: string; n: number }[] {
  const place = splitScope(scope);
  return place === null ? [] : [...stepsOf(place.parent), { scope, nodeId: place.nodeId, n: place.n }];
}

/** Items in the order one looks at them: failed first, then what waits and runs, then the rest by number. */
export function itemOrder(group: ScopeGroup): number[] {
  const rank = { failed: 0, waiting: 1, running: 2, cancelled: 3, done: 4 } as const;
  const buckets: number[][] = [[], [], [], [], []];
  group.items.forEach((item, n) => {
    if (item !== undefined) buckets[rank[item.phase]]?.push(n);
  });
  return buckets.flat();
}

const text = (value: Json | undefined): string | null => (typeof value === "string" && value !== "" ? value : null);

/** Chosen rounds as an address holds them, so that a link shows a colleague the same picture. */
export function roundsText(rounds: Rounds): string | null {
  const said = Object.entries(rounds).map(([place, n]) => `${place}~${n}`);
  return said.length === 0 ? null : said.join(",");
}

export function roundsOf(said: string | null): Rounds {
  return Object.fromEntries((said ?? "").split(",").flatMap((part) => {
    const [place = "", n = ""] = part.split("~");
    return /^\d+$/.test(n) ? [[place, Number(n)] as const] : [];
  }));
}

/** What the wires that lead back say: the round their loop is in. */
export function loopLabels(view: RunView): Record<string, string> {
  return Object.fromEntries(view.loops.flatMap(({ loop, n }) => loop.backEdges.map((edge) => [edge.id, `round ${n + 1} of ${loop.maxIterations}`] as const)));
}
