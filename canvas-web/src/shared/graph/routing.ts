/**
 * Routes wires: orthogonal, along the row of the port they leave, never through a card where there is a way round, and
 * in lanes of their own where several turn in the same gap. Wires of one port share their trunk. Pure.
 */
import type { Rect } from "./geometry";

export interface Spot {
  x: number;
  y: number;
}

export interface WireEnds {
  id: string;
  from: Spot;
  to: Spot;
  /** Wires with the same one may share a lane: they leave the same port, */
  fromKey: string;
  /** or enter the same one. */
  toKey: string;
}

/** Corner points, the first at the source, the last at the target. */
export type Route = readonly Spot[];

const corner = 8;
const lane = 7;
const stub = 20;
const clearance = 10;

export function routeAll(wires: readonly WireEnds[], cards: readonly Rect[]): Map<string, Route> {
  const index = new CardIndex(cards);
  const routes = wires.map((wire) => ({ wire, points: best(wire, index) }));
  layer(routes, index);
  spread(routes, index);
  return new Map(routes.map(({ wire, points }) => [wire.id, points]));
}

/** Without looking at cards or other wires: while a card is dragged. */
export function simpleRoute(from: Spot, to: Spot): Route {
  if (Math.abs(from.y - to.y) < 0.5 && to.x > from.x) return [from, to];
  if (to.x - from.x >= 2 * stub - 8) {
    const x = from.x + stub < to.x - stub ? to.x - stub : (from.x + to.x) / 2;
    return viaX(from, to, x);
  }
  return around(from, to, (from.y + to.y) / 2);
}

const viaX = (from: Spot, to: Spot, x: number): Spot[] => [from, { x, y: from.y }, { x, y: to.y }, to];
const around = (from: Spot, to: Spot, y: number): Spot[] => [
  from, { x: from.x + stub, y: from.y }, { x: from.x + stub, y }, { x: to.x - stub, y }, { x: to.x - stub, y: to.y }, to,
];

/** Cards in vertical stripes, so that a wire asks only those near it. */
class CardIndex {
  private readonly stripes = new Map<number, Rect[]>();
  constructor(readonly cards: readonly Rect[]) {
    for (const card of cards) {
      for (let stripe = this.of(card.x - clearance); stripe <= this.of(card.x + card.width + clearance); stripe++) {
        const held = this.stripes.get(stripe);
        if (held) held.push(card);
        else this.stripes.set(stripe, [card]);
      }
    }
  }
  private of(x: number) {
    return Math.floor(x / 256);
  }
  /** Cards a straight piece would run through or touch. */
  hits(a: Spot, b: Spot): number {
    const [left, right] = a.x < b.x ? [a.x, b.x] : [b.x, a.x];
    const [top, bottom] = a.y < b.y ? [a.y, b.y] : [b.y, a.y];
    const seen = new Set<Rect>();
    for (let stripe = this.of(left); stripe <= this.of(right); stripe++) {
      for (const card of this.stripes.get(stripe) ?? []) {
        if (right > card.x - 4 && left < card.x + card.width + 4 && bottom > card.y - 4 && top < card.y + card.height + 4) seen.add(card);
      }
    }
    return seen.size;
  }
}

function best(wire: WireEnds, index: CardIndex): Spot[] {
  const { from, to } = wire;
  const straight = Math.abs(from.y - to.y) < 0.5 && to.x > from.x;
  if (straight && index.hits(inset(from, 6), inset(to, -6)) === 0) return [from, to];
  const candidates: Spot[][] = [];
  if (to.x - from.x >= 2 * stub - 8) {
    // First choice: along the source's row to the gap before the target; then turn at once; then in the middle.
    candidates.push(viaX(from, to, to.x - stub), viaX(from, to, from.x + stub));
    if (to.x - from.x > 200) candidates.push(viaX(from, to, (from.x + to.x) / 2));
  }
  let chosen = pick(candidates, index);
  if (!chosen || chosen.hits > 0) {
    const round = pick(channels(wire, index).map((y) => around(from, to, y)), index);
    if (!chosen || (round && round.cost < chosen.cost)) chosen = round;
  }
  return [...(chosen?.points ?? simpleRoute(from, to))];
}

const inset = (spot: Spot, by: number): Spot => ({ x: spot.x + by, y: spot.y });

function pick(candidates: Spot[][], index: CardIndex): { points: Spot[]; cost: number; hits: number } | null {
  let chosen: { points: Spot[]; cost: number; hits: number } | null = null;
  candidates.forEach((points, order) => {
    let hits = 0;
    let length = 0;
    for (let i = 1; i < points.length; i++) {
      const [a, b] = [points[i - 1], points[i]];
      if (!a || !b) continue;
      length += Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
      const start = i === 1 ? inset(a, 6) : a;
      const end = i === points.length - 1 ? inset(b, -6) : b;
      hits += index.hits(start, end);
    }
    const cost = hits * 10_000 + length + points.length * 12 + order * 2;
    if (!chosen || cost < chosen.cost) chosen = { points, cost, hits };
  });
  return chosen;
}

/** Rows between cards where a long wire can run. */
function channels({ from, to }: WireEnds, index: CardIndex): number[] {
  const [left, right] = [Math.min(from.x, to.x) - stub, Math.max(from.x, to.x) + stub];
  const rows = new Set<number>([from.y, to.y]);
  for (const card of index.cards) {
    if (card.x + card.width < left || card.x > right) continue;
    rows.add(card.y - 16).add(card.y + card.height + 16);
  }
  const middle = (from.y + to.y) / 2;
  return [...rows].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle)).slice(0, 24);
}

/** How far a long run may leave its row so as not to lie on another: room for a label first, then less. */
const layers = [0, 20, 10, 40, 30, 60];

/** Give long runs round the cards rows of their own, the shorter ones nearer to the cards: loops inside loops. */
function layer(routes: readonly { wire: WireEnds; points: Spot[] }[], index: CardIndex): void {
  const span = ({ points }: { points: Spot[] }) => Math.abs((points[2]?.x ?? 0) - (points[3]?.x ?? 0));
  const runs = routes.filter(({ points }) => points.length === 6).sort((a, b) => span(a) - span(b));
  const placed: { wire: WireEnds; left: number; right: number; y: number }[] = [];
  for (const { wire, points } of runs) {
    const [, , a, b] = points;
    if (!a || !b) continue;
    const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
    const out = a.y < wire.from.y && a.y < wire.to.y ? -1 : 1;
    const clear = (y: number) =>
      !placed.some((other) => left < other.right && other.left < right && Math.abs(y - other.y) < lane && wire.fromKey !== other.wire.fromKey && wire.toKey !== other.wire.toKey) &&
      (y === a.y || index.hits({ x: left, y }, { x: right, y }) === 0);
    const y = layers.map((by) => a.y + out * by).find(clear) ?? a.y;
    points[2] = { x: a.x, y };
    points[3] = { x: b.x, y };
    placed.push({ wire, left, right, y });
  }
}

interface Riser {
  points: Spot[];
  at: number;
  x: number;
  top: number;
  bottom: number;
  wire: WireEnds;
}

/** Give vertical pieces that would lie on each other lanes of their own, the outer ones for those that go further. */
function spread(routes: readonly { wire: WireEnds; points: Spot[] }[], index: CardIndex): void {
  const risers: Riser[] = [];
  for (const { wire, points } of routes) {
    for (let i = 1; i < points.length - 2; i++) {
      const [a, b] = [points[i], points[i + 1]];
      if (!a || !b || a.x !== b.x || a.y === b.y) continue;
      risers.push({ points, at: i, x: a.x, top: Math.min(a.y, b.y), bottom: Math.max(a.y, b.y), wire });
    }
  }
  const gaps = new Map<number, Riser[]>();
  for (const riser of risers) {
    const key = Math.round(riser.x / 24);
    const held = gaps.get(key) ?? gaps.get(key - 1) ?? gaps.get(key + 1);
    if (held) held.push(riser);
    else gaps.set(key, [riser]);
  }
  for (const gap of gaps.values()) {
    // Those that go further come first and keep the middle lane.
    gap.sort((a, b) => b.bottom - b.top - (a.bottom - a.top));
    const placed: Riser[] = [];
    for (const riser of gap) {
      for (const step of [0, 1, -1, 2, -2, 3, -3, 4, -4]) {
        const x = riser.x + step * lane;
        if (placed.some((other) => clashes(riser, x, other)) || !movable(riser, x, index)) continue;
        move(riser, x);
        break;
      }
      placed.push(riser);
    }
  }
}

function clashes(riser: Riser, x: number, other: Riser): boolean {
  if (Math.abs(x - other.x) >= lane) return false;
  if (riser.wire.fromKey === other.wire.fromKey || riser.wire.toKey === other.wire.toKey) return false;
  return riser.top < other.bottom + corner && other.top < riser.bottom + corner;
}

/** Whether the piece may stand there: between its ports, and off the cards. */
function movable({ points, at, x: now, top, bottom }: Riser, x: number, index: CardIndex): boolean {
  if (x === now) return true;
  const [first, last] = [points[0], points.at(-1)];
  if (at === 1 && first && x < first.x + 6) return false;
  if (at === points.length - 3 && last && x > last.x - 12) return false;
  return index.hits({ x, y: top }, { x, y: bottom }) === 0;
}

function move(riser: Riser, x: number): void {
  const { points, at } = riser;
  const [a, b] = [points[at], points[at + 1]];
  if (!a || !b) return;
  points[at] = { x, y: a.y };
  points[at + 1] = { x, y: b.y };
  riser.x = x;
}

/** An SVG path with 8 px corners, smaller where a piece is too short for them. */
export function pathOf(points: Route): string {
  const clean = points.filter((point, i) => {
    const before = points[i - 1];
    return !before || Math.abs(before.x - point.x) > 0.01 || Math.abs(before.y - point.y) > 0.01;
  });
  const [start] = clean;
  if (!start) return "";
  let path = `M${num(start.x)} ${num(start.y)}`;
  for (let i = 1; i < clean.length; i++) {
    const [before, here, after] = [clean[i - 1], clean[i], clean[i + 1]];
    if (!before || !here) continue;
    if (!after || (before.x === here.x && here.x === after.x) || (before.y === here.y && here.y === after.y)) {
      path += `L${num(here.x)} ${num(here.y)}`;
      continue;
    }
    const round = Math.min(corner, distance(before, here) / 2, distance(here, after) / 2);
    const enter = towards(here, before, round);
    const leave = towards(here, after, round);
    path += `L${num(enter.x)} ${num(enter.y)}Q${num(here.x)} ${num(here.y)} ${num(leave.x)} ${num(leave.y)}`;
  }
  return path;
}

/** Half way along, for a label or a drop. */
export function middleOf(points: Route): Spot {
  let left = points.reduce((sum, point, i) => sum + (points[i - 1] ? distance(points[i - 1] ?? point, point) : 0), 0) / 2;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    if (!a || !b) continue;
    const piece = distance(a, b);
    if (piece >= left && piece > 0) return towards(a, b, left);
    left -= piece;
  }
  return points[0] ?? { x: 0, y: 0 };
}

/** How far a spot is from a route. */
export function distanceTo(points: Route, spot: Spot): number {
  let least = Infinity;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    if (!a || !b) continue;
    const x = Math.max(Math.min(a.x, b.x), Math.min(spot.x, Math.max(a.x, b.x)));
    const y = Math.max(Math.min(a.y, b.y), Math.min(spot.y, Math.max(a.y, b.y)));
    least = Math.min(least, Math.hypot(spot.x - x, spot.y - y));
  }
  return least;
}

const distance = (a: Spot, b: Spot) => Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
const towards = (from: Spot, to: Spot, by: number): Spot => {
  const length = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
};
const num = (value: number) => Math.round(value * 100) / 100;
