/** A JSON value typed as text: what does not parse is said and not passed on. */
import { useState } from "react";
import { parseExact, stringifyExact, type Json } from "@/shared/protocol/exactJson";
import { ProblemSign } from "@/shared/ui";
import { CodeField } from "./CodeField";

export interface JsonFieldProps {
  id?: string | undefined;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  /** Text that is no JSON is taken as text, instead of refused. */
  orText?: boolean;
  label?: string;
  placeholder?: string | undefined;
  minRows?: number;
  maxRows?: number;
  disabled?: boolean | undefined;
  /** Told whether what is typed can be taken. */
  onValid?: (valid: boolean) => void;
  testId?: string;
  /** Under this name what cannot be taken yet outlives the field: another tab, another node, and back. */
  keepAs?: string;
}

const unfinished = new Map<string, { text: string; from: Json | undefined }>();

export function JsonField({ id, value, onChange, orText = false, label, placeholder, minRows = 3, maxRows = 24, disabled, onValid, testId, keepAs }: JsonFieldProps) {
  const [typed, setTyped] = useState<{ text: string; from: Json | undefined } | null>(() => (keepAs === undefined ? null : (unfinished.get(keepAs) ?? null)));
  // While what is typed means the value, it stays as typed; a value from elsewhere (undo) replaces it.
  const text = typed && same(typed.from, value) ? typed.text : written(value, orText);
  const problem = problemOf(text, orText);
  return (
    <div className="grid gap-1">
      <CodeField
        id={id}
        label={label}
        value={text}
        minRows={minRows}
        maxRows={maxRows}
        disabled={disabled}
        placeholder={placeholder}
        invalid={problem !== null}
        testId={testId ?? ""}
        onChange={(next) => {
          const wrong = problemOf(next, orText);
          onValid?.(wrong === null);
          if (wrong !== null) {
            setTyped({ text: next, from: value });
            if (keepAs !== undefined) unfinished.set(keepAs, { text: next, from: value });
            return;
          }
          if (keepAs !== undefined) unfinished.delete(keepAs);
          const parsed = read(next, orText);
          setTyped({ text: next, from: parsed });
          onChange(parsed);
        }}
      />
      {problem !== null && <div className="help-bad"><ProblemSign />{problem}</div>}
    </div>
  );
}

const written = (value: Json | undefined, orText: boolean) => (value === undefined ? "" : orText && typeof value === "string" && !looksLikeJson(value) ? value : stringifyExact(value, 2));
const same = (a: Json | undefined, b: Json | undefined) => a === b || (a !== undefined && b !== undefined && stringifyExact(a) === stringifyExact(b));
const looksLikeJson = (text: string) => {
  try {
    parseExact(text);
    return true;
  } catch {
    return false;
  }
};

function read(text: string, orText: boolean): Json | undefined {
  if (text.trim() === "") return undefined;
  try {
    return parseExact(text);
  } catch (error) {
    if (orText) return text;
    throw error;
  }
}

function problemOf(text: string, orText: boolean): string | null {
  if (orText || text.trim() === "") return null;
  try {
    parseExact(text);
    return null;
  } catch (error) {
    return `Not JSON yet: ${error instanceof Error ? error.message.replace(/^JSON\.parse: /, "") : "it ends too early"}`;
  }
}
