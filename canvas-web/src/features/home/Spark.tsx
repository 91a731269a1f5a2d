/** The last runs as bars: height is time, colour and a mark say how they ended. */
import type { Execution } from "@/shared/protocol";
import { duration, type RunStatus, statusWord } from "@/shared/ui";
import { BARS, barsOf } from "./recent";

const STEP = 6;
const WIDTH = 4;
const HEIGHT = 18;
const TOP = 4;

const FILL: Partial<Record<RunStatus, string>> = {
  done: "var(--spark-done)", failed: "var(--status-failed-solid)", "timed-out": "var(--status-failed-solid)", cancelled: "var(--status-cancelled-solid)", waiting: "var(--status-waiting-solid)",
};

export function Spark({ runs, now }: { runs: readonly Execution[]; now: number }) {
  const bars = barsOf(runs, now);
  const failed = bars.filter((bar) => bar.status === "failed" || bar.status === "timed-out").length;
  const label = bars.length === 0 ? "No runs yet" : `Last ${bars.length} runs, ${failed === 0 ? "none failed" : `${failed} failed`}`;
  return (
    <svg className="spark" width={BARS * STEP} height={HEIGHT + TOP} role="img" aria-label={label}>
      {Array.from({ length: BARS }, (_, slot) => {
        const bar = bars[slot - (BARS - bars.length)];
        const x = slot * STEP;
        if (bar === undefined) return <rect key={slot} x={x} y={TOP + HEIGHT - 2} width={WIDTH} height="2" fill="var(--line)" />;
        const height = Math.max(2, Math.round(bar.height * HEIGHT));
        const y = TOP + HEIGHT - height;
        const tip = <title>{`${statusWord[bar.status]}${bar.ms === null ? "" : `, ${duration(bar.ms)}`}`}</title>;
        const fill = FILL[bar.status];
        if (fill === undefined) return <rect key={slot} x={x + 0.5} y={y + 0.5} width={WIDTH - 1} height={Math.max(1, height - 1)} fill="none" stroke="var(--status-running-solid)">{tip}</rect>;
        return (
          <g key={slot}>
            <rect x={x} y={y} width={WIDTH} height={height} fill={fill}>{tip}</rect>
            {(bar.status === "failed" || bar.status === "timed-out") && <path d={`M${x - 0.5} ${y - 4.5}h5l-2.5 3.5Z`} fill={fill} />}
          </g>
        );
      })}
    </svg>
  );
}
