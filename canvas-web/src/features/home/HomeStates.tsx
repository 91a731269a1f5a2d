/** The list of flows while it is silent or on its way. */
import { useSyncExternalStore } from "react";
import { serverHealth, subscribeServerHealth } from "@/shared/protocol";
import { useNow } from "@/shared/time";
import { Banner, Button, Skeleton } from "@/shared/ui";
import { whyNot } from "./dialogs";

export function Silent({ nextTryAt, failure, onRetry }: { nextTryAt: number | null; failure: unknown; onRetry: () => void }) {
  const now = useNow(true, 500);
  const health = useSyncExternalStore(subscribeServerHealth, serverHealth);
  const left = nextTryAt === null ? null : Math.max(0, Math.ceil((nextTryAt - now) / 1000));
  // The frame says it for every page.
  if (health.state === "partly") return null;
  return (
    <div className="px-6 pt-3">
      <Banner status="failed" testId="home-silent" actions={<Button size="small" onClick={onRetry}>Try now</Button>}>
        <b className="font-semibold">{whyNot(failure, "")}</b> Your flows are safe. {left === null ? "" : left > 0 ? `We try again in ${left} s, or you do it now.` : "Trying."}
      </Banner>
    </div>
  );
}

export function Rows() {
  return (
    <div className="grid px-6" aria-busy="true">
      {[220, 180, 260, 160].map((width) => (
        <div key={width} className="flex h-13 items-center gap-3"><Skeleton width={22} height={22} /><span className="grid gap-1.5"><Skeleton width={width} /><Skeleton width={width * 0.7} height={9} /></span><Skeleton className="ml-auto" width={120} height={18} /></div>
      ))}
    </div>
  );
}
