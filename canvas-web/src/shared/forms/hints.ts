/** A handler's hints for the fields of its config, found by place. Pure. */

export interface FieldHint {
  widget?: string;
  language?: string;
  rows?: number;
  placeholder?: string;
  labels?: Record<string, string>;
}

/** Keys are pointers into the config, with a star for any member. */
export class FieldHints {
  private readonly patterns: readonly (readonly [readonly string[], FieldHint])[];

  constructor(fields: unknown) {
    this.patterns =
      typeof fields === "object" && fields !== null
        ? Object.entries(fields as Record<string, FieldHint>).map(([pointer, hint]) => [pointer.split("/").slice(1), hint] as const)
        : [];
  }

  at(path: readonly (string | number)[]): FieldHint | undefined {
    return this.patterns.find(([pattern]) => pattern.length === path.length && pattern.every((part, i) => part === "*" || part === String(path[i])))?.[1];
  }
}

export const noHints = new FieldHints(undefined);
