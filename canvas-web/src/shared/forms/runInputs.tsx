/** What a run is started with: a form where one manual trigger names its inputs, else JSON; kept in this browser by flow. */
import { useMemo, useState, type ReactNode } from "react";
import { parseExact, stringifyExact, type Json } from "@/shared/protocol/exactJson";
import type { FlowNode, JsonObject } from "@/shared/protocol/types";
import { JsonField } from "./JsonField";
import { SchemaForm } from "./SchemaForm";
import { violationsOf } from "./validate";

export interface RunInputs {
  inputs: JsonObject;
  /** Whether every manual trigger would take them. */
  ready: boolean;
  field: ReactNode;
  /** Offer them again next time. */
  keep: () => void;
}

export function useRunInputs(flowId: string, nodes: readonly FlowNode[]): RunInputs {
  const [inputs, setInputs] = useState<JsonObject>(() => remembered(flowId));
  const [jsonOk, setJsonOk] = useState(true);
  const schemas = useMemo(() => schemasOf(nodes), [nodes]);
  const form = schemas.length === 1 && typeof schemas[0]?.["properties"] === "object" ? schemas[0] : null;
  const wrong = schemas.flatMap((schema) => violationsOf(schema, inputs));
  const field = form ? (
    <SchemaForm schema={form} value={inputs} idPrefix="in" onChange={(value) => setInputs(value as JsonObject)} />
  ) : (
    <div className="field">
      <span className="field-label">Inputs, a JSON object</span>
      <JsonField
        label="Inputs"
        value={inputs}
        minRows={5}
        testId="run-inputs"
        onValid={setJsonOk}
        onChange={(value: Json | undefined) => {
          const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
          setJsonOk(isObject || value === undefined);
          if (isObject) setInputs(value);
          else if (value === undefined) setInputs({});
        }}
      />
      {wrong.map(({ pointer, message }) => <span key={pointer} className="help text-failed">{pointer} {message}</span>)}
    </div>
  );
  return { inputs, ready: jsonOk && wrong.length === 0, field, keep: () => localStorage.setItem(keyOf(flowId), stringifyExact(inputs)) };
}

const keyOf = (flowId: string) => `tfcanvas.inputs.${flowId}`;

function remembered(flowId: string): JsonObject {
  try {
    const kept = parseExact(localStorage.getItem(keyOf(flowId)) ?? "{}");
    return typeof kept === "object" && kept !== null && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

/** The schemas of all manual triggers; every one of them is fired. */
function schemasOf(nodes: readonly FlowNode[]): JsonObject[] {
  return nodes.flatMap((node) => {
    const schema = node.handlers["main"]?.entrypoint === "core:manual" ? node.handlers["main"].config?.["inputSchema"] : undefined;
    return typeof schema === "object" && schema !== null && !Array.isArray(schema) ? [schema] : [];
  });
}
