import { describe, expect, test } from "vitest";
import { distanceTo, middleOf, pathOf, routeAll, simpleRoute, type Route, type WireEnds } from "./routing";

const card = (x: number, y: number, height = 64) => ({ x, y, width: 184, height });
const wire = (id: string, from: [number, number], to: [number, number], keys: [string, string] = [id, id]): WireEnds => ({
  id, from: { x: from[0], y: from[1] }, to: { x: to[0], y: to[1] }, fromKey: keys[0], toKey: keys[1],
});
const cuts = (route: Route, box: { x: number; y: number; width: number; height: number }) =>
  route.some((b, i) => {
    const a = route[i - 1];
    return a !== undefined && Math.max(a.x, b.x) > box.x && Math.min(a.x, b.x) < box.x + box.width && Math.max(a.y, b.y) > box.y && Math.min(a.y, b.y) < box.y + box.height;
  });
const orthogonal = (route: Route) => route.every((b, i) => i === 0 || route[i - 1]?.x === b.x || route[i - 1]?.y === b.y);
const riser = (route: Route | undefined) => route?.[1]?.x ?? NaN;

describe("routes", () => {
  test("ports on one line are joined by a straight wire", () => {
    const route = routeAll([wire("a", [189, 20], [243, 20])], [card(0, 0), card(248, 0)]).get("a");
    expect(route).toHaveLength(2);
  });

  test("a long wire never runs through the card between its ends", () => {
    const between = card(248, 0);
    for (const toY of [20, 60, -80]) {
      const route = routeAll([wire("a", [189, 20], [491, toY])], [card(0, 0), between, card(496, toY - 20)]).get("a") ?? [];
      expect(orthogonal(route)).toBe(true);
      expect(cuts(route, between)).toBe(false);
    }
  });

  test("a wire back goes round both cards", () => {
    const cards = [card(0, 0), card(248, 0)];
    const route = routeAll([wire("back", [437, 20], [-5, 20])], cards).get("back") ?? [];
    expect(orthogonal(route)).toBe(true);
    for (const box of cards) expect(cuts(route, box)).toBe(false);
  });

  test("wires that turn in the same gap get lanes of their own", () => {
    const wires = [wire("a", [189, 20], [291, 220]), wire("b", [189, 120], [291, 20]), wire("c", [189, 220], [291, 120])];
    const xs = [...routeAll(wires, []).values()].map(riser);
    for (const [i, x] of xs.entries()) for (const y of xs.slice(i + 1)) expect(Math.abs(x - y)).toBeGreaterThanOrEqual(6);
  });

  test("wires of one port share their trunk, and wires into one port their end", () => {
    const out = routeAll([wire("a", [189, 120], [291, 20], ["p", "1"]), wire("b", [189, 120], [291, 220], ["p", "2"])], []);
    expect(riser(out.get("a"))).toBe(riser(out.get("b")));
    const into = routeAll([wire("a", [189, 20], [291, 120], ["1", "p"]), wire("b", [189, 220], [291, 120], ["2", "p"])], []);
    expect(riser(into.get("a"))).toBe(riser(into.get("b")));
  });

  test("a loop inside a loop goes back on a row of its own, nearer to the cards", () => {
    const cards = [card(0, 0), card(248, 0), card(496, 0, 120), card(744, 0, 120)];
    const routes = routeAll([wire("outer", [933, 104], [-5, 20]), wire("inner", [685, 104], [243, 20])], cards);
    const row = (id: string) => Math.max(...(routes.get(id) ?? []).map((spot) => spot.y));
    expect(row("outer") - row("inner")).toBeGreaterThanOrEqual(18);
    for (const route of routes.values()) for (const box of cards) expect(orthogonal(route) && !cuts(route, box)).toBe(true);
  });

  test("five hundred wires are routed within a frame or two", () => {
    const cards = Array.from({ length: 300 }, (_, i) => card((i % 30) * 248, Math.floor(i / 30) * 120));
    const wires = Array.from({ length: 500 }, (_, i) => {
      const [a, b] = [cards[(i * 7) % 300], cards[(i * 13 + 31) % 300]];
      return wire(`w${i}`, [(a?.x ?? 0) + 189, (a?.y ?? 0) + 20], [(b?.x ?? 0) - 5, (b?.y ?? 0) + 20]);
    });
    const routes = routeAll(wires, cards);
    expect(routes.size).toBe(500);
    for (const route of routes.values()) expect(orthogonal(route)).toBe(true);
  });
});

describe("paths", () => {
  test("corners are round, smaller where there is no room", () => {
    expect(pathOf(simpleRoute({ x: 0, y: 0 }, { x: 100, y: 100 }))).toBe("M0 0L72 0Q80 0 80 8L80 92Q80 100 88 100L100 100");
    expect(pathOf([{ x: 0, y: 0 }, { x: 50, y: 0 }, { x: 50, y: 4 }, { x: 100, y: 4 }])).toBe("M0 0L48 0Q50 0 50 2L50 2Q50 4 52 4L100 4");
  });

  test("the middle lies half way along, and the distance is to the nearest piece", () => {
    const route = [{ x: 0, y: 0 }, { x: 60, y: 0 }, { x: 60, y: 40 }];
    expect(middleOf(route)).toEqual({ x: 50, y: 0 });
    expect(distanceTo(route, { x: 70, y: 20 })).toBe(10);
  });
});
