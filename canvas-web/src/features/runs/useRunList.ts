/** A list of runs that pages back in time and keeps itself current from the project's events. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, type Execution, type ExecutionQuery, onServerBack, subscribeProjectFeed } from "@/shared/protocol";

export interface RunList {
  items: readonly Execution[];
  more: boolean;
  loading: boolean;
  failure: unknown;
  loadMore: () => void;
  refresh: () => void;
}

interface Loaded {
  /** What was asked; the list belongs to another question while this is not the current one. */
  query: ExecutionQuery;
  items: Execution[];
  token: string | null;
  failure: unknown;
}

const PAGE = 50;
const REFRESH_MS = 250;
const NONE: Execution[] = [];

/** `query` must keep its identity while it means the same. */
export function useRunList(query: ExecutionQuery): RunList {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [busy, setBusy] = useState(false);
  const current = loaded?.query === query ? loaded : null;
  const shown = useRef<readonly Execution[]>(NONE);
  useEffect(() => {
    shown.current = current?.items ?? NONE;
  }, [current]);

  const readNewest = useCallback(
    (signal?: AbortSignal) =>
      api.executions.list({ ...query, pageSize: PAGE, ...(signal ? { signal } : {}) }).then(
        ({ data }) => setLoaded((before) => (before?.query === query ? { ...before, items: merge(data.items, before.items), failure: null } : { query, items: data.items, token: data.nextPageToken, failure: null })),
        (failure: unknown) => {
          if (signal?.aborted !== true) setLoaded((before) => (before?.query === query ? { ...before, failure } : { query, items: [], token: null, failure }));
        },
      ),
    [query],
  );

  useEffect(() => {
    const stop = new AbortController();
    void readNewest(stop.signal);
    let timer: number | undefined;
    const soon = (): void => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void readNewest(stop.signal), REFRESH_MS);
    };
    const replace = (run: Execution): void =>
      setLoaded((before) => (before === null ? null : { ...before, items: before.items.map((item) => (item.id === run.id ? run : item)) }));
    const unsubscribe = subscribeProjectFeed({
      onEvent: (event) => {
        if (event.executionId === undefined || (query.flowId !== undefined && event.flowId !== query.flowId)) return;
        // Below the newest page only that one row can have changed.
        const below = shown.current.findIndex((item) => item.id === event.executionId) >= PAGE;
        if (below) void api.executions.get(event.executionId, { signal: stop.signal }).then(({ data }) => replace(data), () => undefined);
        else soon();
      },
      onGap: soon,
    });
    const forget = onServerBack(soon);
    return () => {
      stop.abort();
      window.clearTimeout(timer);
      unsubscribe();
      forget();
    };
  }, [readNewest, query.flowId]);

  const token = current?.token ?? null;
  const loadMore = useCallback(() => {
    if (token === null) return;
    setBusy(true);
    api.executions.list({ ...query, pageSize: PAGE, pageToken: token }).then(
      ({ data }) => {
        setLoaded((before) => (before?.query === query ? { ...before, items: append(before.items, data.items), token: data.nextPageToken, failure: null } : before));
        setBusy(false);
      },
      (failure: unknown) => {
        setLoaded((before) => (before?.query === query ? { ...before, failure } : before));
        setBusy(false);
      },
    );
  }, [query, token]);

  return {
    items: current?.items ?? NONE,
    more: token !== null,
    loading: current === null || busy,
    failure: current?.failure ?? null,
    loadMore,
    refresh: () => void readNewest(),
  };
}

/** The newest page over what is shown: it is newer where both hold a run, and what is further down stays. */
function merge(newest: Execution[], before: Execution[]): Execution[] {
  const ids = new Set(newest.map((item) => item.id));
  const oldest = newest.at(-1)?.createdAt ?? "";
  return newest.length < PAGE ? newest : [...newest, ...before.filter((item) => !ids.has(item.id) && item.createdAt <= oldest)];
}

function append(before: Execution[], older: Execution[]): Execution[] {
  const ids = new Set(before.map((item) => item.id));
  return [...before, ...older.filter((item) => !ids.has(item.id))];
}
