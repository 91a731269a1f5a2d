/**
 * Fields of a config form. Any value may instead be an expression (`{"$expr": …}`), and where the schema allows it come
 * from the environment (`{"$env": …}`): a switch beside the label changes the way a value is given.
 */
import { SquareFunction, Type, Variable } from "lucide-react";
// Not from the package's front door: that also asks for a validator which compiles by eval.
import Form from "@rjsf/core/lib/components/Form.js";
import getDefaultRegistry from "@rjsf/core/lib/getDefaultRegistry.js";
import { ADDITIONAL_PROPERTY_FLAG, type FieldProps, type RJSFSchema } from "@rjsf/utils";
import { useEffect, type ComponentType } from "react";
import type { Json } from "@/shared/protocol/exactJson";
import type { FieldHints } from "./hints";
import { JsonField } from "./JsonField";

export { Form };

type Mode = "value" | "expression" | "environment";
type Marked = Record<string, Json>;

export interface FormContext {
  /** Whether values may be expressions: in a node's config, not in a run's inputs. */
  expressions: boolean;
  hints: FieldHints;
}

const PlainField = getDefaultRegistry().fields["SchemaField"] as ComponentType<FieldProps>;
const sensitive = new Set(["authorization", "proxy-authorization", "cookie", "x-api-key"]);

const isMarked = (value: unknown, key: string): value is Marked => typeof value === "object" && value !== null && !Array.isArray(value) && key in value;
const modeOf = (value: unknown): Mode => (isMarked(value, "$expr") ? "expression" : isMarked(value, "$env") ? "environment" : "value");

/** The schema without the form for `$env`, and whether it had one. */
function withoutEnvironment(schema: RJSFSchema): { schema: RJSFSchema; environment: boolean; literal: boolean } {
  const forms = schema.anyOf ?? schema.oneOf;
  const isEnv = (form: unknown): boolean => typeof form === "object" && form !== null && "properties" in form && Boolean((form as RJSFSchema).properties?.["$env"]);
  if (isEnv(schema)) return { schema: { type: "string", ...titles(schema) }, environment: true, literal: false };
  if (!forms?.some(isEnv)) return { schema, environment: false, literal: true };
  const rest = forms.filter((form) => !isEnv(form)) as RJSFSchema[];
  const only = rest.length === 1 ? rest[0] : undefined;
  const outer = keepFlag(schema);
  return { schema: rest.length === 0 ? { ...outer, type: "string" } : only ? { ...only, ...outer } : { ...outer, anyOf: rest }, environment: true, literal: rest.length > 0 };
}
const titles = ({ title, description }: RJSFSchema): RJSFSchema => ({ ...(title ? { title } : {}), ...(description ? { description } : {}) });

export function ModalField(props: FieldProps) {
  const { registry, fieldPathId, onChange, schema: said, uiSchema = {} } = props;
  const formData = props.formData as unknown;
  const context = registry.formContext as FormContext;
  const path = fieldPathId.path;
  const mode = modeOf(formData);
  const { schema: bare, environment, literal } = withoutEnvironment(said);
  const hint = context.hints.at(path);
  // Code is an expression already; it takes no other form.
  const isCode = hint?.widget === "code" && hint.language !== undefined && hint.language !== "json";
  const hinted = hint ? { "ui:enumNames": hint.labels && bare.enum ? bare.enum.map((item) => hint.labels?.[JSON.stringify(item).replaceAll(`"`, "")] ?? JSON.stringify(item)) : undefined, ...(hint.placeholder ? { "ui:placeholder": hint.placeholder } : {}) } : {};
  const secret = (environment && !literal) || sensitive.has(String(path.at(-1)).trim().toLowerCase());
  const set = (value: unknown) => onChange(value, path, undefined, fieldPathId.$id);

  if (path.length === 0 || !context.expressions || isCode) {
    const examples: unknown = bare.examples;
    const example = Array.isArray(examples) && typeof examples[0] === "string" ? examples[0] : "";
    const code = { ...uiSchema, "ui:widget": "expression", "ui:placeholder": example, "ui:options": { rows: hint?.rows ?? 1 } };
    return <PlainField {...props} schema={isCode ? bare : forDrawing(bare)} uiSchema={isCode ? code : isFree(bare) && path.length > 0 ? { ...uiSchema, ...hinted, "ui:field": "AnyField" } : { ...uiSchema, ...hinted }} />;
  }

  const modes: Mode[] = [...(literal && !secret ? (["value"] as const) : []), ...(secret ? [] : (["expression"] as const)), ...(environment || secret ? (["environment"] as const) : [])];
  const shown: Mode = mode === "value" && secret ? "environment" : mode;
  const change = (to: Mode) => {
    if (to === shown) return;
    if (to === "expression") set({ $expr: typeof formData === "string" && formData !== "" ? JSON.stringify(formData) : "" });
    else if (to === "environment") set({ $env: "" });
    else set(undefined);
  };
  const switcher = modes.length > 1 ? <ModeSwitch modes={modes} mode={shown} onChange={change} /> : null;
  const ui = { ...uiSchema, ...hinted, "ui:options": { ...((uiSchema["ui:options"] as object | undefined) ?? {}), switcher } };

  if (shown === "expression") {
    return (
      <PlainField
        {...props}
        schema={{ type: "string", ...keepFlag(bare) }}
        uiSchema={{ ...ui, "ui:widget": "expression" }}
        formData={(formData as Marked)["$expr"]}
        onChange={(value: unknown) => set({ $expr: typeof value === "string" ? value : "" })}
      />
    );
  }
  if (shown === "environment") {
    return (
      <PlainField
        {...props}
        schema={{ type: "string", ...keepFlag(bare) }}
        uiSchema={{ ...ui, "ui:field": "EnvironmentField" }}
        formData={formData}
      />
    );
  }
  return <PlainField {...props} schema={forDrawing(bare)} uiSchema={isFree(bare) || (hint?.widget === "code" && hint.language === "json") ? { ...ui, "ui:field": "AnyField" } : ui} />;
}

/** Titles stay, and the mark that tells a key of the user's own. */
function keepFlag(schema: RJSFSchema): RJSFSchema {
  const flag: unknown = Reflect.get(schema, ADDITIONAL_PROPERTY_FLAG);
  return { ...titles(schema), ...(flag === undefined ? {} : { [ADDITIONAL_PROPERTY_FLAG]: flag }) };
}

/** Whether a schema says too little for a form: then it is typed as JSON. */
function isFree(schema: RJSFSchema): boolean {
  if (schema.enum || schema.const !== undefined || schema.$ref) return false;
  const forms = schema.anyOf ?? schema.oneOf;
  if (forms) return forms.every((form) => typeof form === "object" && !form.properties && !form.enum && form.const === undefined);
  if (schema.type === undefined || Array.isArray(schema.type)) return true;
  if (schema.type === "object") return !schema.properties && (schema.additionalProperties === undefined || schema.additionalProperties === true || isEmpty(schema.additionalProperties));
  return schema.type === "array" && (schema.items === undefined || schema.items === true || isEmpty(schema.items));
}
const isEmpty = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length === 0;
/** rjsf draws nothing for an empty schema. */
const forDrawing = (schema: RJSFSchema): RJSFSchema => {
  if (!isFree(schema)) return startingEmpty(schema);
  const type = schema.anyOf || schema.oneOf || typeof schema.type !== "string" ? "string" : schema.type;
  return { ...keepFlag(schema), type };
};

/** A key of one's own begins as empty text where it may be text; else it would begin as an object nobody asked for. */
function startingEmpty(schema: RJSFSchema): RJSFSchema {
  const more = schema.additionalProperties;
  if (schema.type !== "object" || typeof more !== "object" || more.default !== undefined || more.const !== undefined || more.$ref !== undefined) return schema;
  const forms = [more, ...(more.anyOf ?? more.oneOf ?? [])];
  const takesText = forms.some((form) => typeof form === "object" && [form.type].flat().includes("string"));
  return takesText ? { ...schema, additionalProperties: { ...more, default: "" } } : schema;
}

const modeLook = {
  value: { label: "Plain value", icon: Type },
  expression: { label: "Expression (JSONata over the inputs)", icon: SquareFunction },
  environment: { label: "From the environment", icon: Variable },
} as const;

function ModeSwitch({ modes, mode, onChange }: { modes: readonly Mode[]; mode: Mode; onChange: (mode: Mode) => void }) {
  return (
    <span className="mode-switch" role="radiogroup" aria-label="How this value is given">
      {modes.map((each) => {
        const { label, icon: Icon } = modeLook[each];
        return (
          <button key={each} type="button" role="radio" aria-checked={each === mode} aria-label={label} data-tip={label} data-mode={each} onClick={() => onChange(each)}>
            <Icon className="icon icon-14" />
          </button>
        );
      })}
    </span>
  );
}

/** `{"$env": NAME, "prefix"?: text}`: the value itself never reaches the browser. */
export function EnvironmentField({ formData, onChange, fieldPathId, disabled, rawErrors, schema }: FieldProps) {
  const value: Marked = isMarked(formData, "$env") ? formData : {};
  const name = typeof value["$env"] === "string" ? value["$env"] : "";
  const prefix = typeof value["prefix"] === "string" ? value["prefix"] : "";
  const set = (next: { name?: string; prefix?: string }) => {
    const merged = { name, prefix, ...next };
    onChange(merged.name === "" && merged.prefix === "" && !(ADDITIONAL_PROPERTY_FLAG in schema) ? undefined : { $env: merged.name, ...(merged.prefix === "" ? {} : { prefix: merged.prefix }) }, fieldPathId.path, undefined, fieldPathId.$id);
  };
  // Empty text would be a secret written out, which no draft may be saved with; a variable without a name yet may.
  const blank = (formData as unknown) === "";
  const { path, $id } = fieldPathId;
  useEffect(() => {
    if (blank) onChange({ $env: "" }, path, undefined, $id);
  }, [blank, onChange, path, $id]);
  const literal = formData !== undefined && formData !== null && formData !== "" && !isMarked(formData, "$env");
  const wrong = literal || ((name !== "" || isMarked(formData, "$env")) && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  return (
    <div className="grid gap-1">
      <div className="grid grid-cols-[72px_minmax(0,1fr)] gap-1">
        <input className="input mono" aria-label="Text before it" placeholder="Bearer " value={prefix} disabled={disabled} onChange={(event) => set({ prefix: event.target.value })} />
        <input id={fieldPathId.$id} className="input mono" aria-label="Name of the variable" placeholder="API_KEY" value={name} disabled={disabled} aria-invalid={wrong || Boolean(rawErrors?.length)} onChange={(event) => set({ name: event.target.value })} />
      </div>
      {literal && <span className="help text-failed">A secret may not stand in a flow. Name the variable that holds it.</span>}
      {!literal && wrong && <span className="help text-failed">A variable’s name has letters, digits and underscores, such as API_KEY.</span>}
      <span className="help">Read on the server when the node runs, never shown here. Allow it there with TFCANVAS_ENV_ALLOW.</span>
    </div>
  );
}

/** Anything: JSON where it reads as JSON, text where it does not. */
export function AnyField({ formData, onChange, fieldPathId, disabled, schema }: FieldProps) {
  const onlyJson = schema.type === "object" || schema.type === "array";
  return (
    <JsonField
      id={fieldPathId.$id}
      value={formData as Json | undefined}
      orText={!onlyJson}
      disabled={disabled}
      minRows={onlyJson ? 2 : 1}
      placeholder={schema.type === "array" ? "[ ]" : schema.type === "object" ? "{ }" : "Text, or JSON"}
      onChange={(value) => onChange(value, fieldPathId.path, undefined, fieldPathId.$id)}
    />
  );
}
