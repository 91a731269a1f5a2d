/** The graph a scope belongs to: the run's own at the root, a sub-flow's inside one of its items. */
import { useEffect, useMemo, useState } from "react";
import { api, type Blueprint, ProblemError } from "@/shared/protocol";
import type { Graph } from "./model/flowing";
import { stepsOf, isSubflow, itemWord, subflowConfig } from "./model/view";

export interface Crumb {
  /** What to look at from here: "" for the run itself. */
  scope: string;
  name: string;
}

export interface ScopedGraph {
  /** Null while it is on its way. */
  graph: Graph | null;
  crumbs: readonly Crumb[];
  /** The flow whose picture this is; null at the root. */
  flowId: string | null;
  failure: string | null;
}

type Loaded = Blueprint | { failure: string };

const keyOf = (flowId: string, version: string | null): string => `${flowId}@${version ?? ""}`;

export function useScopedGraph(root: Graph, rootName: string, base: string): ScopedGraph {
  const [children, setChildren] = useState<ReadonlyMap<string, Loaded>>(new Map());
  const found = useMemo(() => resolve(root, rootName, base, children), [root, rootName, base, children]);
  const missing = found.missing === null ? null : keyOf(found.missing.flowId, found.missing.version);
  useEffect(() => {
    if (found.missing === null || missing === null) return;
    const stop = new AbortController();
    load(found.missing.flowId, found.missing.version, stop.signal).then(
      (loaded) => setChildren((before) => new Map(before).set(missing, loaded)),
      (error: unknown) => {
        if (!stop.signal.aborted) setChildren((before) => new Map(before).set(missing, { failure: wordsOf(error) }));
      },
    );
    return () => stop.abort();
    // One load a child, however often the page draws meanwhile.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [missing]);
  return found;
}

async function load(flowId: string, version: string | null, signal: AbortSignal): Promise<Blueprint> {
  const wanted = version ?? (await api.flows.get(flowId, { signal })).data.latestVersion;
  if (wanted === null) throw new Error("It has no version yet: publish it.");
  return (await api.flows.version(flowId, wanted, { signal })).data.flow;
}

const wordsOf = (error: unknown): string =>
  error instanceof ProblemError ? (error.status === 404 ? "This version of the sub-flow is gone. What happened in it is under Events." : error.detail) : error instanceof Error && error.name === "Error" ? error.message : "The server did not answer. Go back, and open the item again.";

interface Found extends ScopedGraph {
  missing: { flowId: string; version: string | null } | null;
}

function resolve(root: Graph, rootName: string, base: string, children: ReadonlyMap<string, Loaded>): Found {
  let graph = root;
  let flowId: string | null = null;
  const crumbs: Crumb[] = [{ scope: "", name: rootName }];
  for (const { scope, nodeId, n } of stepsOf(base)) {
    const node = graph.nodes.find((candidate) => candidate.id === nodeId);
    // A round of a loop is a part of the same picture.
    if (node === undefined || !isSubflow(node)) continue;
    const config = subflowConfig(node);
    crumbs.push({ scope, name: `${node.name}, ${itemWord(node, n)}` });
    if (config.flowId === null) return { graph: null, crumbs, flowId: null, failure: `${node.name} names no flow.`, missing: null };
    const child = children.get(keyOf(config.flowId, config.version));
    if (child === undefined) return { graph: null, crumbs, flowId: config.flowId, failure: null, missing: { flowId: config.flowId, version: config.version } };
    if ("failure" in child) return { graph: null, crumbs, flowId: config.flowId, failure: child.failure, missing: null };
    graph = child;
    flowId = config.flowId;
  }
  return { graph, crumbs, flowId, failure: null, missing: null };
}
