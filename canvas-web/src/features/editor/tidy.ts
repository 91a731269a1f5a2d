/** Arrange the cards in columns along the wires. The layout library is loaded when first asked for. */
import { forwardEdges, moveNodes, type FlowDoc, type Plan } from "@/document";
import { shapeFor } from "@/shared/graph";

export async function tidy(doc: FlowDoc): Promise<Plan> {
  const { default: ELK } = await import("elkjs/lib/elk.bundled.js");
  const elk = new ELK();
  const shapes = shapeFor(doc);
  const laid = await elk.layout({
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.layered.spacing.nodeNodeBetweenLayers": "64",
      "elk.spacing.nodeNode": "36",
      "elk.spacing.edgeNode": "20",
      "elk.layered.spacing.edgeNodeBetweenLayers": "20",
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      "elk.layered.nodePlacement.favorStraightEdges": "true",
      "elk.layered.crossingMinimization.semiInteractive": "true",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children: doc.nodes.map((node) => {
      const shape = shapes.get(node.id);
      const ports = [
        ...(shape?.inputs ?? []).map((port) => ({ id: `${node.id}/in/${port.key}`, x: 0, y: port.y, width: 0, height: 0, layoutOptions: { "elk.port.side": "WEST" } })),
        ...(shape?.outputs ?? []).map((port) => ({ id: `${node.id}/out/${port.key}`, x: 184, y: port.y, width: 0, height: 0, layoutOptions: { "elk.port.side": "EAST" } })),
      ];
      return { id: node.id, width: 184, height: shape?.height ?? 64, ports, layoutOptions: { "elk.portConstraints": "FIXED_POS" } };
    }),
    // What leads back takes no part: the columns follow the way forward.
    edges: forwardEdges(doc.edges).map((edge) => ({ id: edge.id, sources: [`${edge.source.nodeId}/out/${edge.source.port}`], targets: [`${edge.target.nodeId}/in/${edge.target.port}`] })),
  });
  const left = Math.min(...doc.nodes.map((node) => node.position.x));
  const top = Math.min(...doc.nodes.map((node) => node.position.y));
  const childLeft = Math.min(...(laid.children ?? []).map((child) => child.x ?? 0));
  const childTop = Math.min(...(laid.children ?? []).map((child) => child.y ?? 0));
  const plan = moveNodes(doc, Object.fromEntries((laid.children ?? []).map((child) => [child.id, { x: left + (child.x ?? 0) - childLeft, y: top + (child.y ?? 0) - childTop }])));
  return plan.ok ? { ...plan, label: "Tidy up" } : plan;
}
