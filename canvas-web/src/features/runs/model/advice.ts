/** What to say about a failure: what is safe, and what to try. Pure. An error names the thing and offers one next step. */
import type { FlowNode } from "@/shared/protocol";
import { maxAttempts } from "./ports";
import type { NodeRun } from "./runState";

export interface Advice {
  /** What happened, in one plain sentence, where the type alone tells. */
  plain: string | null;
  /** What is known about effects outside. */
  safe: string;
  tries: string[];
}

const CHANGES = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const UNCERTAIN = new Set(["ConnectionFailed", "TimedOut", "Cancelled"]);

export function adviseOn(node: FlowNode, run: NodeRun, handled: boolean): Advice {
  const type = run.error?.type ?? "";
  const message = run.error?.message ?? "";
  return { plain: plainOf(type, node), safe: safetyOf(type, node, handled), tries: stepsFor(type, message, node) };
}

function method(node: FlowNode): string | null {
  const main = node.handlers["main"];
  if (main?.entrypoint !== "http:request") return null;
  const value = main.config?.["method"];
  return typeof value === "string" ? value.toUpperCase() : "GET";
}

function plainOf(type: string, node: FlowNode): string | null {
  switch (type) {
    case "TimedOut":
      return `${node.name} did not finish in time.`;
    case "ConnectionFailed":
      return `${node.name} could not connect.`;
    case "SecretRefused":
      return "A secret could not be read from the environment.";
    case "AddressRefused":
      return "The address is one the guard does not let through.";
    case "NotBoolean":
      return "The condition gave something that is neither true nor false.";
    case "NoSuchPort":
      return "The code named an output port that this node does not have.";
    case "NotJson":
      return "The code gave back something JSON cannot hold.";
    case "ParseFailed":
      return "The text could not be read in that format.";
    default:
      return null;
  }
}

function safetyOf(type: string, node: FlowNode, handled: boolean): string {
  const http = method(node);
  const effect =
    http !== null && CHANGES.has(http) && UNCERTAIN.has(type)
      ? `Nothing came back, so the ${http} may or may not have gone through.`
      : http === "GET" && UNCERTAIN.has(type)
        ? "It only reads, so nothing was changed."
        : "";
  const rest = handled
    ? "The error port took the failure as data, and the run went on."
    : "Results of the nodes that finished are kept. What ran beside it was stopped.";
  return effect ? `${effect} ${rest}` : rest;
}

function stepsFor(type: string, message: string, node: FlowNode): string[] {
  const steps: string[] = [];
  const attempts = maxAttempts(node);
  switch (type) {
    case "HttpStatus":
      steps.push(/\b(401|403)\b/.test(message) ? "Check the key this request sends." : /\b404\b/.test(message) ? "Check the address: the server has nothing there." : "Open the address by hand and see what it answers.");
      if (/\b(408|425|429|5\d\d)\b/.test(message) && attempts === 1) steps.push("Let it try again: set more attempts under Retries.");
      break;
    case "ConnectionFailed":
      steps.push("See that the service runs and that the address and port are right.");
      if (attempts === 1) steps.push("Let it try again: set more attempts under Retries.");
      break;
    case "TimedOut":
      steps.push("Give it more time, or ask it for less at once.");
      break;
    case "SecretRefused":
      steps.push("Set the variable, name it in TFCANVAS_ENV_ALLOW, and start the server again.");
      break;
    case "AddressRefused":
      steps.push("If the address is meant, name its host and port in TFCANVAS_HTTP_ALLOW and start the server again.");
      break;
    case "ExpressionFailed":
      steps.push("Open the expression and compare it with what came in, under Input.");
      break;
    case "ConfigInvalid":
      steps.push("Open the node: one of its settings does not fit once the expressions are filled in.");
      break;
    case "ParseFailed":
      steps.push("Look at the text that came in, under Input: is it the format this node expects?");
      break;
    case "NoSuchPort":
      steps.push("Give the node that port, or return another one.");
      break;
    default:
      steps.push("Look at what came in, under Input, and at the stack below.");
  }
  if (node.type === "action" || node.type === "subflow") steps.push("Wire its error port, and a failure becomes data instead of the end of the run.");
  return steps;
}
