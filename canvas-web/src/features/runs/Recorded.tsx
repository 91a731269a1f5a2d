/** Of a run with very many activations only the first are read: says so where a value may lie beyond them, and reads on. */
import { useMemo } from "react";
import type { ExecutionEvent } from "@/shared/protocol";
import { Button } from "@/shared/ui";
import { recordsOf } from "./model/history";

export interface RecordedProps {
  read: number;
  more: boolean;
  reading: boolean;
  onMore: () => void;
}

/** `missing`: the value shown here is what the events tell, without its record. */
export function Recorded({ recorded, events, revision, missing }: { recorded: RecordedProps; events: readonly ExecutionEvent[]; revision: number; missing: boolean }) {
  // The list grows in place: the revision says when.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const total = useMemo(() => (recorded.more && missing ? recordsOf(events) : 0), [events, revision, recorded.more, missing]);
  if (!recorded.more || !missing) return null;
  return (
    <div className="recorded" data-testid="recorded" aria-live="polite">
      <span>Recorded values are read of the first {recorded.read.toLocaleString("en")} of {Math.max(total, recorded.read + 1).toLocaleString("en")} activations. This one’s is further on; what you see here is from its events.</span>
      <Button size="small" data-testid="recorded-more" disabled={recorded.reading} onClick={recorded.onMore}>{recorded.reading ? "Reading" : "Load more"}</Button>
    </div>
  );
}
