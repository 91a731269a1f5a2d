/** The palette's entries: what matches what is typed, best first; recent ones; and functions by their dotted path. Pure but for recents. */
import type { HandlerEntry, JsonObject } from "@/shared/protocol";

export interface Group {
  name: string;
  entries: HandlerEntry[];
}

const order = ["Triggers", "Logic", "Data", "HTTP", "Services", "Code", "Results"];

export function grouped(catalogue: readonly HandlerEntry[]): Group[] {
  const groups = new Map<string, HandlerEntry[]>();
  for (const entry of catalogue) {
    const name = typeof entry.ui["group"] === "string" ? entry.ui["group"] : entry.adapter;
    const held = groups.get(name);
    if (held) held.push(entry);
    else groups.set(name, [entry]);
  }
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length - 1.5);
  const place = (entry: HandlerEntry) => (typeof entry.ui["order"] === "number" ? entry.ui["order"] : 50);
  return [...groups]
    .map(([name, entries]) => ({ name, entries: entries.toSorted((a, b) => place(a) - place(b)) }))
    .toSorted((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

export function search(catalogue: readonly HandlerEntry[], query: string): HandlerEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const scored = catalogue.flatMap((entry) => {
    const name = entry.node.name.toLowerCase();
    const keywords = Array.isArray(entry.ui["keywords"]) ? entry.ui["keywords"].filter((word): word is string => typeof word === "string") : [];
    const rest = `${entry.reference} ${entry.node.description ?? ""} ${keywords.join(" ")}`.toLowerCase();
    let score = 0;
    for (const word of words) {
      if (name.startsWith(word)) score += 8;
      else if (name.includes(` ${word}`)) score += 6;
      else if (name.includes(word)) score += 4;
      else if (keywords.some((keyword) => keyword.startsWith(word))) score += 3;
      else if (rest.includes(word)) score += 1;
      else return [];
    }
    return [{ entry, score }];
  });
  return scored.toSorted((a, b) => b.score - a.score).map(({ entry }) => entry);
}

const dottedPath = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/;
export const isDottedPath = (text: string) => dottedPath.test(text);

/** An entry for a Python function that the catalogue does not list. */
export function functionEntry(path: string): HandlerEntry {
  const ui: JsonObject = { group: "Code", kind: "code", icon: "square-function" };
  return {
    reference: path,
    adapter: "python",
    node: { type: "action", name: path.split(".").at(-1) ?? path, description: `Calls ${path}(inputs, ctx).`, handlers: { main: { entrypoint: path, config: {} } } },
    configSchema: { type: "object" },
    ui,
    pure: false,
    health: null,
  };
}

export const anyFunction: HandlerEntry = {
  ...functionEntry("module.function"),
  node: { ...functionEntry("module.function").node, name: "Python function", description: "Calls a function of yours by its dotted path." },
};

const recentKey = "tfcanvas.recent";

export function recent(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(recentKey) ?? "[]");
    return Array.isArray(kept) ? kept.filter((item): item is string => typeof item === "string") : [];
  } catch {
    return [];
  }
}

export function remember(reference: string): void {
  localStorage.setItem(recentKey, JSON.stringify([reference, ...recent().filter((other) => other !== reference)].slice(0, 3)));
}
