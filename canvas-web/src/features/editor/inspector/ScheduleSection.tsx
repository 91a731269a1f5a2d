/** A schedule in words, and when it is due next, told by the server that will keep it. */
import { CalendarClock } from "lucide-react";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { api, type FlowNode, type Json, ProblemError, type SchedulePreview } from "@/shared/protocol";
import { dueTime } from "@/shared/time";
import { useDraft } from "../context";

export function ScheduleSection({ node }: { node: FlowNode }) {
  const published = useDraft((draft) => draft.latestVersion !== null);
  const config = node.handlers["main"]?.config ?? {};
  const cron = text(config["cron"]);
  const timeZone = text(config["timeZone"]) || "UTC";
  const key = `${cron} @ ${timeZone}`;
  const [got, setGot] = useState<{ key: string; preview: SchedulePreview | null; failure: string | null } | null>(null);
  useEffect(() => {
    if (cron === "") return;
    const stop = new AbortController();
    // While somebody types it is not asked at every letter.
    const timer = window.setTimeout(() => {
      api.schedules.preview(cron, timeZone, { signal: stop.signal }).then(
        (preview) => setGot({ key, preview, failure: null }),
        (error: unknown) => {
          if (!stop.signal.aborted) setGot({ key, preview: null, failure: error instanceof ProblemError ? (error.errors[0]?.message ?? error.detail) : "The server did not answer, so its times are not known here." });
        },
      );
    }, 300);
    return () => {
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [cron, timeZone, key]);
  if (cron === "") return <section className="sect text-ink-3">Give it a cron expression, and it is told here in words.</section>;
  const shown = got?.key === key ? got : null;
  return (
    <section className="sect grid gap-2" data-testid="schedule" aria-live="polite">
      {shown?.failure != null ? <span className="help text-failed">{shown.failure}</span> : (
        <>
          <b className="font-semibold" data-testid="schedule-sentence">{shown?.preview?.sentence ?? "…"}</b>
          <ol className="due-times">
            {(shown?.preview?.next ?? []).map((at) => <li key={at}>{dueTime(at, timeZone)}</li>)}
          </ol>
          {shown?.preview?.next.length === 0 && <span className="help text-failed">It is never due.</span>}
        </>
      )}
      <span className="help">{published ? "The newest version keeps its times. " : "It keeps its times once the flow is published. "}<Link className="link" to="/schedules"><CalendarClock className="icon icon-12 inline" aria-hidden /> All schedules</Link></span>
    </section>
  );
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
