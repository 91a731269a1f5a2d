import { describe, expect, it } from "vitest";
import type { Flow } from "@/shared/protocol";
import { exported, fileName, imported } from "./transfer";

const id = "00000000-0000-4000-8000-000000000001";
const flow: Flow = {
  id, projectId: id, name: "Orders & returns", description: "d", latestVersion: "3", problems: [], createdAt: "", updatedAt: "", settings: { timeoutSeconds: 5 }, channels: [],
  nodes: [{ id, type: "output", name: "Result", handlers: {}, position: { x: 1, y: 2 }, version: 4 }],
  edges: [{ id, source: { nodeId: id, port: "out" }, target: { nodeId: id, port: "input" } }],
};

describe("flows as files", () => {
  it("come back as they went, without what belongs to the server", () => {
    const read = imported(exported(flow), "x");
    if (!read.ok) throw new Error(read.why);
    const node = { ...flow.nodes[0] };
    delete node.version;
    expect(read.document).toEqual({ name: flow.name, description: "d", nodes: [node], edges: flow.edges, channels: [], settings: flow.settings });
    expect(exported(flow)).not.toContain("projectId");
  });

  it("may be published versions, and may lack a name", () => {
    const read = imported(JSON.stringify({ version: "1", flow: { nodes: [] } }), "from-file");
    expect(read).toMatchObject({ ok: true, document: { name: "from-file", nodes: [], edges: [] } });
  });

  it.each([
    ["{", "not JSON"],
    ["[]", "not a flow"],
    ['{"name":"x"}', "no list of nodes"],
    ['{"nodes":[{"id":"1"}]}', "Node 1"],
    ['{"nodes":[],"edges":[{"id":"e"}]}', "Edge 1"],
  ])("refuse %s and say why", (text, why) => {
    const read = imported(text, "x");
    expect(read.ok ? "" : read.why).toContain(why);
  });

  it("keep integers exact", () => {
    const big = exported(flow).replace('"timeoutSeconds": 5', '"timeoutSeconds": 9007199254740993');
    const read = imported(big, "x");
    expect(read.ok && read.document.settings).toEqual({ timeoutSeconds: 9007199254740993n });
  });

  it("have a name a file system takes", () => {
    expect(fileName("Orders & returns / v2")).toBe("orders-returns-v2.json");
    expect(fileName("***")).toBe("flow.json");
    expect(fileName("退款")).toBe("退款.json");
  });
});
