/** A JSON value as a tree: keys, types by colour and form, long lists in slices, large values by reference. Read-only. */
import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { type Json, stringifyExact } from "@/shared/protocol/exactJson";
import { toast } from "./notices";

export interface JsonTreeProps {
  value: unknown;
  name?: string;
  /** How many levels are open at first. */
  open?: number;
  /** Called for `{"$value": ref}` references; without it they show their preview. */
  onLoadReference?: (ref: string) => Promise<unknown>;
}

const slice = 100;

export function JsonTree({ value, name, open = 1, onLoadReference }: JsonTreeProps) {
  return (
    <div className="tree" role="tree" aria-label={name ?? "Value"}>
      <Branch name={name} value={value} depth={0} open={open} path={name ?? "$"} onLoadReference={onLoadReference} />
    </div>
  );
}

interface BranchProps {
  name: string | undefined;
  value: unknown;
  depth: number;
  open: number;
  path: string;
  onLoadReference: JsonTreeProps["onLoadReference"];
}

function Branch({ name, value, depth, open, path, onLoadReference }: BranchProps) {
  const [expanded, setExpanded] = useState(depth < open);
  const [limit, setLimit] = useState(slice);
  const [loaded, setLoaded] = useState<{ value: unknown } | null>(null);
  const reference = largeReference(value);
  const shown = loaded ? loaded.value : value;
  const isBranch = typeof shown === "object" && shown !== null && (loaded !== null || reference === null);
  const entries: (readonly [string, unknown])[] = isBranch ? (Array.isArray(shown) ? (shown as unknown[]).map((item, index) => [String(index), item] as const) : Object.entries(shown)) : [];
  const indent = { paddingLeft: depth * 16 };

  return (
    <>
      <div className="tree-row" role="treeitem" aria-level={depth + 1} aria-expanded={isBranch ? expanded : undefined} style={indent}>
        {isBranch && entries.length > 0 ? (
          <button type="button" className="tw" aria-label={expanded ? `Fold ${name ?? "value"}` : `Open ${name ?? "value"}`} onClick={() => setExpanded(!expanded)}>
            {expanded ? <ChevronDown className="icon icon-12" /> : <ChevronRight className="icon icon-12" />}
          </button>
        ) : (
          <span className="tw" />
        )}
        {name !== undefined && <span className="tok-key shrink-0">{name}</span>}
        {isBranch ? <span className="tok-quiet">{sizeOf(shown)}</span> : <Leaf value={shown} />}
        {reference && !loaded && onLoadReference && (
          <button type="button" className="link text-small" onClick={() => void onLoadReference(reference.ref).then((loadedValue) => setLoaded({ value: loadedValue }))}>
            Load {bytes(reference.bytes)}
          </button>
        )}
        <button
          type="button"
          className="copy"
          onClick={() => void navigator.clipboard.writeText(typeof shown === "string" ? shown : stringifyExact(shown as Json)).then(() => toast({ title: `Copied ${path}`, status: "done" }))}
        >
          Copy
        </button>
      </div>
      {isBranch && expanded && (
        <div role="group" className="contents">
          {entries.slice(0, limit).map(([key, item]) => (
            <Branch key={key} name={key} value={item} depth={depth + 1} open={open} path={`${path}.${key}`} onLoadReference={onLoadReference} />
          ))}
          {entries.length > limit && (
            <div className="tree-row" style={{ paddingLeft: (depth + 1) * 16 + 18 }}>
              <button type="button" className="link text-small" onClick={() => setLimit(limit + slice)}>
                Show {Math.min(slice, entries.length - limit)} more of {entries.length - limit}
              </button>
            </div>
          )}
        </div>
      )}
    </>
  );
}

function Leaf({ value }: { value: unknown }) {
  const reference = largeReference(value);
  if (reference) return <span className="tok-quiet cut">{reference.preview}…</span>;
  if (typeof value === "string") return <span className="tok-string min-w-0 wrap-anywhere whitespace-pre-wrap">&quot;{value}&quot;</span>;
  if (typeof value === "number" || typeof value === "bigint") return <span className="tok-number">{String(value)}</span>;
  return <span className="tok-literal">{String(value)}</span>;
}

function largeReference(value: unknown): { ref: string; bytes: number; preview: string } | null {
  if (typeof value !== "object" || value === null || !("$value" in value)) return null;
  const { $value, bytes: size, preview } = value as Record<string, unknown>;
  return typeof $value === "string" ? { ref: $value, bytes: Number(size), preview: typeof preview === "string" ? preview : "" } : null;
}

const sizeOf = (value: object) => (Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`);
const bytes = (size: number) => (size < 1024 * 1024 ? `${Math.ceil(size / 1024)} KiB` : `${(size / 1024 / 1024).toFixed(1)} MiB`);
