/** How often a trigger may start runs, folded away until somebody needs it. */
import { Gauge } from "lucide-react";
import { useMemo } from "react";
import { FieldHints, SchemaForm } from "@/shared/forms";
import type { HandlerEntry, Json, JsonObject } from "@/shared/protocol";
import { limitsInWords, withoutEmpty } from "./limitWords";

export function LimitsSection({ entry, config, found, onChange }: { entry: HandlerEntry; config: JsonObject; found: readonly { pointer: string; message: string }[]; onChange: (config: JsonObject) => void }) {
  const schema = limitsSchema(entry);
  const hints = useMemo(() => new FieldHints(Object.fromEntries(Object.entries((entry.ui["fields"] ?? {}) as JsonObject).flatMap(([key, hint]) => (key.startsWith("/limits/") ? [[key.slice(7), hint] as const] : [])))), [entry]);
  const here = useMemo(() => found.flatMap(({ pointer, message }) => (pointer.startsWith("/limits/") ? [{ pointer: pointer.slice(7), message }] : [])), [found]);
  if (schema === null) return null;
  const limits = (config["limits"] ?? {}) as JsonObject;
  const words = limitsInWords(limits);
  return (
    <section className="sect" data-testid="limits">
      <details open={here.length > 0 || undefined}>
        <summary className="limits-summary"><Gauge className="icon icon-14" aria-hidden /><b>Limits</b><span className="text-ink-3">{words.length === 0 ? "none: whatever comes starts a run" : words.join(", ")}</span></summary>
        <div className="mt-3">
          <SchemaForm
            config schema={schema} value={limits} found={here} hints={hints} idPrefix="limits"
            onChange={(value: Json) => {
              const next = withoutEmpty(value as JsonObject);
              const rest = Object.fromEntries(Object.entries(config).filter(([key]) => key !== "limits"));
              onChange(Object.keys(next).length === 0 ? rest : { ...rest, limits: next });
            }}
          />
        </div>
      </details>
    </section>
  );
}

function limitsSchema(entry: HandlerEntry): JsonObject | null {
  const properties = entry.configSchema["properties"];
  const limits = typeof properties === "object" && properties !== null && !Array.isArray(properties) ? properties["limits"] : undefined;
  return typeof limits === "object" && limits !== null && !Array.isArray(limits) ? limits : null;
}
