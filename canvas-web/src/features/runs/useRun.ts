/** React's side of a run: the session, the clock, the catalogue. */
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { api, type HandlerEntry } from "@/shared/protocol";
import { RunSession, type RunSnapshot } from "./runSession";

export function useRunSession(id: string): { session: RunSession; run: RunSnapshot } {
  // Strict mode mounts twice: the session is made by the effect that also closes it.
  const [session, setSession] = useState(() => new RunSession(id));
  useEffect(() => {
    const opened = new RunSession(id);
    setSession(opened);
    opened.open();
    return () => opened.close();
  }, [id]);
  const run = useSyncExternalStore(session.subscribe, session.current);
  return useMemo(() => ({ session, run }), [session, run]);
}

/** The time, again every `everyMs` while `ticking`. */
export function useNow(ticking: boolean, everyMs = 100): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!ticking) return;
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [ticking, everyMs]);
  return ticking ? Math.max(now, 0) : now;
}

let catalogue: Promise<HandlerEntry[]> | null = null;
const NONE: HandlerEntry[] = [];

/** The handler catalogue, asked for once a page; empty until it came. */
export function useCatalogue(): readonly HandlerEntry[] {
  const [entries, setEntries] = useState<readonly HandlerEntry[]>(NONE);
  useEffect(() => {
    let wanted = true;
    catalogue ??= api.handlers.list();
    catalogue.then(
      (list) => {
        if (wanted) setEntries(list);
      },
      () => {
        // Cards do without the catalogue's hints; the next page asks again.
        catalogue = null;
      },
    );
    return () => {
      wanted = false;
    };
  }, []);
  return entries;
}
