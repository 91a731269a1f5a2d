/** The bottom dock: drag or arrow keys resize it, and its size is remembered; it folds to its tab row. */
import { useState, type ReactNode } from "react";

export interface DockProps {
  /** Names the remembered size. */
  name: string;
  children: ReactNode;
  folded?: boolean;
  initial?: number;
  label: string;
}

const row = 36;

export function Dock({ name, children, folded = false, initial = 288, label }: DockProps) {
  const key = `tfcanvas.dock.${name}`;
  const [height, setHeight] = useState(() => Number(localStorage.getItem(key)) || initial);
  const resize = (to: number) => {
    const bounded = Math.round(Math.max(120, Math.min(to, window.innerHeight - 220)));
    setHeight(bounded);
    localStorage.setItem(key, String(bounded));
  };
  return (
    <section className="dock" aria-label={label} style={{ height: folded ? row : height }}>
      {!folded && (
        <div
          className="dock-grip"
          role="separator"
          aria-orientation="horizontal"
          aria-label={`Resize ${label}`}
          aria-valuenow={height}
          tabIndex={0}
          onKeyDown={(event) => {
            const step = event.key === "ArrowUp" ? 24 : event.key === "ArrowDown" ? -24 : 0;
            if (step === 0) return;
            event.preventDefault();
            resize(height + step);
          }}
          onPointerDown={(event) => {
            event.preventDefault();
            const start = { y: event.clientY, height };
            const grip = event.currentTarget;
            grip.setPointerCapture(event.pointerId);
            const move = (moved: PointerEvent) => resize(start.height + start.y - moved.clientY);
            grip.addEventListener("pointermove", move);
            grip.addEventListener("pointerup", () => grip.removeEventListener("pointermove", move), { once: true });
          }}
        />
      )}
      {children}
    </section>
  );
}
