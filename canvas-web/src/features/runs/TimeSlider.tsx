/** Step through the run: each event is a moment; the marks say where nodes ended and where something failed. */
import { Pause, Play, SkipBack, SkipForward } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { ExecutionEvent } from "@/shared/protocol";
import { Button, duration, IconButton } from "@/shared/ui";
import { timeOf } from "@/shared/time";
import { axisOf, tickLabel } from "./model/timeline";

const SPEEDS = [0.5, 1, 4] as const;
const MOST_MARKS = 400;

export function TimeSlider({ events, revision, count, startedAt, endedAt, now, live, onCount }: {
  events: readonly ExecutionEvent[];
  revision: number;
  /** How many events the page looks at. */
  count: number;
  startedAt: number | null;
  endedAt: number | null;
  /** While the run goes on, its end so far. */
  now: number;
  /** Whether the page follows the newest event. */
  live: boolean;
  /** Look at the first so many events; null: follow the newest. */
  onCount: (count: number | null) => void;
}) {
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<(typeof SPEEDS)[number]>(1);
  const total = events.length;
  const first = startedAt ?? (events[0] ? timeOf(events[0].timestamp) : 0);
  const last = endedAt ?? Math.max(now, events.at(-1) ? timeOf(events.at(-1)?.timestamp ?? "") : first);
  const at = live ? last : count > 0 ? timeOf(events[count - 1]?.timestamp ?? "") : first;
  const axis = axisOf(Math.max(last - first, 1), 6);
  const percent = (ms: number): string => `${Math.min(100, Math.max(0, ((ms - first) / axis.span) * 100)).toFixed(2)}%`;
  const marks = useMemo(() => marksOf(events), [revision, events]); // eslint-disable-line react-hooks/exhaustive-deps

  // Playing runs the run's own clock: the moment moves on with real time, times the speed.
  const from = useRef({ count, at });
  from.current = { count, at };
  useEffect(() => {
    if (!playing) return;
    let moment = from.current.at;
    let before = performance.now();
    let reached = from.current.count;
    let frame = requestAnimationFrame(function step(now) {
      moment += (now - before) * speed;
      before = now;
      while (reached < events.length && timeOf(events[reached]?.timestamp ?? "") <= moment) reached += 1;
      if (reached >= events.length) {
        onCount(endedAt === null ? null : events.length);
        setPlaying(false);
        return;
      }
      if (reached !== from.current.count) onCount(reached);
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, events, endedAt, onCount]);

  const go = (to: number): void => {
    setPlaying(false);
    onCount(Math.min(total, Math.max(1, to)));
  };
  const seek = (ms: number): void => {
    let low = 0;
    let high = total;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timeOf(events[middle]?.timestamp ?? "") - first <= ms) low = middle + 1;
      else high = middle;
    }
    go(low);
  };

  return (
    <section className="slider" aria-label="Step through the run">
      <div className="flex gap-0.5">
        <IconButton icon={SkipBack} size="small" label="Previous event" disabled={count <= 1} onClick={() => go(count - 1)} />
        <IconButton
          icon={playing ? Pause : Play}
          size="small"
          tone="secondary"
          label={playing ? "Pause" : "Play"}
          disabled={total < 2}
          onClick={() => {
            if (!playing && count >= total) onCount(1);
            setPlaying(!playing);
          }}
        />
        <IconButton icon={SkipForward} size="small" label="Next event" disabled={count >= total} onClick={() => go(count + 1)} />
      </div>
      <div className="slider-words">
        <strong>{duration(Math.max(0, at - first)).replace("< 1 ms", "0 ms")}</strong>
        <span>event {count.toLocaleString("en")} of {total.toLocaleString("en")}</span>
      </div>
      <div className="slider-track">
        <div className="slider-line" aria-hidden>
          <b style={{ width: percent(at) }} />
          {marks.map((mark, index) => <i key={index} className={mark.failed ? "is-failure" : ""} style={{ left: percent(mark.at) }} />)}
          <u style={{ left: percent(at) }} />
        </div>
        <div className="slider-ticks" aria-hidden>
          {axis.ticks.map((tick) => <span key={tick} style={{ left: percent(first + tick) }}>{tickLabel(tick, axis.span)}</span>)}
        </div>
        <input
          type="range"
          aria-label="Moment of the run"
          aria-valuetext={`event ${count} of ${total}, ${duration(Math.max(0, at - first))} after the start`}
          data-testid="time-slider"
          min={0}
          max={1000}
          step="any"
          value={((at - first) / axis.span) * 1000}
          onChange={(event) => seek((Number(event.target.value) / 1000) * axis.span)}
          onKeyDown={(event) => {
            const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -20, PageUp: 20, Home: -total, End: total }[event.key];
            if (step === undefined) return;
            event.preventDefault();
            go(count + step);
          }}
        />
      </div>
      <div className="seg slider-speed" role="radiogroup" aria-label="Speed">
        {SPEEDS.map((value) => <button key={value} type="button" role="radio" aria-checked={speed === value} onClick={() => setSpeed(value)}>{value}x</button>)}
      </div>
      {!live && <Button size="small" onClick={() => { setPlaying(false); onCount(null); }}>{endedAt === null ? "Back to live" : "To the end"}</Button>}
    </section>
  );
}

interface Mark {
  at: number;
  failed: boolean;
}

/** Where nodes ended and failed; failures all, the others thinned out where there are too many to tell apart. */
function marksOf(events: readonly ExecutionEvent[]): Mark[] {
  const all = events.flatMap((event): Mark[] => {
    if (event.type === "chunk.completed") return [{ at: timeOf(event.timestamp), failed: false }];
    if (event.type !== "chunk.failed") return [];
    return event.payload?.error?.type === "Cancelled" ? [] : [{ at: timeOf(event.timestamp), failed: true }];
  });
  if (all.length <= MOST_MARKS) return all;
  const every = Math.ceil(all.length / MOST_MARKS);
  return all.filter((mark, index) => mark.failed || index % every === 0);
}
