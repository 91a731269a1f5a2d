import { describe, expect, it } from "vitest";
import { localProblems } from "@/document";
import { nodeViolations } from "@/shared/protocol";
import { EXAMPLES, instantiate } from "./examples";
import { layersOf } from "./layers";

let counter = 0;
const newId = (): string => `00000000-0000-4000-8000-${String((counter += 1)).padStart(12, "0")}`;

describe.each(EXAMPLES.map((example) => [example.slug, example] as const))("the example %s", (_slug, example) => {
  const document = instantiate(example.document, "http://localhost:9999", newId);

  it("consists of nodes the mission's schema allows", () => {
    expect([...example.document.nodes, ...document.nodes].flatMap(nodeViolations)).toEqual([]);
  });

  it("has wires that start and end at nodes, none twice, and ids of its own", () => {
    const ids = new Set(document.nodes.map((node) => node.id));
    expect(ids.size).toBe(document.nodes.length);
    const ends = document.edges.map(({ source, target }) => `${source.nodeId}.${source.port}>${target.nodeId}.${target.port}`);
    expect(new Set(ends).size).toBe(ends.length);
    expect(document.edges.every((edge) => ids.has(edge.source.nodeId) && ids.has(edge.target.nodeId))).toBe(true);
    expect(example.document.nodes.some((node) => ids.has(node.id))).toBe(false);
  });

  it("leads from a trigger to an output, and leaves no node unreached", () => {
    expect(document.nodes.some((node) => node.type === "trigger")).toBe(true);
    expect(document.nodes.some((node) => node.type === "output")).toBe(true);
    const targets = new Set(document.edges.map((edge) => edge.target.nodeId));
    expect(document.nodes.filter((node) => node.type !== "trigger" && !targets.has(node.id))).toEqual([]);
  });

  it("fetches data from the server it was created on, whatever its address", () => {
    const text = JSON.stringify(document.nodes);
    expect(text).not.toContain("127.0.0.1:8484");
    if (JSON.stringify(example.document.nodes).includes("/canvas/data/")) expect(text).toContain("http://localhost:9999/canvas/data/");
  });

  it("does not overlap on the canvas, and has a picture with a place for every node", () => {
    for (const [index, a] of document.nodes.entries()) {
      for (const b of document.nodes.slice(index + 1)) {
        const apart = Math.abs(a.position.x - b.position.x) >= 232 || Math.abs(a.position.y - b.position.y) >= 72;
        expect(apart, `${a.name} and ${b.name}`).toBe(true);
      }
    }
    const { spots } = layersOf(document.nodes, document.edges);
    expect(new Set(spots.map(({ column, row }) => `${column}/${row}`)).size).toBe(document.nodes.length);
  });

  it("is ready to publish as far as the canvas can tell", () => {
    const doc = { name: document.name, description: "", nodes: document.nodes, edges: document.edges, channels: [], settings: {} };
    expect(localProblems(doc as never, () => []).filter((problem) => problem.severity === "error")).toEqual([]);
  });
});
