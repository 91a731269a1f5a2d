/** The items of a sub-flow: how many stand how, and each as a row, failed ones first. A row opens the item's own picture. */
import { ChevronRight, Search } from "lucide-react";
import { useMemo, useState } from "react";
import type { FlowNode, Json } from "@/shared/protocol";
import { duration, StatusSign, statusWord } from "@/shared/ui";
import { preview } from "./model/eventWords";
import { phaseAt, type ScopeCounts, type ScopeGroup } from "./model/scopes";
import { itemOrder, itemWord } from "./model/view";
import { capital } from "./model/words";
import { VirtualList } from "./VirtualList";

export interface ItemsTabProps {
  node: FlowNode;
  group: ScopeGroup;
  counts: ScopeCounts;
  /** How many there will be, where that is known. */
  total: number | null;
  /** The list it goes through, where that is known. */
  list: readonly Json[] | null;
  count: number;
  revision: number;
  now: number;
  onScope: (scope: string) => void;
}

const SHOWN = ["all", "failed", "running", "done"] as const;

export function ItemsTab({ node, group, counts, total, list, count, revision, now, onScope }: ItemsTabProps) {
  const [shown, setShown] = useState<(typeof SHOWN)[number]>("all");
  const [text, setText] = useState("");
  // The group grows in place: the revision says when.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const order = useMemo(() => itemOrder(group), [group, revision]);
  const wanted = text.trim().toLowerCase();
  const rows = useMemo(
    () => order.filter((n) => {
      const item = group.items[n];
      if (item === undefined || item.startIndex >= count) return false;
      const phase = phaseAt(item, count);
      const kind = phase === "waiting" ? "running" : phase === "cancelled" ? "failed" : phase;
      if (shown !== "all" && kind !== shown) return false;
      return wanted === "" || String(n + 1) === wanted || (item.error ?? "").toLowerCase().includes(wanted) || (list !== null && preview(list[n], 400).toLowerCase().includes(wanted));
    }),
    [order, group, count, shown, wanted, list],
  );
  const failed = counts.failed + counts.cancelled;
  const number = { all: counts.begun, failed, running: counts.running + counts.waiting, done: counts.done };
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="items-tab">
      <div className="items-sum">
        <b>{(counts.done + failed).toLocaleString("en")}{total === null ? "" : ` of ${total.toLocaleString("en")}`} ended</b>
        <span className="text-failed">{failed.toLocaleString("en")} failed</span>
        <span>{number.running.toLocaleString("en")} running</span>
        {total !== null && total > counts.begun && <span className="text-ink-3">{(total - counts.begun).toLocaleString("en")} to come</span>}
        <div className="bar" role="img" aria-label={`${counts.done} done, ${failed} failed, ${number.running} running`}>
          {([["done", counts.done], ["failed", failed], ["running", number.running]] as const).map(([key, value]) => (value > 0 ? <i key={key} style={{ width: `max(3px, ${(100 * value) / Math.max(1, total ?? counts.begun)}%)`, background: `var(--bar-${key})` }} /> : null))}
        </div>
      </div>
      <div className="dock-filter items-filter">
        <div className="seg" role="radiogroup" aria-label="Which items">
          {SHOWN.map((key) => <button key={key} type="button" role="radio" aria-checked={shown === key} onClick={() => setShown(key)}>{capital(key)}<span className="count">{number[key].toLocaleString("en")}</span></button>)}
        </div>
        <div className="input-box"><Search className="icon" aria-hidden /><input value={text} onChange={(event) => setText(event.target.value)} placeholder="Number, error, value" aria-label="Search items" /></div>
      </div>
      {rows.length === 0 ? <p className="px-4 py-3 text-ink-3">No item is like that.</p> : (
        <VirtualList
          count={rows.length}
          rowHeight={36}
          label="Items"
          row={(index) => {
            const n = rows[index] ?? 0;
            const item = group.items[n];
            if (item === undefined) return null;
            const phase = phaseAt(item, count);
            const ended = item.endedAt !== null && item.endIndex < count ? item.endedAt : now;
            return (
              <button type="button" className="item-row" data-testid="item-row" data-status={phase} onClick={() => onScope(item.scope)} aria-label={`${capital(itemWord(node, n))}, ${statusWord[phase]}${item.error === null ? "" : `, ${item.error}`}. Open`}>
                <StatusSign status={phase} />
                <span className="item-n">{(n + 1).toLocaleString("en")}</span>
                <span className="cut mono text-ink-2">{list?.[n] !== undefined ? preview(list[n], 120) : ""}</span>
                {item.error !== null && <span className="cut text-failed">{item.error}</span>}
                <span className="item-took">{duration(Math.max(0, ended - item.startedAt))}</span>
                <ChevronRight className="icon icon-14 text-ink-3" aria-hidden />
              </button>
            );
          }}
        />
      )}
    </div>
  );
}
