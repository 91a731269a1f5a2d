/** A form from a JSON Schema, in our look, checked while typing. Opening it changes nothing. */
import {
  createErrorHandler, toErrorList, toErrorSchema, unwrapErrorHandler,
  type RJSFValidationError, type UiSchema, type ValidatorType,
} from "@rjsf/utils";
import { useMemo } from "react";
import type { Json } from "@/shared/protocol/exactJson";
import { noHints, type FieldHints } from "./hints";
import { AnyField, EnvironmentField, Form, ModalField, type FormContext } from "./fields";
import { ArrayFieldItemTemplate, ArrayFieldTemplate, FieldErrorTemplate, FieldTemplate, MultiSchemaFieldTemplate, Nothing, ObjectFieldTemplate, WrapIfAdditionalTemplate } from "./templates";
import { configViolations, violationsOf } from "./validate";
import { CheckboxWidget, ExpressionWidget, SelectWidget, TextareaWidget, TextWidget } from "./widgets";

const fields = { SchemaField: ModalField, EnvironmentField, AnyField };
const widgets = {
  TextWidget, TextareaWidget, SelectWidget, CheckboxWidget, expression: ExpressionWidget, PasswordWidget: TextWidget, URLWidget: TextWidget, EmailWidget: TextWidget,
  UpDownWidget: TextWidget, RadioWidget: SelectWidget, DateTimeWidget: TextWidget, DateWidget: TextWidget, TimeWidget: TextWidget,
};
const templates = {
  FieldTemplate, ObjectFieldTemplate, ArrayFieldTemplate, ArrayFieldItemTemplate, MultiSchemaFieldTemplate, FieldErrorTemplate, WrapIfAdditionalTemplate,
  DescriptionFieldTemplate: Nothing, ErrorListTemplate: Nothing, FieldHelpTemplate: Nothing, TitleFieldTemplate: Nothing, ArrayFieldTitleTemplate: Nothing,
  ArrayFieldDescriptionTemplate: Nothing, ButtonTemplates: { SubmitButton: Nothing },
};
/** Nothing is filled in by itself: a default is shown as a placeholder, and a config says only what someone chose. */
const untouched = {
  emptyObjectFields: "skipDefaults", constAsDefaults: "never", allOf: "skipDefaults", mergeDefaultsIntoFormData: "useFormDataIfPresent", arrayMinItems: { populate: "never" },
} as const;

const toErrors = (violations: readonly { pointer: string; message: string }[]): RJSFValidationError[] =>
  violations.map(({ pointer, message }) => ({
    property: pointer.split("/").slice(1).map((part) => `.${part.replaceAll("~1", "/").replaceAll("~0", "~")}`).join(""),
    message,
    stack: `${pointer} ${message}`,
  }));

function validatorFor(check: (schema: object, value: unknown) => { pointer: string; message: string }[]): ValidatorType {
  return {
    isValid: (schema, value) => check(schema, value).length === 0,
    rawValidation: (schema, value) => ({ errors: check(schema, value) as never[] }),
    validateFormData: (value, schema, customValidate, transformErrors, uiSchema) => {
      let errors = toErrors(check(schema, value));
      if (transformErrors) errors = transformErrors(errors, uiSchema);
      let errorSchema = toErrorSchema(errors);
      if (customValidate) errorSchema = unwrapErrorHandler(customValidate(value, createErrorHandler(value as never), uiSchema));
      return { errors: errors.length > 0 ? errors : toErrorList(errorSchema), errorSchema };
    },
  };
}
const configValidator = validatorFor(configViolations);
const plainValidator = validatorFor(violationsOf);

export interface SchemaFormProps {
  schema: Record<string, unknown>;
  value: Json | undefined;
  onChange: (value: Json) => void;
  /** A node's config: values may be expressions or come from the environment. */
  config?: boolean;
  /** What the server found wrong that the schema alone cannot tell; pointers into the value. */
  found?: readonly { pointer: string; message: string }[];
  /** The handler's hints by place: which fields are code, what their choices are called. */
  hints?: FieldHints;
  /** Say what is wrong with every field, touched or not: someone tried to send it. */
  insist?: boolean;
  uiSchema?: UiSchema;
  disabled?: boolean;
  idPrefix?: string;
}

export function SchemaForm({ schema, value, onChange, config = false, found, hints = noHints, insist = false, uiSchema, disabled = false, idPrefix = "root" }: SchemaFormProps) {
  const context = useMemo((): FormContext => ({ expressions: config, hints }), [config, hints]);
  const more = useMemo(() => {
    const wanted = found ?? [];
    if (wanted.length === 0 && !insist) return undefined;
    const own = (config ? configViolations : violationsOf)(schema, value ?? {});
    const known = new Set(own.map(({ pointer }) => pointer));
    return toErrorSchema(toErrors([...(insist ? own : []), ...wanted.filter(({ pointer }) => !known.has(pointer))]));
  }, [found, insist, config, schema, value]);
  return (
    <div className="schema-form" onKeyDown={(event) => event.key === "Enter" && event.target instanceof HTMLInputElement && event.preventDefault()}>
      <Form
        tagName="div"
        schema={schema}
        {...(uiSchema ? { uiSchema } : {})}
        formData={value ?? {}}
        validator={config ? configValidator : plainValidator}
        fields={fields as never}
        widgets={widgets as never}
        templates={templates as never}
        formContext={context}
        disabled={disabled}
        idPrefix={idPrefix}
        {...(more ? { extraErrors: more } : {})}
        liveValidate="onChange"
        showErrorList={false}
        noHtml5Validate
        experimental_defaultFormStateBehavior={untouched}
        onChange={(event, id) => {
          // Without an id it is the form settling by itself, not a person.
          if (id !== undefined) onChange(event.formData as Json);
        }}
      >
        <span hidden />
      </Form>
    </div>
  );
}
