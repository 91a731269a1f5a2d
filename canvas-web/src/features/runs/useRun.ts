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

class Clock {
  private now = Date.now();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly everyMs: number) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    this.now = Date.now();
    this.timer ??= setInterval(() => {
      this.now = Date.now();
      for (const each of [...this.listeners]) each();
    }, this.everyMs);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  };

  readonly read = (): number => this.now;
}

const clocks = new Map<number, Clock>();
const still = (): (() => void) => () => undefined;

/** The time, again every `everyMs` while `ticking`; one timer for all who ask alike. */
export function useNow(ticking: boolean, everyMs = 100): number {
  let clock = clocks.get(everyMs);
  if (clock === undefined) clocks.set(everyMs, (clock = new Clock(everyMs)));
  return useSyncExternalStore(ticking ? clock.subscribe : still, clock.read);
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
