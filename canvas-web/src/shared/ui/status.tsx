/** Status words and signs. Shape and word carry the state; colour only helps. */
import type { RunStatus } from "./statusWords";
import { statusWord } from "./statusWords";

/** `solid` inverts the sign for a block already filled with the status colour. */
export function StatusSign({ status, className = "", solid = false }: { status: RunStatus; className?: string; solid?: boolean }) {
  const fill = solid ? "var(--bar-on)" : "var(--s-solid)";
  const on = solid ? `var(--bar-${barOf(status)})` : "var(--status-on)";
  return (
    <svg className={`sign s-${status} ${className}`} viewBox="0 0 16 16" aria-hidden>
      {shape(status, fill, on)}
    </svg>
  );
}

const barOf = (status: RunStatus) => (status === "timed-out" ? "failed" : status === "retrying" ? "waiting" : status);

function shape(status: RunStatus, fill: string, on: string) {
  switch (status) {
    case "queued":
      return <circle cx="8" cy="8" r="5.5" fill="none" stroke={fill} strokeWidth="1.75" />;
    case "running":
      return (
        <>
          <g className="spin">
            <circle cx="8" cy="8" r="5.5" fill="none" stroke={fill} strokeWidth="2.25" strokeDasharray="24 11" strokeLinecap="round" />
          </g>
          <circle cx="8" cy="8" r="1.75" fill={fill} />
        </>
      );
    case "done":
      return (
        <>
          <circle cx="8" cy="8" r="7" fill={fill} />
          <path d="m4.8 8.3 2.3 2.3 4.2-4.7" fill="none" stroke={on} strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round" />
        </>
      );
    case "failed":
    case "timed-out":
      return (
        <>
          <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Z" fill={fill} />
          <path d="m5.6 5.6 4.8 4.8M10.4 5.6l-4.8 4.8" stroke={on} strokeWidth="1.75" strokeLinecap="round" />
        </>
      );
    case "waiting":
      return (
        <>
          <rect x="1" y="1" width="14" height="14" rx="3" fill={fill} />
          <path d="M5.9 4.8v6.4M10.1 4.8v6.4" stroke={on} strokeWidth="2" strokeLinecap="round" />
        </>
      );
    case "retrying":
      return (
        <>
          <path d="M13.5 8A5.5 5.5 0 1 1 11.4 3.7" fill="none" stroke={fill} strokeWidth="2" strokeLinecap="round" />
          <path d="M8.7 4.6h4.1V.6Z" fill={fill} stroke={fill} strokeWidth=".8" strokeLinejoin="round" />
        </>
      );
    case "skipped":
      return (
        <>
          <circle cx="8" cy="8" r="5.7" fill="none" stroke={fill} strokeWidth="1.5" strokeDasharray="2 2.47" />
          <path d="M5.5 8h5" stroke={fill} strokeWidth="1.75" strokeLinecap="round" />
        </>
      );
    case "cancelled":
      return (
        <>
          <circle cx="8" cy="8" r="6.25" fill="none" stroke={fill} strokeWidth="1.5" />
          <rect x="5.25" y="5.25" width="5.5" height="5.5" rx="1" fill={fill} />
        </>
      );
    case "stale":
      return (
        <>
          <path d="M8 1.5 14.5 8 8 14.5 1.5 8Z" fill="none" stroke={fill} strokeWidth="1.5" strokeDasharray="2.5 2" />
          <circle cx="8" cy="8" r="1.25" fill={fill} />
        </>
      );
  }
}

/** The triangle of a problem, red for an error, amber for a warning. */
export function ProblemSign({ severity = "error", className = "" }: { severity?: "error" | "warning"; className?: string }) {
  const fill = severity === "error" ? "var(--status-failed-solid)" : "var(--status-waiting-solid)";
  return (
    <svg className={`sign ${className}`} viewBox="0 0 16 16" aria-hidden>
      <path d="M8 1.2 15.4 14.3H.6Z" fill={fill} stroke={fill} strokeLinejoin="round" />
      <path d="M8 6v3.5M8 12h.01" stroke="var(--status-on)" strokeWidth="1.75" strokeLinecap="round" />
    </svg>
  );
}

export interface StatusBadgeProps {
  status: RunStatus;
  /** Replaces the status word, "Try 2 of 3". */
  word?: string;
  size?: "normal" | "large";
  plain?: boolean;
}

export function StatusBadge({ status, word, size = "normal", plain = false }: StatusBadgeProps) {
  return (
    <span className={`badge s-${status} ${size === "large" ? "badge-large" : ""} ${plain ? "badge-plain" : ""}`}>
      <StatusSign status={status} />
      {word ?? statusWord[status]}
    </span>
  );
}
