/** A list of runs that pages back in time and keeps itself current from the project's events. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, type Execution, type ExecutionQuery, subscribeProjectFeed } from "@/shared/protocol";

export interface RunList {
  items: Execution[];
  more: boolean;
  loading: boolean;
  failure: unknown;
  loadMore: () => void;
  refresh: () => void;
}

const PAGE = 50;
const REFRESH_MS = 250;

/** `query` must keep its identity while it means the same. */
export function useRunList(query: ExecutionQuery): RunList {
  const [items, setItems] = useState<Execution[]>([]);
  const [token, setToken] = useState<string | null>(null);
  const [loading, setLoading] = useState(true);
  const [failure, setFailure] = useState<unknown>(null);
  const known = useRef(items);
  known.current = items;

  const load = useCallback(async (signal: AbortSignal, fresh: boolean) => {
    try {
      const { data } = await api.executions.list({ ...query, pageSize: PAGE, signal });
      setItems((before) => {
        if (fresh) return data.items;
        // The newest page again: what it holds is newer than what is shown, and what is further down stays.
        const ids = new Set(data.items.map((item) => item.id));
        return [...data.items, ...before.filter((item) => !ids.has(item.id) && item.createdAt <= (data.items.at(-1)?.createdAt ?? ""))];
      });
      if (fresh) setToken(data.nextPageToken);
      setFailure(null);
    } catch (error) {
      if (!signal.aborted) setFailure(error);
    } finally {
      if (!signal.aborted) setLoading(false);
    }
  }, [query]);

  useEffect(() => {
    const stop = new AbortController();
    setLoading(true);
    void load(stop.signal, true);
    let timer: number | undefined;
    const soon = (): void => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void load(stop.signal, false), REFRESH_MS);
    };
    const unsubscribe = subscribeProjectFeed({
      onEvent: (event) => {
        if (event.executionId === undefined || (query.flowId !== undefined && event.flowId !== query.flowId)) return;
        const below = known.current.findIndex((item) => item.id === event.executionId);
        if (below >= PAGE) {
          void api.executions.get(event.executionId, { signal: stop.signal }).then(
            ({ data }) => setItems((before) => before.map((item) => (item.id === data.id ? data : item))),
            () => undefined,
          );
        } else soon();
      },
      onGap: soon,
    });
    return () => {
      stop.abort();
      window.clearTimeout(timer);
      unsubscribe();
    };
  }, [load, query.flowId]);

  const loadMore = useCallback(() => {
    if (token === null) return;
    setLoading(true);
    api.executions.list({ ...query, pageSize: PAGE, pageToken: token }).then(
      ({ data }) => {
        setItems((before) => {
          const ids = new Set(before.map((item) => item.id));
          return [...before, ...data.items.filter((item) => !ids.has(item.id))];
        });
        setToken(data.nextPageToken);
        setLoading(false);
      },
      (error: unknown) => {
        setFailure(error);
        setLoading(false);
      },
    );
  }, [query, token]);

  const refresh = useCallback(() => {
    setLoading(true);
    void load(new AbortController().signal, true);
  }, [load]);

  return { items, more: token !== null, loading, failure, loadMore, refresh };
}
