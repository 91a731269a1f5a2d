/** The controls of a form, in our look. */
import { enumOptionsIndexForValue, enumOptionsValueForIndex, type WidgetProps } from "@rjsf/utils";
import { CodeField } from "./CodeField";

const textOf = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? String(value) : "");
const emptied = (text: string, options: WidgetProps["options"]): unknown => (text === "" ? options.emptyValue : text);

export function TextWidget({ id, value, onChange, disabled, readonly, schema, options, rawErrors, placeholder, label, type }: WidgetProps) {
  const text = textOf(value);
  const numeric = schema.type === "number" || schema.type === "integer";
  const long = !numeric && (text.length > 38 || text.includes("\n"));
  if (long) {
    return <CodeField id={id} value={text} disabled={disabled || readonly} invalid={Boolean(rawErrors?.length)} onChange={(next) => onChange(emptied(next, options))} />;
  }
  return (
    <input
      id={id}
      className={`input ${schema.format === "uri" ? "mono" : ""}`}
      type={type === "password" ? "password" : "text"}
      inputMode={numeric ? "decimal" : undefined}
      value={text}
      disabled={disabled || readonly}
      aria-label={label}
      aria-invalid={Boolean(rawErrors?.length)}
      placeholder={placeholder || (schema.default === undefined ? undefined : textOf(schema.default))}
      spellCheck={false}
      autoComplete="off"
      list={Array.isArray(schema.examples) ? `${id}-examples` : undefined}
      onChange={(event) => onChange(emptied(event.target.value, options))}
    />
  );
}

export function TextareaWidget({ id, value, onChange, disabled, readonly, options, rawErrors, placeholder }: WidgetProps) {
  return <CodeField id={id} value={textOf(value)} minRows={3} disabled={disabled || readonly} placeholder={placeholder} invalid={Boolean(rawErrors?.length)} onChange={(next) => onChange(emptied(next, options))} />;
}

export function ExpressionWidget({ id, value, onChange, disabled, readonly, rawErrors, placeholder, options }: WidgetProps) {
  return (
    <CodeField
      id={id}
      expression
      value={textOf(value)}
      disabled={disabled || readonly}
      minRows={typeof options["rows"] === "number" ? options["rows"] : 1}
      placeholder={placeholder ?? "input.field"}
      invalid={Boolean(rawErrors?.length)}
      onChange={(next) => onChange(emptied(next, options))}
    />
  );
}

export function SelectWidget({ id, value, onChange, options, disabled, readonly, rawErrors, required, label, schema }: WidgetProps) {
  const { enumOptions } = options;
  const emptyValue: unknown = options.emptyValue;
  const index = enumOptionsIndexForValue(value, enumOptions);
  const unset = schema.default === undefined ? (required ? "Choose…" : "Not set") : `${textOf(schema.default)} (default)`;
  return (
    <select
      id={id}
      className="select"
      aria-label={label}
      value={typeof index === "undefined" ? "" : String(index)}
      disabled={disabled || readonly}
      aria-invalid={Boolean(rawErrors?.length)}
      onChange={(event) => onChange(event.target.value === "" ? emptyValue : enumOptionsValueForIndex(event.target.value, enumOptions, emptyValue))}
    >
      {(index === undefined || !required) && <option value="">{unset}</option>}
      {enumOptions?.map((option, at) => (
        <option key={at} value={String(at)}>{option.label}</option>
      ))}
    </select>
  );
}

export function CheckboxWidget({ id, value, onChange, disabled, readonly, label, schema }: WidgetProps) {
  return (
    <div className="grid gap-1">
      <label className="flex items-center gap-2" htmlFor={id}>
        <input id={id} type="checkbox" className="switch" role="switch" checked={value === true} disabled={disabled || readonly} onChange={(event) => onChange(event.target.checked)} />
        <span>{label}</span>
      </label>
      {schema.description && <span className="help pl-[38px]">{schema.description}</span>}
    </div>
  );
}
