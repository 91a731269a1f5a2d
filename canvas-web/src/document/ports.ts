/** A node's effective ports, by the rules of the contract, section 3: the same ones the server saves and runs by. Pure. */
import type { FlowNode, Json } from "@/shared/protocol/types";

export type PortSide = "inputs" | "outputs";

export interface Port {
  key: string;
  label: string;
  /** One of PORT_TYPES; any other word means "any". */
  type: string;
  default?: Json;
}

export const PORT_TYPES = ["any", "string", "number", "integer", "boolean", "object", "array"] as const;
export const ERROR_PORT = "error";
export const JOIN_MODES = ["all", "strict", "any"] as const;
export type JoinMode = (typeof JOIN_MODES)[number];

const PORT_KEY = /^[a-z_][a-zA-Z0-9_]*$/;
const CEL_RESERVED = new Set(
  "false in null true as break const continue else for function if import let loop package namespace return var void while".split(" "),
);

export function inputPorts(node: FlowNode): readonly Port[] {
  if (node.type === "trigger") return [];
  const declared = node.ports?.inputs;
  if (!declared) return [plain(isForEach(node) ? "items" : "input")];
  return declared.map((port) => ({ ...port, label: port.label || port.key, type: portType(port.type) }));
}

/** Without `error`: what a handler may light. */
export function declaredOutputs(node: FlowNode): readonly Port[] {
  if (node.type === "output") return [];
  const declared = node.ports?.outputs?.map((port) => ({ key: port.key, label: port.label || port.key, type: portType(port.type) }));
  if (node.type === "condition" && hasCases(node)) {
    const cases = validCases(node);
    if (!cases) return [plain("default")];
    return declared ?? [...cases.map((item) => plain(item.port)), plain("default")];
  }
  return declared ?? impliedOutputs(node).map(plain);
}

/** What a node has that declares no outputs. */
function impliedOutputs(node: FlowNode): readonly string[] {
  if (node.type === "condition") return ["true", "false"];
  if (node.type === "action" && node.handlers["main"]?.entrypoint === "core:approval") return ["approved", "rejected", "timeout"];
  return isForEach(node) ? ["out", "errors"] : ["out"];
}

function isForEach(node: FlowNode): boolean {
  const main = node.handlers["main"];
  return node.type === "subflow" && main?.entrypoint === "core:subflow" && main.config?.["mode"] === "forEach";
}

export function outputPorts(node: FlowNode): readonly Port[] {
  const declared = declaredOutputs(node);
  return hasErrorPort(node) ? [...declared, plain(ERROR_PORT)] : declared;
}

export function hasErrorPort(node: Pick<FlowNode, "type">): boolean {
  return node.type === "action" || node.type === "subflow";
}

export function joinMode(node: FlowNode): JoinMode {
  const said = node.annotations?.["join"];
  return JOIN_MODES.find((mode) => mode === said) ?? "all";
}

/** Why a port may not have this key, as a sentence; null where it may. */
export function portKeyProblem(key: string, side: PortSide, type: FlowNode["type"]): string | null {
  if (!PORT_KEY.test(key)) return "A key starts with a small letter or _, then letters, digits, _.";
  if (key === "inputs") return "“inputs” names the whole inputs object in expressions.";
  if (CEL_RESERVED.has(key) && !(type === "condition" && side === "outputs" && (key === "true" || key === "false"))) {
    return `“${key}” is a reserved word of CEL.`;
  }
  if (side === "outputs" && key === ERROR_PORT && hasErrorPort({ type })) return "Every action has the port error already.";
  return null;
}

export interface Case {
  port: string;
  when: string;
}

export function hasCases(node: FlowNode): boolean {
  const main = node.handlers["main"];
  return main?.entrypoint === "core:condition" && main.config !== undefined && "cases" in main.config;
}

/** The cases of a condition, null while they are not valid. */
export function validCases(node: FlowNode): readonly Case[] | null {
  const found = node.handlers["main"]?.config?.["cases"];
  if (!Array.isArray(found)) return null;
  const cases: Case[] = [];
  for (const item of found) {
    if (typeof item !== "object" || item === null || Array.isArray(item) || Object.keys(item).length !== 2) return null;
    const { port, when } = item;
    if (typeof port !== "string" || typeof when !== "string" || port === "default") return null;
    if (portKeyProblem(port, "outputs", "condition") !== null || cases.some((other) => other.port === port)) return null;
    cases.push({ port, when });
  }
  const declared = node.ports?.outputs?.map((port) => port.key);
  if (declared && (declared.length !== cases.length + 1 || !["default", ...cases.map((item) => item.port)].every((key) => declared.includes(key)))) {
    return null;
  }
  return cases;
}

/** A condition whose cases are being typed: wires at other ports are kept, and are a problem meanwhile. */
export function isUndecided(node: FlowNode): boolean {
  return node.type === "condition" && hasCases(node) && validCases(node) === null;
}

const plain = (key: string): Port => ({ key, label: key, type: "any" });
const portType = (said: string | undefined) => (PORT_TYPES.some((type) => type === said) ? (said ?? "any") : "any");

/** Whether a value of one hinted type may travel into a port of another without a warning. */
export function typesFit(from: string, to: string): boolean {
  return from === to || from === "any" || to === "any" || (from === "integer" && to === "number");
}
