/** Adding, moving, naming, copying and removing nodes. Every function answers with a plan. Pure. */
import type { FlowChannel, FlowEdge, FlowNode, Handler, HandlerEntry, Json } from "@/shared/protocol/types";
import { channelEdits, withCopies } from "./channels";
import { connectNodes, splice } from "./connect";
import { forwardEdges } from "./loops";
import { applyEdits, nodeOf, refuse, type Edit, type FlowDoc, type NewId, type Plan } from "./model";
import { inputPorts, isUndecided, outputPorts } from "./ports";
import { reachedFrom } from "./reach";

export const GRID = 4;
export const NODE_WIDTH = 184;
/** From one column's left edge to the next: a card and the gap that wires run in. */
export const COLUMN = 248;
export const ROW = 104;

export interface Point {
  x: number;
  y: number;
}

export const snap = ({ x, y }: Point): Point => ({ x: Math.round(x / GRID) * GRID, y: Math.round(y / GRID) * GRID });

/** "HTTP request", then "HTTP request 2". Output names must differ; others are easier to tell apart. */
export function freeName(doc: Pick<FlowDoc, "nodes">, wanted: string): string {
  const taken = new Set(doc.nodes.map((node) => node.name));
  if (!taken.has(wanted)) return wanted;
  const stem = wanted.replace(/ \d+$/, "");
  for (let n = 2; ; n++) if (!taken.has(`${stem} ${n}`)) return `${stem} ${n}`;
}

/** A point near the wanted one where a card covers no other. */
export function freePlace(doc: Pick<FlowDoc, "nodes">, wanted: Point): Point {
  const place = snap(wanted);
  const covered = () => doc.nodes.some((node) => Math.abs(node.position.x - place.x) < NODE_WIDTH + 16 && place.y > node.position.y - 80 && place.y < node.position.y + heightOf(node) + 16);
  for (let tries = 0; covered() && tries < 200; tries++) place.y += ROW;
  return place;
}

/** Head and foot, and a row for each port where a side has several. */
function heightOf(node: FlowNode): number {
  const ports = Math.max(inputPorts(node).length, outputPorts(node).length);
  return 64 + (ports > 1 ? ports * 24 : 0);
}

export interface AddOptions {
  /** Wire it behind this node. */
  after?: string | null;
  /** Put it into this wire. */
  into?: string | null;
  /** Put its middle here; else beside `after`. */
  at?: Point;
}

export function addNode(doc: FlowDoc, entry: Pick<HandlerEntry, "node">, options: AddOptions, newId: NewId): Plan {
  const after = options.after ? nodeOf(doc, options.after) : undefined;
  const beside = after ? { x: after.position.x + COLUMN, y: after.position.y } : { x: 0, y: 0 };
  // The catalogue's description tells what the handler does; a node's own is a note of whoever drew it.
  const node: FlowNode = {
    ...structuredClone(entry.node),
    id: newId(),
    name: freeName(doc, entry.node.name),
    position: options.at ? snap(options.at) : freePlace(doc, beside),
  };
  delete node.description;
  const edits: Edit[] = [{ kind: "putNode", node }];
  const withNode = applyEdits(doc, edits).doc;
  let warning: string | undefined;
  if (options.into) {
    const plan = splice(withNode, options.into, node, newId);
    if (plan.ok) edits.push(...plan.edits, ...makeRoom(doc, node, options.into));
    else warning = plan.reason;
  } else if (after && inputPorts(node).length > 0 && after.type !== "output") {
    const plan = connectNodes(withNode, after.id, node.id, newId);
    if (plan.ok) edits.push(...plan.edits);
  }
  return { ok: true, label: `Add ${node.name}`, edits, select: [node.id], ...(warning ? { warning } : {}) };
}

/** What comes after a node put into a wire moves right, as far as the card needs. */
function makeRoom(doc: FlowDoc, node: FlowNode, edgeId: string): Edit[] {
  const edge = doc.edges.find((other) => other.id === edgeId);
  const target = edge && nodeOf(doc, edge.target.nodeId);
  if (!target || edge.loop || Math.abs(target.position.y - node.position.y) > ROW) return [];
  const by = node.position.x + COLUMN - target.position.x;
  if (by <= 0 || target.position.x <= node.position.x - COLUMN) return [];
  const after = reachedFrom(forwardEdges(doc.edges), [target.id]);
  return doc.nodes
    .filter((other) => after.has(other.id) && other.position.x >= target.position.x - NODE_WIDTH)
    .map((other): Edit => ({ kind: "putNode", node: { ...other, position: snap({ x: other.position.x + by, y: other.position.y }) } }));
}

export function moveNodes(doc: FlowDoc, moves: Readonly<Record<string, Point>>): Plan {
  const edits = doc.nodes.flatMap((node): Edit[] => {
    const to = moves[node.id] && snap(moves[node.id] ?? node.position);
    return to && (to.x !== node.position.x || to.y !== node.position.y) ? [{ kind: "putNode", node: { ...node, position: to } }] : [];
  });
  return { ok: true, label: edits.length === 1 ? "Move a node" : `Move ${edits.length} nodes`, edits };
}

export function renameNode(doc: FlowDoc, id: string, name: string): Plan {
  const node = nodeOf(doc, id);
  const wanted = name.trim();
  if (!node) return refuse("That node is gone.");
  if (wanted === "") return refuse("A node needs a name.");
  if (node.type === "output" && doc.nodes.some((other) => other.id !== id && other.type === "output" && other.name === wanted)) {
    return refuse(`Another output is called ${wanted}: the run's results go by that name.`);
  }
  return { ok: true, label: `Rename ${node.name}`, edits: wanted === node.name ? [] : [{ kind: "putNode", node: { ...node, name: wanted } }] };
}

/**
 * Replace a node. A wire at a port that was renamed goes along; one whose port is gone is cut, because the server
 * refuses a wire to nowhere.
 */
export function changeNode(doc: FlowDoc, node: FlowNode, label = `Change ${node.name}`): Plan {
  const before = nodeOf(doc, node.id);
  if (!before) return refuse("That node is gone.");
  const edits: Edit[] = [{ kind: "putNode", node }];
  let cut = 0;
  const renamed = { source: new Map<string, string>(), target: new Map<string, string>() };
  const sides = [
    { end: "target", old: inputPorts(before), now: inputPorts(node), kept: false },
    { end: "source", old: outputPorts(before), now: outputPorts(node), kept: isUndecided(node) },
  ] as const;
  for (const { end, old, now, kept } of sides) {
    const gone = old.filter((port) => !now.some((other) => other.key === port.key));
    const come = now.filter((port) => !old.some((other) => other.key === port.key));
    const renamedTo = gone.length === 1 && come.length === 1 && !isUndecided(before) ? come[0]?.key : undefined;
    if (renamedTo !== undefined && gone[0]) renamed[end].set(gone[0].key, renamedTo);
    for (const edge of doc.edges) {
      if (edge[end].nodeId !== node.id || now.some((port) => port.key === edge[end].port) || kept) continue;
      if (renamedTo !== undefined) edits.push({ kind: "putEdge", edge: { ...edge, [end]: { nodeId: node.id, port: renamedTo } } });
      else {
        edits.push({ kind: "removeEdge", id: edge.id });
        cut++;
      }
    }
  }
  const undecided = isUndecided(node);
  edits.push(...channelEdits(doc, (end, side) => {
    if (end.nodeId !== node.id || (side === "subscribers" ? inputPorts(node) : outputPorts(node)).some((port) => port.key === end.port) || (side === "publishers" && undecided)) return end;
    const port = renamed[side === "subscribers" ? "target" : "source"].get(end.port);
    return port === undefined ? null : { nodeId: node.id, port };
  }));
  return {
    ok: true,
    label,
    edits,
    ...(cut > 0 ? { warning: cut === 1 ? "One wire lost its port and was cut." : `${cut} wires lost their ports and were cut.` } : {}),
  };
}

export function removeSelection(doc: FlowDoc, nodeIds: ReadonlySet<string>, edgeIds: ReadonlySet<string>): Plan {
  const edges = doc.edges.filter((edge) => edgeIds.has(edge.id) || nodeIds.has(edge.source.nodeId) || nodeIds.has(edge.target.nodeId));
  const nodes = doc.nodes.filter((node) => nodeIds.has(node.id));
  if (nodes.length === 0 && edges.length === 0) return refuse("Nothing is selected.");
  const label = nodes.length === 1 ? `Delete ${nodes[0]?.name ?? ""}` : nodes.length > 1 ? `Delete ${nodes.length} nodes` : edges.length === 1 ? "Delete a wire" : `Delete ${edges.length} wires`;
  return {
    ok: true,
    label,
    edits: [
      ...edges.map((edge): Edit => ({ kind: "removeEdge", id: edge.id })),
      ...channelEdits(doc, (end) => (nodeIds.has(end.nodeId) ? null : end)),
      ...nodes.map((node): Edit => ({ kind: "removeNode", id: node.id })),
    ],
  };
}

/** What the clipboard holds: nodes, the wires between them, and the channels they are in. */
export interface Clip {
  triggerflow: "clip";
  nodes: FlowNode[];
  edges: FlowEdge[];
  /** Absent in what older builds copied. */
  channels?: FlowChannel[];
}

export function clipOf(doc: FlowDoc, ids: ReadonlySet<string>): Clip {
  return {
    triggerflow: "clip",
    nodes: doc.nodes.filter((node) => ids.has(node.id)),
    edges: doc.edges.filter((edge) => ids.has(edge.source.nodeId) && ids.has(edge.target.nodeId)),
    channels: doc.channels.flatMap((channel) => {
      const [publishers, subscribers] = [channel.publishers.filter((end) => ids.has(end.nodeId)), channel.subscribers.filter((end) => ids.has(end.nodeId))];
      return publishers.length + subscribers.length > 0 ? [{ ...channel, publishers, subscribers }] : [];
    }),
  };
}

export function isClip(value: unknown): value is Clip {
  return (
    typeof value === "object" && value !== null && (value as { triggerflow?: unknown }).triggerflow === "clip" &&
    Array.isArray((value as Clip).nodes) && Array.isArray((value as Clip).edges) &&
    ((value as Clip).channels === undefined || Array.isArray((value as Clip).channels))
  );
}

/** Paste with new ids and free names, the clip's top left corner at the point, or beside where it came from. */
export function paste(doc: FlowDoc, clip: Clip, newId: NewId, at?: Point): Plan {
  if (clip.nodes.length === 0) return refuse("Nothing was copied.");
  const left = Math.min(...clip.nodes.map((node) => node.position.x));
  const top = Math.min(...clip.nodes.map((node) => node.position.y));
  const shift = at ? { x: at.x - left, y: at.y - top } : { x: 32, y: 32 };
  const ids = new Map(clip.nodes.map((node) => [node.id, newId()]));
  const named: FlowNode[] = [];
  for (const node of clip.nodes) {
    const copy: FlowNode & Record<string, unknown> = {
      ...structuredClone(node),
      id: ids.get(node.id) ?? newId(),
      name: freeName({ nodes: [...doc.nodes, ...named] }, node.name),
      position: snap({ x: node.position.x + shift.x, y: node.position.y + shift.y }),
    };
    delete copy.version;
    named.push(copy);
  }
  const edges = clip.edges.flatMap((edge): FlowEdge[] => {
    const [from, to] = [ids.get(edge.source.nodeId), ids.get(edge.target.nodeId)];
    return from && to ? [{ ...edge, id: newId(), source: { ...edge.source, nodeId: from }, target: { ...edge.target, nodeId: to } }] : [];
  });
  return {
    ok: true,
    label: named.length === 1 ? `Paste ${named[0]?.name ?? ""}` : `Paste ${named.length} nodes`,
    edits: [...named.map((node): Edit => ({ kind: "putNode", node })), ...edges.map((edge): Edit => ({ kind: "putEdge", edge })), ...withCopies(doc, clip.channels ?? [], ids, newId)],
    select: named.map((node) => node.id),
  };
}

export function duplicate(doc: FlowDoc, ids: ReadonlySet<string>, newId: NewId): Plan {
  const plan = paste(doc, clipOf(doc, ids), newId);
  return plan.ok ? { ...plan, label: plan.label.replace("Paste", "Duplicate") } : plan;
}

/** A node's main handler with one of its members changed; undefined takes the member away. */
export function withHandler(node: FlowNode, patch: { config?: Record<string, Json> | undefined; timeoutSeconds?: number | undefined; retries?: { maxAttempts?: number; backoffSeconds?: number } | undefined }): FlowNode {
  const main = { entrypoint: "", ...node.handlers["main"], ...patch };
  const said = Object.fromEntries(Object.entries<unknown>(main).filter(([, value]) => value !== undefined)) as unknown as Handler;
  return { ...node, handlers: { ...node.handlers, main: said } };
}
