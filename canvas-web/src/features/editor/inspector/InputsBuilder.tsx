/** What a manual start asks for: a list of named, typed fields; or the JSON Schema itself, for what a list can't say. */
import { Braces, List, Plus, X } from "lucide-react";
import { useState } from "react";
import { JsonField } from "@/shared/forms";
import type { Json, JsonObject } from "@/shared/protocol";
import { Button, IconButton, ProblemSign } from "@/shared/ui";

interface Field {
  key: string;
  type: string;
  needed: boolean;
  rest: JsonObject;
}

const types = { string: "Text", number: "Number", integer: "Whole number", boolean: "Yes or no", object: "Object", array: "List" } as const;

export interface InputsBuilderProps {
  schema: Json | undefined;
  onChange: (schema: JsonObject | undefined) => void;
  title?: string;
  /** What the fields are for: without any, and with some. */
  words?: readonly [string, string];
}

const STARTS = ["Run asks for any JSON object. Name inputs to get a form, and to have every start checked.", "Run asks for these, and every start is checked against them."] as const;

export function InputsBuilder({ schema, onChange, title = "Inputs", words = STARTS }: InputsBuilderProps) {
  const fields = fieldsOf(schema);
  const [asJson, setAsJson] = useState(fields === null);
  const set = (next: readonly Field[]) => onChange(next.length === 0 ? undefined : schemaOf(next, schema));
  return (
    <div className="grid gap-2">
      <div className="flex items-center">
        <h3 className="sect-title m-0">{title} {fields && fields.length > 0 && <span className="count">{fields.length}</span>}</h3>
        <Button
          size="small"
          tone="quiet"
          className="ml-auto"
          icon={asJson ? List : Braces}
          disabled={asJson && fields === null}
          data-tip={asJson && fields === null ? "This schema says more than a list can" : undefined}
          onClick={() => setAsJson(!asJson)}
        >
          {asJson ? "As a list" : "As JSON Schema"}
        </Button>
      </div>
      {asJson || fields === null ? (
        <JsonField label="Input schema" value={schema} minRows={8} placeholder='{ "type": "object", "properties": { } }' onChange={(value) => onChange(typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined)} testId="input-schema" />
      ) : (
        <>
          {fields.length > 0 && <div className="inputs-head text-micro text-ink-3" aria-hidden><span>Name</span><span>Type</span><span className="inputs-needed">needed</span></div>}
          {fields.map((field, index) => (
            <div key={index} className="inputs-row">
              <KeyField value={field.key} taken={fields.map((other) => other.key)} onChange={(key) => set(fields.with(index, { ...field, key }))} />
              <select className="select" aria-label={`Type of ${field.key}`} value={field.type} onChange={(event) => set(fields.with(index, { ...field, type: event.target.value, rest: {} }))}>
                {Object.entries(types).map(([type, word]) => <option key={type} value={type}>{word}</option>)}
              </select>
              <label className="flex items-center justify-center" data-tip={field.needed ? "Needed" : "May be left out"}>
                <input type="checkbox" className="check" aria-label={`${field.key} is needed`} checked={field.needed} onChange={(event) => set(fields.with(index, { ...field, needed: event.target.checked }))} />
              </label>
              <IconButton icon={X} size="small" label={`Remove ${field.key}`} onClick={() => set(fields.toSpliced(index, 1))} />
            </div>
          ))}
          <Button size="small" tone="quiet" icon={Plus} className="justify-self-start" data-testid="add-input" onClick={() => set([...fields, { key: freeKey(fields), type: "string", needed: true, rest: {} }])}>
            Add {title === "Inputs" ? "an input" : "a field"}
          </Button>
        </>
      )}
      <p className="help m-0">{fields?.length === 0 ? words[0] : words[1]}</p>
    </div>
  );
}

/** An empty or taken key is not passed on, and stays as typed. */
function KeyField({ value, taken, onChange }: { value: string; taken: readonly string[]; onChange: (key: string) => void }) {
  const [text, setText] = useState(value);
  const [from, setFrom] = useState(value);
  if (from !== value) {
    setFrom(value);
    setText(value);
  }
  const bad = text === "" || (text !== value && taken.includes(text));
  return (
    <div className="min-w-0">
      <input
        className="input"
        aria-label={`Name of ${value}`}
        aria-invalid={bad}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => !bad && text !== value && onChange(text)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setText(value);
          if (event.key === "Enter") event.currentTarget.blur();
        }}
      />
      {bad && <div className="help-bad mt-1"><ProblemSign /><span>{text === "" ? `Give it a name; until then it is ${value}.` : "Another input has this name."}</span></div>}
    </div>
  );
}

const freeKey = (fields: readonly Field[]) => {
  const taken = new Set(fields.map((field) => field.key));
  for (let n = fields.length + 1; ; n++) if (!taken.has(`input_${n}`)) return `input_${n}`;
};

/** The schema as a list, null where it says what a list cannot. */
function fieldsOf(schema: Json | undefined): Field[] | null {
  if (schema === undefined) return [];
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return null;
  const known = new Set(["type", "properties", "required", "additionalProperties", "$schema", "title", "description"]);
  if (Object.keys(schema).some((key) => !known.has(key)) || (schema["type"] !== undefined && schema["type"] !== "object")) return null;
  const properties = schema["properties"] ?? {};
  const required = schema["required"] ?? [];
  if (typeof properties !== "object" || Array.isArray(properties) || !Array.isArray(required)) return null;
  const fields: Field[] = [];
  for (const [key, property] of Object.entries(properties)) {
    if (typeof property !== "object" || property === null || Array.isArray(property)) return null;
    const { type, ...rest } = property;
    if (typeof type !== "string" || !(type in types)) return null;
    fields.push({ key, type, needed: required.includes(key), rest });
  }
  return fields;
}

function schemaOf(fields: readonly Field[], before: Json | undefined): JsonObject {
  const kept = typeof before === "object" && before !== null && !Array.isArray(before) ? before : {};
  const required = fields.filter((field) => field.needed).map((field) => field.key);
  const rest = Object.fromEntries(Object.entries(kept).filter(([key]) => key !== "required"));
  return {
    ...rest,
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.key, { type: field.type, ...field.rest }])),
    ...(required.length > 0 ? { required } : {}),
  };
}
