/** The time on screen, for whatever counts up or says how long ago. */
import { useSyncExternalStore } from "react";

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
