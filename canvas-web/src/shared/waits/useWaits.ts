/** Lists of waits that keep themselves current, and how many approvals are open, for the badge. */
import { useCallback, useEffect, useState } from "react";
import { create } from "zustand";
import { api, onProjectEvent, onServerBack, ProblemError, type Wait, type WaitQuery } from "@/shared/protocol";

/** Waits have no events of the project: asked again this often, and when runs begin or end. */
const EVERY_MS = 10_000;

/** A server that knows no waits is not asked again and again. */
let nobodyServes = false;

export interface WaitList {
  /** Null while the first answer is on its way. */
  items: readonly Wait[] | null;
  more: boolean;
  failure: unknown;
  refresh: () => void;
  loadMore: () => void;
  replace: (wait: Wait) => void;
}

/** `query` must keep its identity while it means the same. */
export function useWaits(query: WaitQuery, wanted = true): WaitList {
  const [got, setGot] = useState<{ query: WaitQuery; items: readonly Wait[]; token: string | null } | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const current = got?.query === query ? got : null;
  const ask = useCallback(
    (signal?: AbortSignal) =>
      api.waits.list({ pageSize: 100, ...query, ...(signal ? { signal } : {}) }).then(
        (page) => {
          setGot({ query, items: page.items, token: page.nextPageToken });
          setFailure(null);
        },
        (error: unknown) => {
          if (signal?.aborted !== true) setFailure(error);
          if (error instanceof ProblemError && error.status === 404) nobodyServes = true;
        },
      ),
    [query],
  );
  useEffect(() => {
    if (!wanted) return;
    const stop = new AbortController();
    const again = () => {
      if (document.visibilityState === "visible" && !nobodyServes) void ask(stop.signal);
    };
    void ask(stop.signal);
    const timer = window.setInterval(again, EVERY_MS);
    const unsubscribe = onProjectEvent((event) => {
      if (event === null || event.executionId !== undefined) again();
    });
    const forget = onServerBack(again);
    document.addEventListener("visibilitychange", again);
    return () => {
      stop.abort();
      window.clearInterval(timer);
      unsubscribe();
      forget();
      document.removeEventListener("visibilitychange", again);
    };
  }, [ask, wanted]);
  const token = current?.token ?? null;
  const loadMore = () => {
    if (token === null) return;
    api.waits.list({ pageSize: 100, ...query, pageToken: token }).then(
      (page) => setGot((before) => (before?.query === query ? { query, items: [...before.items, ...page.items], token: page.nextPageToken } : before)),
      setFailure,
    );
  };
  return {
    items: current?.items ?? null,
    more: token !== null,
    failure,
    refresh: () => void ask(),
    loadMore,
    replace: (wait) => {
      setGot((before) => (before ? { ...before, items: before.items.map((item) => (item.id === wait.id ? wait : item)) } : before));
      approvalsChanged();
    },
  };
}

const useCount = create<{ asked: number }>(() => ({ asked: 0 }));
/** An answer was given here: the badge need not wait for its turn. */
export const approvalsChanged = (): void => useCount.setState((state) => ({ asked: state.asked + 1 }));

const OPEN: WaitQuery = { status: "open", pageSize: 250 };

/** How many approvals are open; null where the server does not say. "more" where there are further pages. */
export function useOpenApprovals(): { count: number; more: boolean } | null {
  const list = useWaits(OPEN);
  const { refresh } = list;
  const asked = useCount((state) => state.asked);
  useEffect(() => {
    if (asked > 0) refresh();
    // Asked once for each answer.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [asked]);
  return list.items === null ? null : { count: list.items.filter((wait) => wait.kind === "approval").length, more: list.more };
}
