/** Menus: at the pointer or under a button, walked by arrows and first letters, closed by Escape or a click outside. */
import type { LucideIcon } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { Keys } from "./button";

export interface MenuAction {
  label: string;
  icon?: LucideIcon;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  /** Why it is disabled, or more about it. */
  hint?: string;
  run: () => void;
  testId?: string;
}
export type MenuEntry = MenuAction | "separator" | { title: string };

export interface PopoverProps {
  /** Screen point the corner sits at. */
  at: { x: number; y: number };
  /** Its right edge, not its left, sits at the point. */
  alignEnd?: boolean;
  onClose: () => void;
  children: ReactNode;
  className?: string;
  label: string;
  role?: "menu" | "dialog";
}

/** A floating box that stays inside the window and closes on Escape or a press outside. Until it has its place it is clear, not hidden: what is hidden takes no focus. */
export function Popover({ at, alignEnd = false, onClose, children, className = "", label, role = "dialog" }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: at.x, top: at.y, visible: false });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { width, height } = element.getBoundingClientRect();
    const left = alignEnd ? at.x - width : at.x;
    setPlace({
      left: Math.max(8, Math.min(left, window.innerWidth - width - 8)),
      top: Math.max(8, Math.min(at.y, window.innerHeight - height - 8)),
      visible: true,
    });
  }, [at.x, at.y, alignEnd]);
  useEffect(() => {
    const before = document.activeElement;
    const outside = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) onClose();
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      event.preventDefault();
      onClose();
    };
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("keydown", escape, true);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("keydown", escape, true);
      if (before instanceof HTMLElement && before.isConnected && document.activeElement === document.body) before.focus();
    };
    // The listeners belong to one opening; a new onClose closes the same box.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  return createPortal(
    <div
      ref={box}
      role={role}
      aria-label={label}
      className={`menu float-in ${className}`}
      style={{ position: "fixed", left: place.left, top: place.top, opacity: place.visible ? undefined : 0 }}
      onContextMenu={(event) => event.preventDefault()}
    >
      {children}
    </div>,
    document.body,
  );
}

export interface MenuProps {
  at: { x: number; y: number };
  alignEnd?: boolean;
  entries: readonly MenuEntry[];
  onClose: () => void;
  label: string;
}

export function Menu({ at, alignEnd = false, entries, onClose, label }: MenuProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector<HTMLButtonElement>("button:not(:disabled)")?.focus();
  }, []);
  const walk = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    const items = [...(list.current?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? [])];
    const index = items.indexOf(document.activeElement as HTMLButtonElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      items[(index + step + items.length) % items.length]?.focus();
    } else if (event.key.length === 1) {
      const rest = [...items.slice(index + 1), ...items.slice(0, index + 1)];
      rest.find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    } else if (event.key === "Tab") {
      event.preventDefault();
      onClose();
    }
  };
  return (
    <Popover at={at} alignEnd={alignEnd} onClose={onClose} label={label} role="menu">
      <div ref={list} onKeyDown={walk}>
        {entries.map((entry, index) => {
          if (entry === "separator") return <hr key={index} className="menu-sep" />;
          if ("title" in entry) return <div key={index} className="menu-title">{entry.title}</div>;
          const Icon = entry.icon;
          return (
            <button
              key={index}
              type="button"
              role="menuitem"
              className={`menu-item ${entry.danger ? "danger" : ""}`}
              disabled={entry.disabled}
              title={entry.hint}
              data-testid={entry.testId}
              onClick={() => {
                onClose();
                entry.run();
              }}
            >
              {Icon ? <Icon className="icon" aria-hidden /> : null}
              <span className="cut">{entry.label}</span>
              {entry.keys && <span className="end"><Keys of={entry.keys} /></span>}
            </button>
          );
        })}
      </div>
    </Popover>
  );
}

/** A button that opens a menu under itself. The child gets `onClick` and the ARIA state. */
export function MenuButton({ entries, label, children, alignEnd = false }: {
  entries: readonly MenuEntry[] | (() => readonly MenuEntry[]);
  label: string;
  alignEnd?: boolean;
  children: (props: { onClick: (event: React.MouseEvent<HTMLElement>) => void; "aria-haspopup": "menu"; "aria-expanded": boolean }) => ReactNode;
}) {
  const [at, setAt] = useState<{ x: number; y: number } | null>(null);
  return (
    <>
      {children({
        onClick: (event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(at ? null : { x: alignEnd ? box.right : box.left, y: box.bottom + 4 });
        },
        "aria-haspopup": "menu",
        "aria-expanded": at !== null,
      })}
      {at && (
        <Menu at={at} alignEnd={alignEnd} entries={typeof entries === "function" ? entries() : entries} onClose={() => setAt(null)} label={label} />
      )}
    </>
  );
}
