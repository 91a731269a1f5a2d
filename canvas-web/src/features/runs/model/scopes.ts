/**
 * What happens below the root: iterations of loops and items of sub-flows, each a scope with events of its own.
 *
 * Append-only. An item keeps which events are its own and when it began and ended, so that the present costs one step an
 * event, and any moment of the past is told from the same record: ten thousand items need no snapshots.
 */
import type { ExecutionEvent, Json, JsonObject } from "@/shared/protocol";
import { timeOf } from "@/shared/time/words";
import { EMPTY, fold, type RunState } from "./runState";

export type ItemPhase = "running" | "waiting" | "done" | "failed" | "cancelled";

export interface ScopeItem {
  readonly scope: string;
  /** Counts from 0. */
  readonly n: number;
  /** Places of its own events in the run's list, without those of scopes inside it. */
  readonly events: number[];
  readonly startedAt: number;
  /** Place of the event it began with. */
  readonly startIndex: number;
  endedAt: number | null;
  endIndex: number;
  phase: ItemPhase;
  /** Type of the last failure in it. */
  error: string | null;
}

export interface ScopeCounts {
  done: number;
  failed: number;
  running: number;
  waiting: number;
  cancelled: number;
  /** Items begun. */
  begun: number;
}

/** All iterations of one loop, or all items of one sub-flow, in one scope around it. */
export interface ScopeGroup {
  readonly parent: string;
  /** The loop's header, or the sub-flow's node. */
  readonly nodeId: string;
  /** By n; a place is empty while its item has not begun. */
  readonly items: (ScopeItem | undefined)[];
  readonly counts: ScopeCounts;
}

/** "a:1/b:2" is the item 2 of b, inside the scope "a:1". */
export function splitScope(scope: string): { parent: string; nodeId: string; n: number } | null {
  const slash = scope.lastIndexOf("/");
  const last = scope.slice(slash + 1);
  const colon = last.lastIndexOf(":");
  const n = Number(last.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(n) || n < 0) return null;
  return { parent: slash < 0 ? "" : scope.slice(0, slash), nodeId: last.slice(0, colon), n };
}

export const childScope = (parent: string, nodeId: string, n: number): string => `${parent === "" ? "" : `${parent}/`}${nodeId}:${n}`;

const groupKey = (parent: string, nodeId: string): string => `${parent}|${nodeId}`;

/** The scope of an event; null while only the event after it can tell. */
export function scopeOf(events: readonly ExecutionEvent[], index: number): string | null {
  const event = events[index];
  if (event === undefined) return null;
  if (event.type === "runtime.output") return textOf(dataOf(event)?.["scope"]);
  if (event.type.startsWith("execution.")) return "";
  const next = events[index + 1];
  if (next === undefined) return null;
  const data = next.type === "runtime.output" ? dataOf(next) : null;
  return data?.["kind"] === "detail" && data["eventId"] === event.id ? textOf(data["scope"]) : "";
}

export class ScopeIndex {
  private readonly groups = new Map<string, ScopeGroup>();
  private readonly byParent = new Map<string, ScopeGroup[]>();
  private readonly items = new Map<string, ScopeItem>();
  /** How many activations run, and how many wait, in an item and all scopes inside it. */
  private readonly open = new Map<ScopeItem, { running: Set<string>; waiting: Set<string> }>();
  private readonly parents = new Map<string, ScopeItem[]>();
  private folded: { scope: string; count: number; state: RunState } | null = null;

  group(parent: string, nodeId: string): ScopeGroup | undefined {
    return this.groups.get(groupKey(parent, nodeId));
  }

  /** The groups directly in this scope. */
  groupsIn(parent: string): readonly ScopeGroup[] {
    return this.byParent.get(parent) ?? [];
  }

  item(scope: string): ScopeItem | undefined {
    return this.items.get(scope);
  }

  /** Whether anything ran below the root. */
  get any(): boolean {
    return this.items.size > 0;
  }

  append(event: ExecutionEvent, index: number, scope: string): void {
    const chain = this.chain(scope, timeOf(event.timestamp), index);
    const own = chain[0];
    if (own === undefined) return;
    own.events.push(index);
    const nodeId = nodeIn(event);
    if (nodeId === null) return;
    const key = `${scope}|${nodeId}`;
    if (event.type === "chunk.started") for (const item of chain) this.began(item, key);
    else if (event.type === "chunk.completed" || event.type === "chunk.failed") {
      const error = event.type === "chunk.failed" ? (event.payload?.error?.type ?? "failed") : null;
      for (const item of chain) this.ended(item, key, error, timeOf(event.timestamp), index);
    } else if (event.type === "runtime.output" && dataOf(event)?.["kind"] === "wait") {
      for (const item of chain) this.waits(item, key);
    }
  }

  /** The state of the nodes in one scope after the first `count` events of the run. */
  stateOf(scope: string, events: readonly ExecutionEvent[], count: number): RunState {
    const item = this.items.get(scope);
    if (item === undefined || item.startIndex >= count) return EMPTY;
    const own = item.events.length;
    if (this.folded?.scope === scope && count >= events.length && this.folded.count === own) return this.folded.state;
    const seen = item.events.filter((index) => index < count).flatMap((index) => events[index] ?? []);
    const state: RunState = { ...fold(EMPTY, seen), startedAt: item.startedAt };
    if (count >= events.length) this.folded = { scope, count: own, state };
    return state;
  }

  /** How many items stand how, after the first `count` of `total` events. */
  countsAt(group: ScopeGroup, count: number, total: number): ScopeCounts {
    if (count >= total) return group.counts;
    const counts: ScopeCounts = { done: 0, failed: 0, running: 0, waiting: 0, cancelled: 0, begun: 0 };
    for (const item of group.items) {
      if (item === undefined || item.startIndex >= count) continue;
      counts[phaseAt(item, count)] += 1;
      counts.begun += 1;
    }
    return counts;
  }

  clear(): void {
    this.groups.clear();
    this.byParent.clear();
    this.items.clear();
    this.open.clear();
    this.parents.clear();
    this.folded = null;
  }

  /** The item of a scope and those it lies in, innermost first; made where they are new. */
  private chain(scope: string, at: number, index: number): readonly ScopeItem[] {
    const known = this.parents.get(scope);
    if (known !== undefined) return known;
    const place = splitScope(scope);
    if (place === null) return [];
    const key = groupKey(place.parent, place.nodeId);
    let group = this.groups.get(key);
    if (group === undefined) {
      group = { parent: place.parent, nodeId: place.nodeId, items: [], counts: { done: 0, failed: 0, running: 0, waiting: 0, cancelled: 0, begun: 0 } };
      this.groups.set(key, group);
      this.byParent.set(place.parent, [...this.groupsIn(place.parent), group]);
    }
    const item: ScopeItem = { scope, n: place.n, events: [], startedAt: at, startIndex: index, endedAt: null, endIndex: -1, phase: "running", error: null };
    group.items[place.n] = item;
    group.counts.begun += 1;
    group.counts.running += 1;
    this.items.set(scope, item);
    this.open.set(item, { running: new Set(), waiting: new Set() });
    const chain = [item, ...(place.parent === "" ? [] : this.chain(place.parent, at, index))];
    this.parents.set(scope, chain);
    return chain;
  }

  private began(item: ScopeItem, key: string): void {
    this.open.get(item)?.running.add(key);
    item.endedAt = null;
    item.endIndex = -1;
    this.become(item, "running");
  }

  private waits(item: ScopeItem, key: string): void {
    const open = this.open.get(item);
    if (!open?.running.delete(key)) return;
    open.waiting.add(key);
    if (open.running.size === 0) this.become(item, "waiting");
  }

  private ended(item: ScopeItem, key: string, error: string | null, at: number, index: number): void {
    const open = this.open.get(item);
    if (open === undefined) return;
    open.running.delete(key);
    open.waiting.delete(key);
    if (error !== null && error !== "Cancelled") item.error = error;
    if (open.running.size > 0) return;
    if (open.waiting.size > 0) {
      this.become(item, "waiting");
      return;
    }
    // Nothing runs in it: it has ended, until another node of it begins. The last end tells how.
    item.endedAt = at;
    item.endIndex = index;
    this.become(item, error === null ? "done" : error === "Cancelled" && item.error === null ? "cancelled" : "failed");
  }

  private become(item: ScopeItem, phase: ItemPhase): void {
    if (item.phase === phase) return;
    const place = splitScope(item.scope);
    const counts = place && this.groups.get(groupKey(place.parent, place.nodeId))?.counts;
    if (!counts) return;
    counts[item.phase] -= 1;
    counts[phase] += 1;
    item.phase = phase;
  }
}

/** How an item stood after the first `count` events. */
export function phaseAt(item: ScopeItem, count: number): ItemPhase {
  return item.endIndex >= 0 && item.endIndex < count ? item.phase : item.phase === "waiting" ? "waiting" : "running";
}

function nodeIn(event: ExecutionEvent): string | null {
  if (event.type === "runtime.output") {
    const id = dataOf(event)?.["nodeId"];
    return typeof id === "string" ? id : null;
  }
  return event.payload !== undefined && "nodeId" in event.payload && typeof event.payload.nodeId === "string" ? event.payload.nodeId : null;
}

function dataOf(event: ExecutionEvent): JsonObject | null {
  const data = event.type === "runtime.output" ? event.payload?.data : undefined;
  return data !== undefined && data !== null && typeof data === "object" && !Array.isArray(data) ? data : null;
}

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");
