/**
 * The events of a run and its state after any of them. Keeps a state of the root every 256 events, so a step back is
 * short; what happened below the root is kept by scope.
 */
import type { ExecutionEvent } from "@/shared/protocol";
import { EMPTY, fold, type RunState } from "./runState";
import { ScopeIndex, scopeOf } from "./scopes";

const EVERY = 256;

/** How many activations a run has had: each that ran began once, each that was skipped says so once. */
export function recordsOf(events: readonly ExecutionEvent[]): number {
  let count = 0;
  for (const event of events) {
    if (event.type === "chunk.started" || (event.type === "runtime.output" && (event.payload as { data?: { kind?: unknown } }).data?.kind === "skip")) count += 1;
  }
  return count;
}

export class RunHistory {
  readonly scopes = new ScopeIndex();
  private readonly list: ExecutionEvent[] = [];
  /** The scope of each event; "" at the root. */
  private readonly places: string[] = [];
  private marks: RunState[] = [EMPTY];
  /** The state after `places.length` events, and the newest one, which may hold one event more. */
  private settled: RunState = EMPTY;
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
    let at = this.places.length;
    for (const event of events) this.list.push(event);
    while (this.places.length < this.list.length) {
      const index = this.places.length;
      const scope = scopeOf(this.list, index);
      // The last one's scope is told by the event after it. Until that comes it is taken to be the root's.
      if (scope === null) break;
      this.places.push(scope);
      const event = this.list[index];
      if (scope !== "" && event !== undefined) this.scopes.append(event, index, scope);
    }
    while (at < this.places.length) {
      const to = Math.min((Math.floor(at / EVERY) + 1) * EVERY, this.places.length);
      this.settled = fold(this.settled, this.list, at, to, this.places);
      if (to % EVERY === 0) this.marks[to / EVERY] = this.settled;
      at = to;
    }
    this.newest = fold(this.settled, this.list, this.places.length, this.list.length);
  }

  clear(): void {
    this.list.length = 0;
    this.places.length = 0;
    this.marks = [EMPTY];
    this.settled = EMPTY;
    this.newest = EMPTY;
    this.scopes.clear();
  }

  /** The state after the first `count` events. */
  after(count: number): RunState {
    if (count >= this.list.length) return this.newest;
    const mark = Math.floor(Math.max(0, count) / EVERY);
    return fold(this.marks[mark] ?? EMPTY, this.list, mark * EVERY, count, this.places);
  }

  /** The state of the nodes in one scope after the first `count` events; the root's for "". */
  inScope(scope: string, count: number): RunState {
    return scope === "" ? this.after(count) : this.scopes.stateOf(scope, this.list, count);
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
