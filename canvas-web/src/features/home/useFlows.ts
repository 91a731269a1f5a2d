/** The flows and their newest runs, kept current from the project's events, and asked for again when no answer came. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, type Execution, type FlowSummary, onServerBack, subscribeProjectFeed } from "@/shared/protocol";
import { BARS, byFlow } from "./recent";

export interface FlowsState {
  flows: readonly FlowSummary[] | null;
  runs: ReadonlyMap<string, readonly Execution[]>;
  /** Flows whose runs have been asked for; of others nothing is known yet. */
  runsKnown: boolean;
  failure: unknown;
  /** When the next try begins, in milliseconds, while the last one failed. */
  nextTryAt: number | null;
}

const EVERY_MS = 250;
const RETRY_MS = 4_000;
const NEWEST = 250;

export function useFlows(): FlowsState & { refresh: () => void } {
  const [state, setState] = useState<FlowsState>({ flows: null, runs: new Map(), runsKnown: false, failure: null, nextTryAt: null });
  const again = useRef<() => void>(() => undefined);

  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    let retry: number | undefined;
    let soonFlows: number | undefined;
    let soonRuns: number | undefined;

    const readFlows = async (): Promise<void> => {
      window.clearTimeout(retry);
      try {
        const flows = await api.flows.all({ signal });
        setState((before) => ({ ...before, flows: newestFirst(flows), failure: null, nextTryAt: null }));
      } catch (failure) {
        if (signal.aborted) return;
        setState((before) => ({ ...before, failure, nextTryAt: Date.now() + RETRY_MS }));
        retry = window.setTimeout(() => void readFlows(), RETRY_MS);
      }
    };
    const readRuns = async (): Promise<void> => {
      try {
        const { data } = await api.executions.list({ pageSize: NEWEST, signal });
        const groups = byFlow(data.items);
        setState((before) => {
          const runs = new Map(before.runs);
          for (const [flowId, list] of groups) {
            // The page may cut a flow's list short: what was known below it stays.
            const oldest = list.at(-1)?.createdAt ?? "";
            const rest = (before.runs.get(flowId) ?? []).filter((run) => run.createdAt < oldest);
            runs.set(flowId, [...list, ...rest].slice(0, BARS));
          }
          return { ...before, runs, runsKnown: true };
        });
        if (data.nextPageToken !== null) await readOthers(groups);
      } catch {
        // The list of flows says that the server is silent; the bars come with the next answer.
      }
    };
    /** Flows whose last run is older than the newest page. */
    const readOthers = async (groups: ReadonlyMap<string, readonly Execution[]>): Promise<void> => {
      const flows = await api.flows.all({ signal });
      for (const flow of flows) {
        if (groups.has(flow.id) || flow.latestVersion === null) continue;
        const { data } = await api.executions.list({ flowId: flow.id, pageSize: BARS, signal });
        if (data.items.length > 0) setState((before) => ({ ...before, runs: new Map(before.runs).set(flow.id, data.items) }));
      }
    };

    again.current = () => {
      void readFlows();
      void readRuns();
    };
    again.current();
    const unsubscribe = subscribeProjectFeed({
      onEvent: (event) => {
        if (event.type.startsWith("flow.")) {
          window.clearTimeout(soonFlows);
          soonFlows = window.setTimeout(() => void readFlows(), EVERY_MS);
        } else {
          window.clearTimeout(soonRuns);
          soonRuns = window.setTimeout(() => void readRuns(), EVERY_MS);
        }
      },
      onGap: () => again.current(),
    });
    const forget = onServerBack(again.current);
    return () => {
      stop.abort();
      unsubscribe();
      forget();
      for (const timer of [retry, soonFlows, soonRuns]) window.clearTimeout(timer);
    };
  }, []);

  const refresh = useCallback(() => again.current(), []);
  return { ...state, refresh };
}

function newestFirst(flows: readonly FlowSummary[]): FlowSummary[] {
  return [...flows].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
}
