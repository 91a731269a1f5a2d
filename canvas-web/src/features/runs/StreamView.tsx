/** A node's streamed text as it comes, and what its handler printed. */
import { Copy } from "lucide-react";
import { useEffect, useRef } from "react";
import { IconButton, toast } from "@/shared/ui";
import type { Printed } from "./model/streams";
import { offset } from "./model/words";

/** Follows the end, as long as the reader is there. */
export function StreamView({ stream, live }: { stream: { text: string; rows: number; cut: boolean }; live: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [stream.text]);
  return (
    <div className="stream" data-testid="stream">
      <header className="data-head">
        <h3>Stream</h3>
        <span className="text-small text-ink-3">{live ? "as it comes" : "whole"}{stream.cut ? ", its end" : ""}</span>
        <IconButton icon={Copy} size="small" label="Copy the text" className="ml-auto" onClick={() => void navigator.clipboard.writeText(stream.text).then(() => toast({ title: "Copied the text", status: "done" }))} />
      </header>
      <div
        ref={box}
        className="stream-text"
        tabIndex={0}
        role="log"
        aria-label="Streamed text"
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          atEnd.current = scrollTop + clientHeight >= scrollHeight - 24;
        }}
      >
        {stream.text}{live && <span className="stream-caret" aria-hidden />}
      </div>
    </div>
  );
}

export function PrintedView({ printed, startedAt }: { printed: readonly Printed[]; startedAt: number | null }) {
  return (
    <div className="printed" data-testid="printed" tabIndex={0} role="log" aria-label="What it printed">
      {printed.map((row) => (
        <div key={row.id} className={row.stream === "stderr" ? "printed-row is-error" : "printed-row"}>
          <span className="ev-time">{offset(row.at, startedAt)}</span>
          <span className="printed-stream">{row.stream}</span>
          <pre>{row.text}</pre>
        </div>
      ))}
    </div>
  );
}
