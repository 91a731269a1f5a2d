/** Search and list of the catalogue. Enter takes the best; arrows choose; each entry can be dragged. */
import { Search } from "lucide-react";
import { useId, useMemo, useRef, useState, type ReactNode } from "react";
import { PALETTE_MIME } from "@/shared/graph";
import type { HandlerEntry } from "@/shared/protocol";
import { Keys, KindTile, kindOf } from "@/shared/ui";
import { anyFunction, functionEntry, grouped, isDottedPath, recent, search } from "./catalogue";
import { useEditor } from "./context";

export interface PaletteListProps {
  onPick: (entry: HandlerEntry) => void;
  onLeave?: () => void;
  autoFocus?: boolean;
  draggable?: boolean;
  fits?: (entry: HandlerEntry) => boolean;
  testId?: string;
}

export function PaletteList({ onPick, onLeave, autoFocus = false, draggable = false, fits, testId }: PaletteListProps) {
  const { catalogue } = useEditor();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const listId = useId();

  const sections = useMemo(() => {
    const all = [...catalogue, ...(catalogue.some((entry) => entry.adapter === "python") ? [] : [anyFunction])].filter((entry) => fits?.(entry) ?? true);
    const text = query.trim();
    if (text !== "") {
      const found = search(all, text);
      if (isDottedPath(text) && !all.some((entry) => entry.reference === text)) found.push(functionEntry(text));
      return [{ name: found.length > 0 ? "Best match" : "", entries: found }];
    }
    const known = recent().flatMap((reference) => all.find((entry) => entry.reference === reference) ?? []);
    return [...(known.length > 0 && all.length > 12 ? [{ name: "Recent", entries: known }] : []), ...grouped(all)];
  }, [catalogue, query, fits]);
  const flat = sections.flatMap((section) => section.entries);

  const walk = (event: React.KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const next = (active + step + flat.length) % Math.max(1, flat.length);
      setActive(next);
      list.current?.querySelector(`[data-index="${next}"]`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      const entry = flat[active];
      if (entry) {
        setQuery("");
        setActive(0);
        onPick(entry);
      }
    } else if (event.key === "Escape" && onLeave) {
      event.preventDefault();
      event.stopPropagation();
      setQuery("");
      onLeave();
    }
  };

  let index = -1;
  return (
    <>
      <div className="palette-search">
        <div className="input-box">
          <Search className="icon" aria-hidden />
          <input
            autoFocus={autoFocus}
            value={query}
            placeholder="Add a node"
            aria-label="Search nodes to add"
            role="combobox"
            aria-expanded="true"
            aria-controls={listId}
            aria-activedescendant={flat[active] ? `${listId}-${active}` : undefined}
            data-testid={testId}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => {
              setQuery(event.target.value);
              setActive(0);
            }}
            onKeyDown={walk}
          />
          {query ? <Keys of="Enter" /> : !autoFocus && <Keys of="Tab" />}
        </div>
      </div>
      <div ref={list} id={listId} role="listbox" aria-label="Nodes to add" className="palette-list">
        {sections.map((section) => (
          <div key={section.name} role="group" aria-label={section.name}>
            <div className="palette-group">{section.name}</div>
            {section.entries.map((entry) => {
              index++;
              const at = index;
              const look = kindOf(entry.node.type, entry.reference, entry.ui);
              return (
                <button
                  key={`${section.name} ${entry.reference}`}
                  id={`${listId}-${at}`}
                  type="button"
                  role="option"
                  aria-selected={at === active && query !== ""}
                  tabIndex={-1}
                  className="palette-item"
                  data-index={at}
                  data-testid={`palette-item-${entry.reference}`}
                  draggable={draggable}
                  onDragStart={(event) => {
                    event.dataTransfer.setData(PALETTE_MIME, entry.reference);
                    event.dataTransfer.effectAllowed = "copy";
                  }}
                  onClick={() => onPick(entry)}
                >
                  <KindTile look={look} />
                  <span className="min-w-0 flex-1 text-left">
                    <span className="block cut font-medium">{marked(entry.node.name, query)}</span>
                    <span className="block cut text-micro text-ink-3">{marked(entry.node.description ?? entry.reference, query)}</span>
                  </span>
                  {at === active && query !== "" && <Keys of="Enter" />}
                </button>
              );
            })}
          </div>
        ))}
        {flat.length === 0 && (
          <p className="px-4 py-3 text-ink-3">
            No node is called that. A Python function goes by its dotted path, like <span className="mono">shop.orders.total</span>.
          </p>
        )}
      </div>
    </>
  );
}

/** The part that matches, underlined. */
function marked(text: string, query: string): ReactNode {
  const word = query.trim().toLowerCase();
  const at = word === "" ? -1 : text.toLowerCase().indexOf(word);
  if (at < 0) return text;
  return <>{text.slice(0, at)}<mark>{text.slice(at, at + word.length)}</mark>{text.slice(at + word.length)}</>;
}
