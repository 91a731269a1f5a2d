/**
 * Check a value against a JSON Schema and say what is wrong in words, at the member itself. Pure.
 *
 * The validator interprets: the page's content security policy forbids the `eval` that compiled validators need.
 */
import { Validator, type OutputUnit } from "@cfworker/json-schema";

export interface Violation {
  pointer: string;
  message: string;
}

const validators = new WeakMap<object, Validator | null>();

function validatorOf(schema: object): Validator | null {
  let validator = validators.get(schema);
  if (validator === undefined) {
    try {
      validator = new Validator(schema, "2020-12", false);
    } catch {
      // A schema the user is still typing checks nothing.
      validator = null;
    }
    validators.set(schema, validator);
  }
  return validator;
}

export function violationsOf(schema: object, value: unknown): Violation[] {
  const validator = validatorOf(schema);
  if (!validator) return [];
  let errors: readonly OutputUnit[];
  try {
    errors = validator.validate(plain(value)).errors;
  } catch {
    return [];
  }
  const found = new Map<string, Violation>();
  // A parent repeats what its members say; the members say it better.
  const places = errors.map((error) => error.instanceLocation);
  for (const error of errors) {
    const inner = container.has(error.keyword) && places.some((place) => place !== error.instanceLocation && place.startsWith(`${error.instanceLocation}/`));
    if (inner) continue;
    const violation = told(error, schema);
    if (!found.has(violation.pointer)) found.set(violation.pointer, violation);
  }
  if (found.size === 0 && errors[0]) found.set("", { pointer: pointerOf(errors[0].instanceLocation), message: errors[0].error });
  return [...found.values()];
}

/**
 * A node's config: what an expression gives is not known before the run, and what the environment holds never is, so
 * nothing is said about those places.
 */
export function configViolations(schema: object, config: unknown): Violation[] {
  const open = markers(config, "");
  return violationsOf(schema, config).filter(({ pointer }) => !open.some((place) => pointer === place || pointer.startsWith(`${place}/`)));
}

function markers(value: unknown, at: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (!Array.isArray(value) && ("$expr" in value || "$env" in value)) return [at];
  return Object.entries(value as Record<string, unknown>).flatMap(([key, item]) => markers(item, `${at}/${escape(key)}`));
}

const container = new Set(["properties", "items", "prefixItems", "additionalProperties", "allOf", "anyOf", "oneOf", "if", "then", "else", "$ref", "unevaluatedProperties", "patternProperties", "dependentSchemas"]);
const escape = (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1");
const pointerOf = (location: string) => decodeURI(location.replace(/^#/, ""));

function told(error: OutputUnit, root: object): Violation {
  const pointer = pointerOf(error.instanceLocation);
  const said = lookUp(root, error.keywordLocation);
  switch (error.keyword) {
    case "required": {
      const name = /"([^"]+)"/.exec(error.error)?.[1] ?? "";
      return { pointer: `${pointer}/${escape(name)}`, message: "Fill this in." };
    }
    case "false":
      return { pointer, message: `“${pointer.split("/").at(-1) ?? ""}” is not known here.` };
    case "type":
      return { pointer, message: `Must be ${list([said].flat().map((type) => typeWord[String(type)] ?? String(type)))}.` };
    case "enum":
      return { pointer, message: `Choose ${list((Array.isArray(said) ? said : []).map((item) => JSON.stringify(item)))}.` };
    case "const":
      return { pointer, message: `Must be ${JSON.stringify(said)}.` };
    case "minLength":
      return { pointer, message: said === 1 ? "Fill this in." : `At least ${String(said)} characters.` };
    case "maxLength":
      return { pointer, message: `At most ${String(said)} characters.` };
    case "minimum":
      return { pointer, message: `${String(said)} or more.` };
    case "exclusiveMinimum":
      return { pointer, message: `More than ${String(said)}.` };
    case "maximum":
      return { pointer, message: `${String(said)} or less.` };
    case "exclusiveMaximum":
      return { pointer, message: `Less than ${String(said)}.` };
    case "minItems":
      return { pointer, message: said === 1 ? "Add at least one." : `At least ${String(said)}.` };
    case "maxItems":
      return { pointer, message: `At most ${String(said)}.` };
    case "pattern":
      return { pointer, message: formOf(lookUp(root, error.keywordLocation.replace(/\/pattern$/, "/examples")), said) };
    case "format":
      return { pointer, message: `Is not a valid ${String(said)}.` };
    case "uniqueItems":
      return { pointer, message: "Each may stand here once." };
    case "anyOf":
    case "oneOf":
      return { pointer, message: "Fits none of the allowed forms." };
    default:
      return { pointer, message: error.error };
  }
}

/** An example says more than a regular expression. */
function formOf(examples: unknown, pattern: unknown): string {
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined;
  return typeof example === "string" ? `Not in the form it needs. An example: ${example}` : `Must match ${String(pattern)}`;
}

const typeWord: Record<string, string> = {
  string: "text", number: "a number", integer: "a whole number", boolean: "true or false", object: "an object", array: "a list", null: "null",
};
const list = (words: readonly string[]) => (words.length < 2 ? (words[0] ?? "another value") : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`);

function lookUp(root: object, location: string): unknown {
  let here: unknown = root;
  for (const part of location.replace(/^#\/?/, "").split("/")) {
    if (part === "") continue;
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string, unknown>)[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return here;
}

/** 64-bit integers are bigint here; to the validator they are numbers. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}
