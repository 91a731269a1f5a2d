/** One tooltip for the whole page: any element with `data-tip` (and `data-keys`) gets it on hover or keyboard focus. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Keys } from "./button";

interface Shown {
  text: string;
  keys: string | undefined;
  x: number;
  y: number;
  above: boolean;
}

const delay = 350;
/** Between a tooltip and the window's edge. */
const margin = 8;

export function TooltipHost() {
  const [shown, setShown] = useState<Shown | null>(null);
  const bubble = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let timer = 0;
    let current: Element | null = null;
    const hide = () => {
      window.clearTimeout(timer);
      current = null;
      setShown(null);
    };
    const show = (element: HTMLElement) => {
      const text = element.dataset["tip"];
      if (!text || !element.isConnected) return;
      const box = element.getBoundingClientRect();
      const above = box.bottom + 40 > window.innerHeight;
      setShown({ text, keys: element.dataset["keys"], x: box.left + box.width / 2, y: above ? box.top - 8 : box.bottom + 8, above });
    };
    const over = (event: Event) => {
      const element = (event.target as Element | null)?.closest<HTMLElement>("[data-tip]") ?? null;
      if (element === current) return;
      hide();
      if (!element) return;
      current = element;
      const byKeyboard = event.type === "focusin" && element.matches(":focus-visible");
      if (event.type === "focusin" && !byKeyboard) return;
      timer = window.setTimeout(() => show(element), delay);
    };
    document.addEventListener("pointerover", over);
    document.addEventListener("focusin", over);
    document.addEventListener("pointerdown", hide, true);
    document.addEventListener("keydown", hide, true);
    document.addEventListener("wheel", hide, { passive: true, capture: true });
    return () => {
      hide();
      document.removeEventListener("pointerover", over);
      document.removeEventListener("focusin", over);
      document.removeEventListener("pointerdown", hide, true);
      document.removeEventListener("keydown", hide, true);
      document.removeEventListener("wheel", hide, true);
    };
  }, []);

  // As wide as it turned out, it stays inside the window.
  useLayoutEffect(() => {
    const element = bubble.current;
    if (!element || !shown) return;
    const half = element.offsetWidth / 2 + margin;
    element.style.left = `${Math.min(Math.max(shown.x, half), window.innerWidth - half)}px`;
  }, [shown]);

  if (!shown) return null;
  return (
    <div
      ref={bubble}
      role="tooltip"
      className="tooltip float-in"
      style={{ left: shown.x, top: shown.y, translate: shown.above ? "-50% -100%" : "-50% 0" }}
    >
      {shown.text}
      {shown.keys && <Keys of={shown.keys} />}
    </div>
  );
}
