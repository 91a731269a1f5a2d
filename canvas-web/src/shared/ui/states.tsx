/** Empty, loading and broken: each names its subject, says what is safe, offers one next step. */
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { StatusSign } from "./status";
import type { RunStatus } from "./statusWords";

export function Empty({ icon: Icon, title, children, actions }: { icon?: LucideIcon; title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="empty">
      {Icon && <Icon className="icon" aria-hidden />}
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {actions && <div className="mt-2 flex gap-2">{actions}</div>}
    </div>
  );
}

/** A grey shape of the real layout; it appears after 300 ms and never before. */
export function Skeleton({ width, height = 12, className = "" }: { width?: number | string; height?: number | string; className?: string }) {
  return <div className={`skeleton ${className}`} style={{ width, height }} aria-hidden />;
}

export function Banner({ status, sign, children, actions, testId }: { status: RunStatus; sign?: ReactNode; children: ReactNode; actions?: ReactNode; testId?: string }) {
  return (
    <div className={`banner s-${status}`} role={status === "failed" ? "alert" : "status"} data-testid={testId}>
      {sign ?? <StatusSign status={status} />}
      <div className="min-w-0 flex-1">{children}</div>
      {actions && <div className="flex shrink-0 items-center gap-2">{actions}</div>}
    </div>
  );
}
