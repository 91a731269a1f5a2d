/** A list of rows of one height that draws only what is in view, so that ten thousand rows cost as much as thirty. */
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from "react";

export interface VirtualListProps {
  count: number;
  rowHeight: number;
  label: string;
  /** Draws one row; the row is placed by its wrapper. */
  row: (index: number) => ReactNode;
  /** Stay at the end while new rows come, as long as the reader is there. */
  follow?: boolean;
  /** Bring this row into view when it changes. */
  reveal?: number | null;
  className?: string;
}

const OVERSCAN = 8;

export function VirtualList({ count, rowHeight, label, row, follow = false, reveal = null, className = "" }: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(400);
  const atEnd = useRef(true);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (follow && element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [count, follow]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element || reveal === null || reveal < 0) return;
    const from = reveal * rowHeight;
    if (from < element.scrollTop) element.scrollTop = from;
    else if (from + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = from + rowHeight - element.clientHeight;
  }, [reveal, rowHeight]);

  // A list that grew shorter has no rows where the reader last was.
  const from = Math.min(top, Math.max(0, count * rowHeight - height));
  const first = Math.max(0, Math.floor(from / rowHeight) - OVERSCAN);
  const last = Math.min(count, Math.ceil((from + height) / rowHeight) + OVERSCAN);
  const rows: ReactNode[] = [];
  for (let index = first; index < last; index += 1) {
    rows.push(
      <div key={index} role="listitem" aria-setsize={count} aria-posinset={index + 1} style={{ height: rowHeight }}>
        {row(index)}
      </div>,
    );
  }
  return (
    <div
      ref={box}
      className={`min-h-0 flex-1 overflow-auto ${className}`}
      tabIndex={0}
      role="list"
      aria-label={label}
      onScroll={(event) => {
        const element = event.currentTarget;
        setTop(element.scrollTop);
        atEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - 2 * rowHeight;
      }}
    >
      <div style={{ height: count * rowHeight, paddingTop: first * rowHeight }} role="presentation">{rows}</div>
    </div>
  );
}
