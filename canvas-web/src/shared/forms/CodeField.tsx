/** Plain text with a fixed pitch that grows with what is typed: expressions, JSON. Tab leaves, as everywhere. */
import { useLayoutEffect, useRef } from "react";

export interface CodeFieldProps {
  id?: string | undefined;
  value: string;
  onChange: (value: string) => void;
  onBlur?: (() => void) | undefined;
  label?: string | undefined;
  placeholder?: string | undefined;
  invalid?: boolean;
  disabled?: boolean | undefined;
  minRows?: number;
  maxRows?: number;
  expression?: boolean;
  testId?: string;
}

const line = 18;
const padding = 10;

export function CodeField({ id, value, onChange, onBlur, label, placeholder, invalid = false, disabled = false, minRows = 1, maxRows = 16, expression = false, testId }: CodeFieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "0";
    element.style.height = `${Math.max(minRows * line + padding, Math.min(element.scrollHeight + 2, maxRows * line + padding))}px`;
  }, [value, minRows, maxRows]);
  return (
    <textarea
      ref={area}
      id={id}
      className={`textarea mono ${expression ? "is-expr" : ""}`}
      style={{ minHeight: minRows * line + padding }}
      value={value}
      spellCheck={false}
      autoCapitalize="off"
      autoComplete="off"
      aria-label={label}
      aria-invalid={invalid}
      placeholder={placeholder}
      disabled={disabled}
      rows={1}
      data-testid={testId}
      onChange={(event) => onChange(event.target.value)}
      onBlur={onBlur}
    />
  );
}
