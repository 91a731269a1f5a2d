/** An answer of the server about the saved draft: asked for again whenever it is saved. */
import { useCallback, useEffect, useState } from "react";
import { useDraft } from "../context";

export interface SavedAnswer<T> {
  value: T | null;
  failure: unknown;
  again: () => void;
  replace: (value: T) => void;
}

export function useSavedAnswer<T>(ask: (signal: AbortSignal) => Promise<T>): SavedAnswer<T> {
  const etag = useDraft((draft) => draft.saved?.etag ?? "");
  const version = useDraft((draft) => draft.latestVersion ?? "");
  const [tries, setTries] = useState(0);
  const [got, setGot] = useState<{ value: T | null; failure: unknown }>({ value: null, failure: null });
  useEffect(() => {
    const stop = new AbortController();
    ask(stop.signal).then(
      (value) => setGot({ value, failure: null }),
      (failure: unknown) => {
        if (!stop.signal.aborted) setGot((before) => ({ ...before, failure }));
      },
    );
    return () => stop.abort();
    // What is asked does not change while the section stands; saving and publishing change the answer.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [etag, version, tries]);
  const again = useCallback(() => setTries((count) => count + 1), []);
  const replace = useCallback((value: T) => setGot({ value, failure: null }), []);
  return { ...got, again, replace };
}
