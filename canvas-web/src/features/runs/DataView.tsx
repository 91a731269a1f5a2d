/** One value, as a tree, a table or text; large ones are fetched when asked for. Numbers keep every digit. */
import { Braces, Copy, ListTree, Table2 } from "lucide-react";
import { useState } from "react";
import { api, isValueReference, type Json, stringifyExact } from "@/shared/protocol";
import { Button, IconButton, JsonTree, toast } from "@/shared/ui";
import { bytesOf } from "./model/words";
import { preview } from "./model/eventWords";
import { VirtualList } from "./VirtualList";

export type DataForm = "tree" | "table" | "json";

const FORMS = [
  { key: "tree", label: "Tree", icon: ListTree },
  { key: "table", label: "Table", icon: Table2 },
  { key: "json", label: "JSON", icon: Braces },
] as const;
/** Text beyond this would freeze the page to lay out. */
const MOST_TEXT = 200_000;

export function DataView({ name, value, hint, empty }: { name: string; value: Json | undefined; hint?: string; empty: string }) {
  const [form, setForm] = useState<DataForm>("tree");
  const reference = isValueReference(value) ? value : null;
  // What was fetched and what is asked for belong to one reference: another one starts anew.
  const [got, setGot] = useState<{ reference: string; value: Json } | null>(null);
  const [askedFor, setAskedFor] = useState<string | null>(null);
  const fetched = got !== null && got.reference === reference?.$value ? got : null;
  const asking = reference !== null && askedFor === reference.$value;
  const shown = reference !== null && fetched !== null ? fetched.value : value;
  const rows = tableRows(shown);
  const use = form === "table" && rows === null ? "tree" : form;
  const load = (): void => {
    if (reference === null) return;
    setAskedFor(reference.$value);
    api.values.get(reference.$value).then(
      (whole) => setGot({ reference: reference.$value, value: whole }),
      () => {
        setAskedFor(null);
        toast({ title: "The value did not come.", text: "It is kept on the server. Try again in a moment.", status: "failed" });
      },
    );
  };
  return (
    <section className="data" aria-label={name}>
      <header className="data-head">
        <h3>{name}</h3>
        {hint && <span className="cut text-small text-ink-3">{hint}</span>}
        {shown !== undefined && (
          <span className="ml-auto flex items-center gap-1">
            <span className="seg" role="radiogroup" aria-label={`Form of ${name}`}>
              {FORMS.map(({ key, label, icon: Icon }) => (
                <button key={key} type="button" role="radio" aria-checked={use === key} aria-label={label} data-tip={key === "table" && rows === null ? "A list of objects can be a table" : label} disabled={key === "table" && rows === null} onClick={() => setForm(key)}><Icon className="icon icon-14" /></button>
              ))}
            </span>
            <IconButton icon={Copy} label={`Copy ${name}`} size="small" onClick={() => void navigator.clipboard.writeText(stringifyExact(shown, 2)).then(() => toast({ title: `Copied ${name}`, status: "done" }))} />
          </span>
        )}
      </header>
      {shown === undefined ? <p className="px-4 py-2 text-ink-3">{empty}</p> : reference !== null && fetched === null ? (
        <div className="px-4 py-2">
          <pre className="code max-h-32">{preview(reference, 600)}</pre>
          <div className="mt-2 flex items-center gap-2"><Button size="small" onClick={load} disabled={asking}>{asking ? "Fetching" : `Fetch all ${bytesOf(reference.bytes)}`}</Button><span className="text-small text-ink-3">Too large to travel with the run.</span></div>
        </div>
      ) : use === "table" && rows !== null ? <DataTable rows={rows} name={name} /> : use === "json" ? <JsonText value={shown} /> : (
        <div className="min-h-0 flex-1 overflow-auto px-4 py-1"><JsonTree value={shown} open={2} onLoadReference={(wanted) => api.values.get(wanted)} /></div>
      )}
    </section>
  );
}

function JsonText({ value }: { value: Json }) {
  const text = stringifyExact(value, 2);
  return (
    <div className="min-h-0 flex-1 overflow-auto px-4 py-1">
      <pre className="code">{text.slice(0, MOST_TEXT)}</pre>
      {text.length > MOST_TEXT && <p className="mt-1 text-small text-ink-3">The first {bytesOf(MOST_TEXT)} of {bytesOf(text.length)}. Copy takes all of it.</p>}
    </div>
  );
}

/** The rows, where the value is a list of objects. */
function tableRows(value: Json | undefined): Record<string, Json>[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  return value.every((item) => item !== null && typeof item === "object" && !Array.isArray(item)) ? (value as Record<string, Json>[]) : null;
}

function DataTable({ rows, name }: { rows: Record<string, Json>[]; name: string }) {
  const columns = [...new Set(rows.slice(0, 200).flatMap((row) => Object.keys(row)))].slice(0, 40);
  const template = `48px repeat(${columns.length}, minmax(88px, 1fr))`;
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-x-auto">
      <div className="data-row data-row-head" style={{ gridTemplateColumns: template, minWidth: columns.length * 96 + 48 }}>
        <span />
        {columns.map((column) => <span key={column} className="cut">{column}</span>)}
      </div>
      <div className="flex min-h-0 flex-1" style={{ minWidth: columns.length * 96 + 48 }}>
        <VirtualList
          count={rows.length}
          rowHeight={24}
          label={`${name} as a table`}
          row={(index) => (
            <div className="data-row" style={{ gridTemplateColumns: template }}>
              <span className="text-ink-3">{index + 1}</span>
              {columns.map((column) => {
                const cell = rows[index]?.[column];
                return <span key={column} className={`cut ${typeof cell === "number" || typeof cell === "bigint" ? "tok-number" : ""}`} title={preview(cell, 400)}>{preview(cell, 80)}</span>;
              })}
            </div>
          )}
        />
      </div>
    </div>
  );
}
