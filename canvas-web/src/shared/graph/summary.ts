/** The one setting a card's foot shows. Pure. */
import { validCases } from "@/document";
import type { FlowNode, Json } from "@/shared/protocol/types";

export interface Summary {
  text: string;
  /** Code is set in mono, prose is not. */
  code: boolean;
}

const code = (text: string): Summary => ({ text, code: true });
const prose = (text: string): Summary => ({ text, code: false });

export function summaryOf(node: FlowNode, ui?: Record<string, Json>): Summary {
  const main = node.handlers["main"];
  const config = main?.config ?? {};
  if (node.type === "output") return prose("Result of the run");
  if (!main) return prose("No handler yet");
  switch (main.entrypoint) {
    case "core:manual":
      return prose(config["inputSchema"] ? "Runs on your input" : "Starts by hand");
    case "core:map":
      return text(config["expression"]) ? code(oneLine(text(config["expression"]))) : prose("No expression yet");
    case "core:condition": {
      const cases = validCases(node);
      if (cases) return prose(cases.length === 1 ? "1 case, else default" : `${cases.length} cases, else default`);
      return text(config["expression"]) ? code(oneLine(text(config["expression"]))) : prose("No expression yet");
    }
    case "core:subflow":
      return text(config["flowId"]) === "" ? prose("No flow chosen") : prose(config["mode"] === "forEach" ? `For each item, ${typeof config["concurrency"] === "number" ? config["concurrency"] : 10} at once` : config["mode"] === "while" ? "While it holds" : "Runs once");
    case "core:approval":
      return prose("Waits for a person");
    case "core:timer":
      return config["until"] !== undefined ? code(text(config["until"]) || "until …") : typeof config["seconds"] === "number" ? prose(`Waits ${config["seconds"]} s`) : prose("Waits");
    case "core:event":
      return text(config["name"]) ? code(oneLine(text(config["name"]))) : prose("Waits for an event");
    case "core:webhook":
    case "core:form":
    case "core:chat":
      return code(`/hooks/${text(config["path"]) || "…"}`);
    case "core:schedule":
      return code(text(config["cron"]) || "No time yet");
    case "core:channel":
      return code(text(config["channel"]) || "No channel yet");
    case "kafka:topic":
      return code(text(config["topic"]) || "No topic yet");
    case "core:parse":
      return code(text(config["format"]) || "csv");
    case "http:request":
      return code(`${text(config["method"]) || "GET"} ${shortUrl(config["url"])}`);
    default: {
      if (!main.entrypoint.includes(":")) return code(main.entrypoint);
      const template = ui?.["summary"];
      const filled = typeof template === "string" ? template.replace(/\{(\w+)\}/g, (_whole, key: string) => oneLine(text(config[key]))).trim() : "";
      return filled ? code(filled) : prose(main.entrypoint);
    }
  }
}

/** The text a config value shows as: itself, or the expression in it. */
function text(value: Json | undefined): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && !Array.isArray(value) && typeof value["$expr"] === "string") return value["$expr"];
  return "";
}

function shortUrl(value: Json | undefined): string {
  const url = text(value);
  if (url === "") return "…";
  if (typeof value !== "string") return oneLine(url);
  const match = /^https?:\/\/[^/]+(\/.*)?$/.exec(url);
  return match?.[1] && match[1] !== "/" ? match[1] : url.replace(/^https?:\/\//, "");
}

const oneLine = (value: string) => value.replace(/\s+/g, " ").trim();
