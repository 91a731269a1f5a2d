/** The events of a run and its state after any of them. Keeps a state every 256 events, so a step back is short. */
import type { ExecutionEvent } from "@/shared/protocol";
import { EMPTY, fold, type RunState } from "./runState";

const EVERY = 256;

export class RunHistory {
  private readonly list: ExecutionEvent[] = [];
  private marks: RunState[] = [EMPTY];
  private newest: RunState = EMPTY;

  get events(): readonly ExecutionEvent[] {
    return this.list;
  }

  get length(): number {
    return this.list.length;
  }

  /** The state after the last event. */
  get latest(): RunState {
    return this.newest;
  }

  append(events: readonly ExecutionEvent[]): void {
    let at = this.list.length;
    this.list.push(...events);
    while (at < this.list.length) {
      const to = Math.min((Math.floor(at / EVERY) + 1) * EVERY, this.list.length);
      this.newest = fold(this.newest, this.list, at, to);
      if (to % EVERY === 0) this.marks[to / EVERY] = this.newest;
      at = to;
    }
  }

  clear(): void {
    this.list.length = 0;
    this.marks = [EMPTY];
    this.newest = EMPTY;
  }

  /** The state after the first `count` events. */
  after(count: number): RunState {
    if (count >= this.list.length) return this.newest;
    const mark = Math.floor(Math.max(0, count) / EVERY);
    return fold(this.marks[mark] ?? EMPTY, this.list, mark * EVERY, count);
  }

  /** How many events there are up to and with this one: ids rise, so a cursor between two events works too. */
  countUpTo(eventId: string): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.list[middle]?.id ?? "") <= eventId) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
