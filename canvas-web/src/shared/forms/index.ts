/** Forms made from JSON Schemas. */
export { CodeField } from "./CodeField";
export { FieldHints, noHints, type FieldHint } from "./hints";
export { JsonField } from "./JsonField";
export { useRunInputs, type RunInputs } from "./runInputs";
export { SchemaForm, type SchemaFormProps } from "./SchemaForm";
export { configViolations, violationsOf, type Violation } from "./validate";
