/** One tooltip for the whole page: any element with `data-tip` (and `data-keys`) gets it on hover or keyboard focus. */
import { useEffect, useState } from "react";
import { Keys } from "./button";

interface Shown {
  text: string;
  keys: string | undefined;
  x: number;
  y: number;
  above: boolean;
}

const delay = 350;

export function TooltipHost() {
  const [shown, setShown] = useState<Shown | null>(null);

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
      const half = Math.min(160, 24 + text.length * 3.5);
      const x = Math.min(Math.max(box.left + box.width / 2, half), window.innerWidth - half);
      setShown({ text, keys: element.dataset["keys"], x, y: above ? box.top - 8 : box.bottom + 8, above });
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

  if (!shown) return null;
  return (
    <div
      role="tooltip"
      className="tooltip float-in"
      style={{ left: shown.x, top: shown.y, translate: shown.above ? "-50% -100%" : "-50% 0" }}
    >
      {shown.text}
      {shown.keys && <Keys of={shown.keys} />}
    </div>
  );
}
