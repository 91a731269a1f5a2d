/** A box with a search and a list in the middle of the page: the command bar, and choosing where a wire ends. */
import type { LucideIcon } from "lucide-react";
import { Search } from "lucide-react";
import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Keys } from "@/shared/ui";

export interface Choice {
  id: string;
  label: string;
  /** Said in grey behind the label. */
  detail?: string;
  icon?: LucideIcon | ReactNode;
  keys?: string;
  run: () => void;
}

export function Picker({ title, placeholder, choices, onClose, onActive, empty }: {
  title: string;
  placeholder: string;
  choices: readonly Choice[];
  onClose: () => void;
  onActive?: (choice: Choice | undefined) => void;
  empty: string;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = choices.filter((choice) => words.every((word) => `${choice.label} ${choice.detail ?? ""}`.toLowerCase().includes(word)));
  const current = shown[Math.min(active, shown.length - 1)];
  const go = (to: number) => {
    const next = (to + shown.length) % Math.max(1, shown.length);
    setActive(next);
    onActive?.(shown[next]);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  return (
    <dialog
      ref={dialog}
      className="dialog picker"
      aria-label={title}
      data-testid="picker"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => event.target === dialog.current && onClose()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          event.preventDefault();
          go(active + (event.key === "ArrowDown" ? 1 : -1));
        } else if (event.key === "Enter" && current) {
          event.preventDefault();
          onClose();
          current.run();
        }
      }}
    >
      <div className="picker-search">
        <Search className="icon" aria-hidden />
        <input
          autoFocus
          value={query}
          placeholder={placeholder}
          aria-label={title}
          role="combobox"
          aria-expanded="true"
          aria-controls={id}
          spellCheck={false}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
        />
      </div>
      <div ref={list} id={id} role="listbox" aria-label={title} className="picker-list">
        {shown.map((choice, index) => {
          const Icon = choice.icon;
          return (
            <button
              key={choice.id}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={choice === current}
              data-active={choice === current}
              className="menu-item"
              onPointerMove={() => index !== active && go(index)}
              onClick={() => {
                onClose();
                choice.run();
              }}
            >
              {typeof Icon === "function" || (typeof Icon === "object" && Icon !== null && "render" in Icon) ? <IconOf icon={Icon as LucideIcon} /> : Icon}
              <span className="cut">{choice.label}</span>
              {choice.detail && <span className="cut text-ink-3">{choice.detail}</span>}
              {choice.keys && <span className="end"><Keys of={choice.keys} /></span>}
            </button>
          );
        })}
        {shown.length === 0 && <p className="m-0 px-3 py-3 text-ink-3">{empty}</p>}
      </div>
    </dialog>
  );
}

function IconOf({ icon: Icon }: { icon: LucideIcon }) {
  return <Icon className="icon" aria-hidden />;
}
