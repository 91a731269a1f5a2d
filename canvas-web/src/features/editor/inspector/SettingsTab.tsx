/** A node's settings: the form of its handler's config, what happens when it fails, and a note. */
import { useMemo } from "react";
import { changeNode, hiddenSubflowFields, subflowMode, withHandler } from "@/document";
import { FieldHints, JsonField, SchemaForm } from "@/shared/forms";
import type { FlowNode, HandlerEntry, Json, JsonObject } from "@/shared/protocol";
import { Banner, ProblemSign } from "@/shared/ui";
import { useMake, useProblems } from "../context";
import { CameSection } from "./CameSection";
import { FailureSection } from "./FailureSection";
import { HookSection } from "./HookSection";
import { InputsBuilder } from "./InputsBuilder";
import { LastResult } from "./LastRunTab";
import { ScheduleSection } from "./ScheduleSection";
import { LimitsSection } from "./LimitsSection";
import { SubflowSection } from "./SubflowSection";

export function SettingsTab({ node, entry }: { node: FlowNode; entry: HandlerEntry | undefined }) {
  const plan = useMake();
  const all = useProblems();
  const main = node.handlers["main"];
  const setConfig = (config: Json) => plan((doc) => changeNode(doc, withHandler(node, { config: config as JsonObject })), `config ${node.id}`);
  const isFunction = main !== undefined && !main.entrypoint.includes(":");
  const hasForm = main !== undefined && entry !== undefined && !isFunction && entry.reference !== "core:manual";
  // What is wrong with a field stands at the field; the rest stands above.
  const mine = useMemo(() => all.filter((problem) => problem.nodeId === node.id), [all, node.id]);
  const inForm = useMemo(() => mine.flatMap(({ pointer, message }) => (inConfig.test(pointer) ? [{ pointer: pointer.replace(inConfig, "/"), message: message.replace(fieldName, "") }] : [])), [mine]);
  const problems = hasForm ? mine.filter(({ pointer }) => !inConfig.test(pointer)) : mine;
  return (
    <>
      {problems.length > 0 && (
        <section className="sect grid gap-2">
          {problems.map((problem, index) => (
            <Banner key={index} status={problem.severity === "error" ? "failed" : "waiting"} sign={<ProblemSign severity={problem.severity} />}>{problem.message}</Banner>
          ))}
        </section>
      )}
      {isFunction && (
        <section className="sect">
          <div className="field">
            <label className="field-label" htmlFor={`entry-${node.id}`}>Function</label>
            <input
              id={`entry-${node.id}`}
              className="input mono"
              value={main.entrypoint}
              spellCheck={false}
              onChange={(event) => plan((doc) => changeNode(doc, { ...node, handlers: { ...node.handlers, main: { ...main, entrypoint: event.target.value } } }), `entry ${node.id}`)}
            />
            <span className="help">The dotted path of your function <span className="mono">def total(inputs, ctx)</span>, such as <span className="mono">shop.orders.total</span>. The server allows its module by TFCANVAS_PYTHON_MODULES=shop.orders.</span>
          </div>
        </section>
      )}
      {main?.entrypoint === "core:subflow" && <section className="sect"><SubflowSection node={node} /></section>}
      {main && FIELDS[main.entrypoint] && entry && (
        <section className="sect">
          <InputsBuilder
            schema={main.config?.["schema"]} title={FIELDS[main.entrypoint]?.title ?? ""} words={FIELDS[main.entrypoint]?.words ?? ["", ""]}
            onChange={(schema) => setConfig(Object.fromEntries(Object.entries({ ...main.config, schema }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))))}
          />
        </section>
      )}
      {main && (
        <section className="sect">
          {entry && !isFunction ? (
            <ConfigForm key={entry.reference} node={node} entry={entry} config={main.config ?? {}} found={inForm} onChange={setConfig} />
          ) : (
            <div className="field">
              <span className="field-label">Config</span>
              <JsonField label="Config" keepAs={`config ${node.id}`} value={main.config ?? {}} onChange={(value) => setConfig(typeof value === "object" && value !== null && !Array.isArray(value) ? value : {})} />
              {isFunction && <span className="help">A JSON object, read in the function as <span className="mono">ctx.config</span>. A value may be an expression: <span className="mono">{'{"$expr": "input.total"}'}</span>.</span>}
              {!entry && !isFunction && <span className="help">No adapter here serves {main.entrypoint}, so there is no form for it.</span>}
            </div>
          )}
        </section>
      )}
      {main && HOOKS.has(main.entrypoint) && <HookSection key={main.entrypoint} node={node} />}
      {main?.entrypoint === "core:schedule" && <ScheduleSection node={node} />}
      {main && node.type === "trigger" && entry && <LimitsSection entry={entry} config={main.config ?? {}} found={inForm} onChange={setConfig} />}
      {main && node.type === "trigger" && cameBy(main.entrypoint, main.config) && <CameSection node={node} />}
      {node.type === "output" && <section className="sect text-ink-2">What arrives here becomes the run’s result under the name <b className="font-semibold text-ink">{node.name}</b>.</section>}
      {main && node.type !== "trigger" && <FailureSection node={node} />}
      <section className="sect">
        <div className="field">
          <label className="field-label" htmlFor={`note-${node.id}`}>Note <span className="count">optional</span></label>
          <textarea
            id={`note-${node.id}`}
            className="textarea"
            rows={2}
            value={node.description ?? ""}
            placeholder="Why this step is here"
            onChange={(event) => plan((doc) => changeNode(doc, { ...node, description: event.target.value }), `note ${node.id}`)}
          />
        </div>
      </section>
      <LastResult node={node} />
    </>
  );
}

/** Triggers of which the server keeps what came: channels and topics, and all others that have limits to pass. */
const cameBy = (entrypoint: string, config: JsonObject = {}) => entrypoint === "core:channel" || entrypoint === "kafka:topic" || (entrypoint !== "core:manual" && entrypoint !== "core:schedule" && config["limits"] !== undefined);
const HOOKS = new Set(["core:webhook", "core:form", "core:chat"]);
/** Handlers whose config holds the schema of a form: it is put together as a list of fields. */
const FIELDS: Record<string, { title: string; words: readonly [string, string] }> = {
  "core:approval": { title: "Form", words: ["Asks for yes or no alone. Add fields, and a yes says more.", "A yes fills these in, and is checked against them."] },
  "core:form": { title: "Fields", words: ["Add the fields that the page asks for.", "The page asks for these, and what is sent is checked against them."] },
};

// At its own field a message needs no name before it.
const fieldName = /^[A-Z][^:]{0,40}: /;
const inConfig = /^\/nodes\/\d+\/handlers\/main\/config\//;

interface Alternative {
  title: string;
  fields: readonly string[];
}

function ConfigForm({ node, entry, config, found, onChange }: { node: FlowNode; entry: HandlerEntry; config: JsonObject; found: readonly { pointer: string; message: string }[]; onChange: (config: Json) => void }) {
  const hints = useMemo(() => new FieldHints(entry.ui["fields"]), [entry]);
  const alternatives = useMemo(() => alternativesOf(entry), [entry]);
  const chosen = alternatives.find((alternative) => alternative.fields.some((field) => field.slice(1) in config)) ?? alternatives[0];
  const mode = node.type === "subflow" ? subflowMode(node) : null;
  const hidden = useMemo(() => (mode === null ? (SET_ELSEWHERE[entry.reference] ?? []) : hiddenSubflowFields(mode)), [mode, entry]);
  const schema = useMemo(() => without(narrowed(entry.configSchema, alternatives, chosen), hidden), [entry, alternatives, chosen, hidden]);
  const properties = (entry.configSchema["properties"] ?? {}) as JsonObject;
  if (entry.reference === "core:manual") return <InputsBuilder schema={config["inputSchema"]} onChange={(inputSchema) => onChange(inputSchema === undefined ? {} : { inputSchema })} />;
  if (mode !== null && Object.keys((schema["properties"] ?? {}) as JsonObject).length === 0) return <p className="m-0 text-ink-3">Nothing more to set when it runs once.</p>;
  if (Object.keys(properties).length === 0 && alternatives.length === 0) return <p className="m-0 text-ink-3">{entry.node.name} has nothing to set.</p>;
  return (
    <div className="grid gap-3">
      {chosen && (
        <div className="seg justify-self-start" role="radiogroup" aria-label={entry.node.name}>
          {alternatives.map((alternative) => (
            <button key={alternative.title} type="button" role="radio" aria-checked={alternative === chosen} onClick={() => alternative !== chosen && onChange(started(alternative, entry))}>
              {alternative.title}
            </button>
          ))}
        </div>
      )}
      <SchemaForm
        config schema={schema} value={parted(config, hidden, false)} found={found} hints={hints} idPrefix={`c-${node.id.slice(0, 8)}`}
        onChange={(value) => onChange({ ...parted(config, hidden, true), ...(value as JsonObject) })}
      />
    </div>
  );
}

function alternativesOf(entry: HandlerEntry): readonly Alternative[] {
  const said = entry.ui["alternatives"];
  if (!Array.isArray(said)) return [];
  return said.flatMap((item): Alternative[] => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return [];
    const { title, fields } = item;
    return typeof title === "string" && Array.isArray(fields) ? [{ title, fields: fields.filter((field): field is string => typeof field === "string") }] : [];
  });
}

/** The schema with the fields of one alternative alone, which then is needed. */
function narrowed(schema: JsonObject, alternatives: readonly Alternative[], chosen: Alternative | undefined): JsonObject {
  if (!chosen) return schema;
  const others = new Set(alternatives.filter((other) => other !== chosen).flatMap((other) => other.fields.map((field) => field.slice(1))));
  const properties = Object.fromEntries(Object.entries((schema["properties"] ?? {}) as JsonObject).filter(([key]) => !others.has(key)));
  const { minProperties, maxProperties, ...rest } = schema as Record<string, Json>;
  return { ...rest, ...(minProperties === undefined && maxProperties === undefined ? {} : {}), properties, required: chosen.fields.map((field) => field.slice(1)) };
}

/** Fields that a section of their own sets, by handler. */
const SET_ELSEWHERE: Record<string, readonly string[]> = {
  "core:approval": ["schema"], "core:form": ["schema", "limits"], "core:chat": ["limits"], "core:webhook": ["limits"], "core:schedule": ["limits"], "core:channel": ["limits"], "kafka:topic": ["limits"],
};

/** The part of a config that the form sets, or the part that is set elsewhere. */
function parted(config: JsonObject, hidden: readonly string[], elsewhere: boolean): JsonObject {
  return Object.fromEntries(Object.entries(config).filter(([key]) => hidden.includes(key) === elsewhere));
}

/** The schema without fields that are set elsewhere. What they must be is checked where they stand. */
function without(schema: JsonObject, hidden: readonly string[]): JsonObject {
  if (hidden.length === 0) return schema;
  const kept = ([key]: [string, unknown]) => !hidden.includes(key);
  const { required } = schema;
  const rules = new Set(["allOf", "if", "then", "else", "required", "minProperties", "maxProperties"]);
  return {
    ...Object.fromEntries(Object.entries(schema).filter(([key]) => !rules.has(key))),
    properties: Object.fromEntries(Object.entries((schema["properties"] ?? {}) as JsonObject).filter(kept)),
    ...(Array.isArray(required) ? { required: required.filter((key) => typeof key === "string" && !hidden.includes(key)) } : {}),
  };
}

/** What a config holds when one turns to an alternative: its defaults, or a first empty item to fill in. */
function started(alternative: Alternative, entry: HandlerEntry): JsonObject {
  const properties = (entry.configSchema["properties"] ?? {}) as Record<string, JsonObject>;
  return Object.fromEntries(
    alternative.fields.map((field): [string, Json] => {
      const key = field.slice(1);
      const property = properties[key];
      if (property?.["default"] !== undefined) return [key, property["default"]];
      if (key === "cases") return [key, [{ port: "first", when: "input != null" }]];
      return [key, property?.["type"] === "array" ? [] : property?.["type"] === "object" ? {} : ""];
    }),
  );
}
