/** React's side of a run: the session, the clock, the catalogue. */
import { useEffect, useState, useSyncExternalStore } from "react";
import { api, type HandlerEntry } from "@/shared/protocol";
import { RunSession, type RunSnapshot } from "./runSession";

export function useRunSession(id: string): { session: RunSession; run: RunSnapshot } {
  const [session] = useState(() => new RunSession(id));
  useEffect(() => {
    session.open();
    return () => session.close();
  }, [session]);
  const run = useSyncExternalStore(session.subscribe, session.current);
  return { session, run };
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
