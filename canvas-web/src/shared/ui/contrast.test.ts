/** Measures the contrast table of the design over the tokens, in both themes: a changed value has to keep it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const css = readFileSync(fileURLToPath(new URL("./tokens.css", import.meta.url)), "utf8");
const declarations = (block: string) => Object.fromEntries([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name = "", value = ""]) => [name, value.trim()]));
const lightBlock = css.slice(0, css.indexOf("@media (prefers-reduced-motion"));
const light = declarations(lightBlock);
const dark = { ...light, ...declarations(css.slice(css.indexOf(':root[data-theme="dark"]'))) };
const themes: [string, Record<string, string>][] = [["light", light], ["dark", dark]];

type Rgb = readonly [number, number, number];
function rgb(hex: string): Rgb {
  if (!/^#[0-9a-f]{6}$/i.test(hex)) throw new Error(`${hex} is no six-digit colour`);
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
}
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}
const mix = (a: Rgb, b: Rgb, share: number): Rgb => a.map((part, i) => part * share + (b[i] ?? 0) * (1 - share)) as unknown as Rgb;

const surfaces = ["surface-canvas", "surface-app", "surface-panel", "surface-raised", "surface-sunken", "surface-hover"];
const docked = ["surface-canvas", "surface-app", "surface-panel", "surface-raised"];
const statuses = ["queued", "running", "done", "failed", "waiting", "retrying", "skipped", "cancelled", "stale"];
const kinds = ["trigger", "http", "llm", "code", "map", "condition", "wait", "subflow", "output"];

/** Foregrounds, the backgrounds they stand on, and what the design asks for. */
const pairs: [string, string[], string[], number][] = [
  ["ink", ["ink"], [...surfaces, "surface-active", "accent-tint"], 7],
  ["secondary ink", ["ink-2"], [...surfaces, "surface-active", "accent-tint"], 4.5],
  ["hints", ["ink-3"], surfaces, 4.5],
  ["text on the accent, hovered and pressed too", ["accent-ink"], ["accent", "accent-hover", "accent-active"], 4.5],
  ["links", ["accent-text"], [...surfaces, "accent-tint"], 4.5],
  ["tooltips", ["ink-inverse"], ["surface-inverse"], 4.5],
  ["status words on surfaces", statuses.map((status) => `status-${status}-fg`), docked, 4.5],
  ["signs on solid", ["running", "done", "failed", "waiting", "retrying"].map(() => "status-on"), ["running", "done", "failed", "waiting", "retrying"].map((status) => `status-${status}-solid`), 4.5],
  ["signs of what recedes on solid", ["status-on"], ["queued", "skipped", "stale"].map((status) => `status-${status}-solid`), 3],
  ["status solids on surfaces", statuses.map((status) => `status-${status}-solid`), docked, 3],
  ["diff words on their tint", ["diff-added-fg"], ["diff-added-tint"], 4.5],
  ["data colours", ["data-string", "data-number", "data-literal", "data-expr"], ["surface-panel", "surface-raised", "surface-sunken", "accent-tint"], 4.5],
  ["expressions on their tint", ["data-expr"], ["data-expr-tint"], 4.5],
  ["sticky notes", ["note-ink"], ["note-surface"], 4.5],
  ["text and signs on bars", ["bar-on"], ["bar-running", "bar-done", "bar-failed", "bar-waiting"], 4.5],
  ["control lines", ["line-control"], ["surface-panel", "surface-raised", "surface-app"], 3],
  ["focus rings", ["focus-ring"], surfaces, 3],
  ["wires", ["edge-idle", "edge-pending", "edge-dead", "edge-carried", "edge-flowing", "edge-error"], ["surface-canvas"], 3],
];

describe.each(themes)("%s", (_name, tokens) => {
  const colour = (name: string) => rgb(tokens[name] ?? `missing ${name}`);

  test.each(pairs)("%s", (_pair, foregrounds, backgrounds, least) => {
    for (const foreground of foregrounds) {
      for (const background of backgrounds) {
        expect(contrast(colour(foreground), colour(background)), `${foreground} on ${background}`).toBeGreaterThanOrEqual(least);
      }
    }
  });

  test("status words on their own tint", () => {
    for (const status of statuses) {
      expect(contrast(colour(`status-${status}-fg`), colour(`status-${status}-tint`)), status).toBeGreaterThanOrEqual(4.5);
    }
  });

  test("kind icons on their tile", () => {
    const share = Number.parseFloat(tokens["kind-tint"] ?? "") / 100;
    for (const kind of kinds) {
      const hue = colour(`kind-${kind}`);
      expect(contrast(hue, mix(hue, colour("surface-raised"), share)), kind).toBeGreaterThanOrEqual(3);
    }
  });
});

test("no component uses a raw colour", () => {
  const own = ["base", "controls", "floating", "data"].map((name) => readFileSync(fileURLToPath(new URL(`./${name}.css`, import.meta.url)), "utf8"));
  own.push(readFileSync(fileURLToPath(new URL("../graph/graph.css", import.meta.url)), "utf8"), readFileSync(fileURLToPath(new URL("../../features/editor/editor.css", import.meta.url)), "utf8"));
  for (const sheet of own) expect(sheet.match(/#[0-9a-f]{3,8}\b|rgba?\(/gi)).toBeNull();
});
