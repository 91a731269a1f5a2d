/** What keeps a draft from running well, found at once while drawing; the server finds the same and more when it saves. Pure. */
import type { FlowNode, Problem } from "@/shared/protocol/types";
import type { FlowDoc } from "./model";
import { inputPorts, outputPorts, typesFit } from "./ports";
import { allWires } from "./channels";
import { forwardEdges, loopProblems } from "./loops";
import { onCycles, reachedFrom } from "./reach";

/** What is wrong with a node's config: the pointer is inside the config. */
export type ConfigCheck = (node: FlowNode) => readonly { pointer: string; message: string }[];

export function localProblems(doc: FlowDoc, checkConfig: ConfigCheck): Problem[] {
  return [...ofFlow(doc), ...ofNodes(doc, checkConfig), ...ofEdges(doc)];
}

function ofFlow(doc: FlowDoc): Problem[] {
  const kinds = new Set(doc.nodes.map((node) => node.type));
  const problems: Problem[] = [];
  if (!kinds.has("trigger")) problems.push({ severity: "warning", pointer: "/nodes", reason: "NO_TRIGGER", message: "Nothing starts this flow. Add a trigger." });
  if (!kinds.has("output")) problems.push({ severity: "warning", pointer: "/nodes", reason: "NO_OUTPUT", message: "This flow gives no result. Add an output, if it should." });
  return problems;
}

function ofNodes(doc: FlowDoc, checkConfig: ConfigCheck): Problem[] {
  const problems: Problem[] = [];
  const triggers = doc.nodes.filter((node) => node.type === "trigger");
  const reached = reachedFrom(allWires(doc), triggers.map((node) => node.id));
  const outputs = new Set<string>();
  doc.nodes.forEach((node, index) => {
    const at = `/nodes/${index}`;
    if (node.type === "output") {
      if (outputs.has(node.name)) {
        problems.push({ severity: "error", pointer: `${at}/name`, nodeId: node.id, reason: "DUPLICATE_OUTPUT", message: `Another output is called ${node.name}. Rename one of them.` });
      }
      outputs.add(node.name);
    }
    for (const { pointer, message } of checkConfig(node)) {
      problems.push({ severity: "error", pointer: `${at}/handlers/main/config${pointer}`, nodeId: node.id, reason: "CONFIG_INVALID", message });
    }
    if (triggers.length > 0 && !reached.has(node.id)) {
      problems.push({ severity: "warning", pointer: at, nodeId: node.id, reason: "UNREACHABLE", message: `No trigger leads to '${node.name}', so it never runs. Connect it, or remove it.` });
    }
  });
  return problems;
}

function ofEdges(doc: FlowDoc): Problem[] {
  const nodes = new Map(doc.nodes.map((node) => [node.id, node]));
  const circle = onCycles({ nodes: doc.nodes, edges: forwardEdges(allWires(doc)) });
  const problems: Problem[] = loopProblems(doc).map(({ edgeIndex, nodeId, message }) => ({ severity: "error", pointer: `/edges/${edgeIndex}`, nodeId, reason: "CYCLE", message }));
  doc.edges.forEach((edge, index) => {
    const source = nodes.get(edge.source.nodeId);
    const target = nodes.get(edge.target.nodeId);
    if (!source || !target) return;
    const at = `/edges/${index}`;
    if (edge.loop === undefined && circle.has(source.id) && circle.has(target.id)) {
      problems.push({ severity: "error", pointer: at, nodeId: target.id, reason: "CYCLE", message: `${source.name} and ${target.name} wait for each other in a circle. Make the wire that leads back a loop, or remove it.` });
    }
    const output = outputPorts(source).find((port) => port.key === edge.source.port);
    const input = inputPorts(target).find((port) => port.key === edge.target.port);
    if (!output) {
      problems.push({ severity: "error", pointer: `${at}/source/port`, nodeId: source.id, reason: "UNKNOWN_PORT", message: `${source.name} has no port ${edge.source.port} while its cases are not valid.` });
    } else if (input && !typesFit(output.type, input.type)) {
      problems.push({ severity: "warning", pointer: at, nodeId: target.id, reason: "TYPE_MISMATCH", message: `${source.name} gives ${output.type}, ${target.name} expects ${input.type} at ${input.key}.` });
    }
  });
  return problems;
}

/**
 * What to show: the server's own findings about nodes that have not changed since it saw them, and ours about the rest.
 * The same finding is shown once, in the server's words.
 */
export function mergeProblems(doc: FlowDoc, local: readonly Problem[], saved: { doc: FlowDoc; problems: readonly Problem[] } | null): Problem[] {
  if (!saved) return [...local];
  const own = new Map(local.map((problem) => [placeOf(problem), problem]));
  // Of what a form can say as well, the form's words are the friendlier ones.
  const friendly = (problem: Problem) => (problem.reason === "CONFIG_INVALID" ? (own.get(placeOf(problem)) ?? problem) : problem);
  if (sameDrawing(saved.doc, doc)) return once(saved.problems.map((problem) => friendly(withNode(problem, doc))));
  const seen = new Map(saved.doc.nodes.map((node) => [node.id, node]));
  const unchanged = new Set(doc.nodes.filter((node) => seen.get(node.id) === node).map((node) => node.id));
  const kept = saved.problems.filter((problem) => problem.nodeId !== undefined && unchanged.has(problem.nodeId) && !structural.has(problem.reason));
  return once([...kept.map(friendly), ...local]);
}

/** A member at fault, whatever its node's place in the list is now. */
const placeOf = ({ nodeId, reason, pointer }: Problem) => `${nodeId ?? ""} ${reason} ${pointer.replace(/^\/nodes\/\d+/, "")}`;

/** One finding a member: the first says what to do. */
function once(problems: readonly Problem[]): Problem[] {
  const found = new Map<string, Problem>();
  for (const problem of problems) if (!found.has(placeOf(problem))) found.set(placeOf(problem), problem);
  return [...found.values()];
}

/** Findings that depend on more than the node itself. */
const structural = new Set(["UNREACHABLE", "DUPLICATE_OUTPUT", "CYCLE", "UNKNOWN_PORT", "TYPE_MISMATCH"]);

const sameDrawing = (a: FlowDoc, b: FlowDoc) => a.nodes === b.nodes && a.edges === b.edges && a.channels === b.channels;

/** Problems of an edge, drawn or a channel's, name no node; they belong to the one it ends at, so that one can jump there. */
function withNode(problem: Problem, doc: FlowDoc): Problem {
  if (problem.nodeId !== undefined) return problem;
  const edge = /^\/edges\/(\d+)/.exec(problem.pointer);
  const heard = /^\/channels\/(\d+)\/subscribers\/(\d+)/.exec(problem.pointer);
  const nodeId = edge ? doc.edges[Number(edge[1])]?.target.nodeId : heard ? doc.channels[Number(heard[1])]?.subscribers[Number(heard[2])]?.nodeId : undefined;
  return nodeId === undefined ? problem : { ...problem, nodeId };
}
