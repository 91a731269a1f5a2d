/** Tabs with roving focus, and the segmented switch of a flow's faces. */
import { useRef, type ReactNode } from "react";

export interface TabItem<K extends string> {
  key: K;
  label: ReactNode;
  count?: number | string;
}

export function Tabs<K extends string>({ items, current, onChange, label, end, className = "" }: {
  items: readonly TabItem<K>[];
  current: K | null;
  onChange: (key: K) => void;
  label: string;
  /** What stands at the right of the row. */
  end?: ReactNode;
  className?: string;
}) {
  const row = useRef<HTMLDivElement>(null);
  const walk = (event: React.KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const index = items.findIndex((item) => item.key === current);
    const next = items[(index + step + items.length) % items.length];
    if (!next) return;
    onChange(next.key);
    row.current?.querySelector<HTMLElement>(`[data-tab="${next.key}"]`)?.focus();
  };
  return (
    <div className={`tabs ${className}`}>
      <div ref={row} role="tablist" aria-label={label} className="flex gap-1" onKeyDown={walk}>
        {items.map((item, index) => (
          <button
            key={item.key}
            type="button"
            role="tab"
            className="tab"
            data-tab={item.key}
            aria-selected={item.key === current}
            tabIndex={item.key === current || (current === null && index === 0) ? 0 : -1}
            onClick={() => onChange(item.key)}
          >
            {item.label}
            {item.count !== undefined && <span className="count">{item.count}</span>}
          </button>
        ))}
      </div>
      {end && <div className="ml-auto flex items-center gap-2">{end}</div>}
    </div>
  );
}
