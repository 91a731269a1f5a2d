/** How a form looks: labels over fields, rows for lists and for keys of one's own, one line for what is wrong. */
import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import {
  ADDITIONAL_PROPERTY_FLAG, canExpand,
  type ArrayFieldItemTemplateProps, type ArrayFieldTemplateProps, type FieldErrorProps, type FieldTemplateProps, type MultiSchemaFieldTemplateProps,
  type ObjectFieldTemplateProps, type WrapIfAdditionalTemplateProps,
} from "@rjsf/utils";
import type { ReactNode } from "react";
import { Button, IconButton, ProblemSign } from "@/shared/ui";

interface Options {
  switcher?: ReactNode;
  widget?: string;
}
const optionsOf = (uiSchema: { "ui:options"?: unknown; "ui:widget"?: unknown } | undefined): Options => ({
  ...((uiSchema?.["ui:options"] as Options | undefined) ?? {}),
  ...(typeof uiSchema?.["ui:widget"] === "string" ? { widget: uiSchema["ui:widget"] } : {}),
});

export function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, children, errors, rawDescription, hidden, required, schema, uiSchema, displayLabel } = props;
  if (hidden) return <div hidden>{children}</div>;
  const { switcher, widget } = optionsOf(uiSchema);
  const isRoot = props.fieldPathId.path.length === 0;
  const isList = (schema.type === "array" || schema.type === "object") && !uiSchema?.["ui:field"] && widget !== "expression";
  const additional = ADDITIONAL_PROPERTY_FLAG in schema;
  if (isRoot) return <div>{children}{errors}</div>;
  if (additional) return <KeyRow {...props} switcher={switcher}>{children}{errors}</KeyRow>;
  if (schema.type === "boolean" && !switcher && displayLabel !== true) return <div className="form-field">{children}{errors}</div>;
  return (
    <div className={`form-field ${isList ? "form-group" : ""}`} data-field={id}>
      <div className="field-label">
        {isList ? <span className="form-group-title">{label}</span> : <label htmlFor={id} className="cut">{label}</label>}
        {required && <span className="sr-only">, needed</span>}
        {!required && !isList && <span className="count">optional</span>}
        {switcher && <span className="ml-auto">{switcher}</span>}
      </div>
      {children}
      {errors}
      {rawDescription && <div className="help">{rawDescription}</div>}
    </div>
  );
}

export function ObjectFieldTemplate({ properties, schema, uiSchema, formData, onAddProperty, disabled, readonly, fieldPathId, title }: ObjectFieldTemplateProps) {
  if ((schema.oneOf ?? schema.anyOf) && !schema.properties && properties.length === 0) return null;
  const root = fieldPathId.path.length === 0;
  return (
    <div className={root ? "form-stack" : "form-rows"} role={root ? undefined : "group"} aria-label={root ? undefined : title}>
      {properties.map((property) => property.content)}
      {canExpand(schema, uiSchema, formData as object) && (
        <Button size="small" tone="quiet" icon={Plus} className="justify-self-start" disabled={disabled || readonly} onClick={() => onAddProperty()}>
          Add
        </Button>
      )}
    </div>
  );
}

function KeyRow({ id, label, onKeyRenameBlur, onRemoveProperty, disabled, readonly, children, switcher }: WrapIfAdditionalTemplateProps & { switcher: ReactNode }) {
  return (
    <div className="form-key-row">
      <input className="input" id={`${id}-key`} aria-label="Name" defaultValue={label} key={label} disabled={disabled || readonly} onBlur={onKeyRenameBlur} onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()} />
      <div className="min-w-0">{children}</div>
      <div className="flex">
        <IconButton icon={X} size="small" label={`Remove ${label}`} disabled={disabled || readonly} onClick={onRemoveProperty} />
      </div>
      {switcher && <div className="form-key-switch">{switcher}</div>}
    </div>
  );
}

export function WrapIfAdditionalTemplate({ children }: WrapIfAdditionalTemplateProps) {
  return <>{children}</>;
}

export function ArrayFieldTemplate({ items, canAdd, onAddClick, disabled, readonly }: ArrayFieldTemplateProps) {
  return (
    <div className="form-rows">
      {items}
      {canAdd && <Button size="small" tone="quiet" icon={Plus} className="justify-self-start" disabled={disabled || readonly} onClick={onAddClick}>Add</Button>}
    </div>
  );
}

export function ArrayFieldItemTemplate({ children, buttonsProps, hasToolbar, index, disabled, readonly }: ArrayFieldItemTemplateProps) {
  const off = disabled || readonly;
  return (
    <div className="form-item">
      <div className="min-w-0 flex-1">{children}</div>
      {hasToolbar && (
        <div className="form-item-tools">
          {buttonsProps.hasMoveUp && <IconButton icon={ArrowUp} size="small" label={`Move item ${index + 1} up`} disabled={off} onClick={buttonsProps.onMoveUpItem} />}
          {buttonsProps.hasMoveDown && <IconButton icon={ArrowDown} size="small" label={`Move item ${index + 1} down`} disabled={off} onClick={buttonsProps.onMoveDownItem} />}
          {buttonsProps.hasRemove && <IconButton icon={X} size="small" label={`Remove item ${index + 1}`} disabled={off} onClick={buttonsProps.onRemoveItem} />}
        </div>
      )}
    </div>
  );
}

export function MultiSchemaFieldTemplate({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) {
  return (
    <div className="form-stack">
      {selector}
      {optionSchemaField}
    </div>
  );
}

export function FieldErrorTemplate({ errors, fieldPathId }: FieldErrorProps) {
  // One line a field: the form's own finding comes first, then what the server adds.
  if (!errors || errors.length === 0) return null;
  return (
    <div className="help-bad" id={`${fieldPathId.$id}__error`} role="alert">
      <ProblemSign />
      <span>{errors[0]}</span>
    </div>
  );
}

export const Nothing = () => null;
