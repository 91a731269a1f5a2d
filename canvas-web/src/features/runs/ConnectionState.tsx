/** How current the picture is: live, catching up, or from when. Quiet while all is well. */
import { CloudOff } from "lucide-react";
import type { FeedState } from "@/shared/protocol";
import { clockTime, useNow } from "@/shared/time";


export function ConnectionState({ feed, onRetry }: { feed: FeedState | null; onRetry: () => void }) {
  const offline = feed?.phase === "offline";
  const now = useNow(offline, 500);
  const phase = feed?.phase ?? "connecting";
  return (
    <span className="connection" data-testid="connection-state" data-phase={phase} aria-live="off">
      {phase === "live" && (
        <span className="s-done connection-word" data-tip={feed?.transport === "paging" ? "Asked again every second: no stream gets through to this browser." : undefined}>
          <i className="connection-dot" />
          Live
        </span>
      )}
      {phase === "catching-up" && <span className="s-running connection-word"><i className="connection-dot" />Catching up</span>}
      {phase === "connecting" && <span className="text-ink-3 text-small">Connecting</span>}
      {feed !== null && phase === "offline" && (
        <span className="s-retrying connection-word" data-tip="What you see stands still. The run goes on without you.">
          <CloudOff className="icon icon-14" aria-hidden />
          Offline since {clockTime(feed.offlineSince ?? now)}
          {feed.tries > 1 && feed.nextTryAt !== null && <span className="text-ink-3 font-normal">next try in {Math.max(0, Math.ceil((feed.nextTryAt - now) / 1000))} s</span>}
          <button type="button" className="link text-small" onClick={onRetry}>Now</button>
        </span>
      )}
      {phase === "refused" && <span className="s-failed connection-word">No events</span>}
      {feed !== null && feed.malformed > 0 && (
        <span className="text-small text-ink-3" data-tip="Events that did not match the schema are left out.">{feed.malformed} not understood</span>
      )}
    </span>
  );
}
