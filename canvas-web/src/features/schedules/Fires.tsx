/** The due times of one schedule: those to come, those that were, those that were missed. */
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { api, type Firing, type FiringKind, type Schedule } from "@/shared/protocol";
import { dueTime } from "@/shared/time";
import { Skeleton, StatusBadge } from "@/shared/ui";
import { firingWords } from "@/shared/firings";

const KINDS: readonly { key: FiringKind; label: string; none: string }[] = [
  { key: "upcoming", label: "Upcoming", none: "None is due." },
  { key: "past", label: "Past", none: "It has not been due yet." },
  { key: "missed", label: "Missed", none: "None was missed." },
];

export function Fires({ schedule }: { schedule: Schedule }) {
  const [kind, setKind] = useState<FiringKind>("upcoming");
  const key = `${kind} ${schedule.lastAt ?? ""} ${String(schedule.paused)}`;
  const [got, setGot] = useState<{ key: string; items: readonly Firing[] | null } | null>(null);
  const { flowId, nodeId } = schedule;
  useEffect(() => {
    const stop = new AbortController();
    api.schedules.fires({ flowId, nodeId }, kind, { signal: stop.signal }).then(
      (page) => setGot({ key, items: page.items }),
      () => {
        if (!stop.signal.aborted) setGot({ key, items: null });
      },
    );
    return () => stop.abort();
  }, [flowId, nodeId, kind, key]);
  const shown = got?.key === key ? got : null;
  return (
    <div className="fires" data-testid="fires">
      <div className="seg" role="radiogroup" aria-label="Which times">
        {KINDS.map((one) => <button key={one.key} type="button" role="radio" aria-checked={kind === one.key} onClick={() => setKind(one.key)}>{one.label}</button>)}
      </div>
      {shown === null ? <Skeleton width={240} height={16} /> : shown.items === null ? <p className="text-failed">The times did not come. Choose another list and this one again.</p> : shown.items.length === 0 ? <p className="text-ink-3">{KINDS.find((one) => one.key === kind)?.none}</p> : (
        <ul>
          {shown.items.map((firing, index) => {
            const words = firingWords(firing);
            return (
              <li key={`${firing.dueAt} ${index}`}>
                <span className="fires-when">{firing.since === null ? "" : `${dueTime(firing.since, schedule.timeZone)} to `}{dueTime(firing.dueAt, schedule.timeZone)}</span>
                {firing.status !== "upcoming" && <StatusBadge plain status={words.status} word={words.word} />}
                {firing.reason !== null && <span className="text-ink-3">{firing.reason}</span>}
                {firing.executionId !== null && <Link className="mono" to={`/runs/${firing.executionId}`}>{firing.executionId.slice(-4)}</Link>}
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
