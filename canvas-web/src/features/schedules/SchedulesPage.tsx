/** All schedules of the project: in words, when they are due, what became of past times; pause, resume, run now. */
import { CalendarClock, ChevronRight, Pause, Play } from "lucide-react";
import { Fragment, useCallback, useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, onProjectEvent, onServerBack, ProblemError, type Schedule } from "@/shared/protocol";
import { ago, ahead, dueTime, useNow } from "@/shared/time";
import { announce, Banner, Button, Dialog, Empty, IconButton, Skeleton, StatusBadge, toast, TopBar } from "@/shared/ui";
import { Fires } from "./Fires";
import { byNext, MISSED_WORDS } from "./words";
import "./schedules.css";

const EVERY_MS = 15_000;
const keyOf = (schedule: Schedule) => `${schedule.flowId} ${schedule.nodeId}`;

export function SchedulesPage() {
  const [schedules, setSchedules] = useState<readonly Schedule[] | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [open, setOpen] = useState<string | null>(null);
  const [asking, setAsking] = useState<boolean | null>(null);
  const now = useNow(true, 1000);
  const navigate = useNavigate();
  const load = useCallback(() => {
    api.schedules.all().then((list) => {
      setSchedules(byNext(list));
      setFailure(null);
    }, setFailure);
  }, []);
  useEffect(() => {
    document.title = "Schedules · TriggerFlow Canvas";
    load();
    const look = () => {
      if (document.visibilityState === "visible") load();
    };
    const timer = window.setInterval(look, EVERY_MS);
    const stop = onProjectEvent(look);
    const forget = onServerBack(load);
    return () => {
      window.clearInterval(timer);
      stop();
      forget();
    };
  }, [load]);

  const told = (error: unknown, title: string) => toast({ title, text: error instanceof ProblemError ? error.detail : "The server did not answer. Look at the list, then try again.", status: "failed" });
  const pause = (schedule: Schedule) => {
    api.schedules.pause(schedule, !schedule.paused).then(
      (changed) => {
        setSchedules((before) => before && byNext(before.map((one) => (keyOf(one) === keyOf(changed) ? changed : one))));
        announce(`${changed.nodeName} of ${changed.flowName} ${changed.paused ? "is paused" : "goes on"}`, true);
      },
      (error: unknown) => told(error, schedule.paused ? "It is still paused." : "It was not paused."),
    );
  };
  const run = (schedule: Schedule) => {
    api.schedules.run(schedule).then(
      (firing) => {
        if (firing.executionId !== null) void navigate(`/runs/${firing.executionId}`);
        else toast({ title: firing.status === "dropped" ? "Its limits let none start now." : "It starts as soon as its limits let it.", ...(firing.reason === null ? {} : { text: firing.reason }), status: "waiting" });
      },
      (error: unknown) => told(error, "It was not started."),
    );
  };
  const pauseAll = (paused: boolean) => {
    setAsking(null);
    api.schedules.pauseAll(paused).then(
      (count) => {
        toast({ title: paused ? `${count} schedules are paused.` : `${count} schedules go on.`, status: "done" });
        load();
      },
      (error: unknown) => told(error, "Nothing was changed."),
    );
  };
  const paused = schedules?.filter((schedule) => schedule.paused).length ?? 0;
  const total = schedules?.length ?? 0;
  return (
    <>
      <TopBar
        left={<h1>Schedules</h1>}
        right={total > 0 && (
          <>
            {paused > 0 && <Button icon={Play} data-testid="resume-all" onClick={() => setAsking(false)}>Resume all</Button>}
            {paused < total && <Button icon={Pause} data-testid="pause-all" onClick={() => setAsking(true)}>Pause all</Button>}
          </>
        )}
      />
      <main className="page-body" data-testid="schedules">
        {failure !== null && <div className="px-6 pt-3"><Banner status="failed" actions={<Button size="small" onClick={load}>Try now</Button>}>{failure instanceof ProblemError ? failure.detail : "The server did not answer. Schedules keep their times without this page; what you see may be old."}</Banner></div>}
        {schedules === null ? failure === null && <div className="grid gap-px px-6 pt-4" aria-busy="true">{Array.from({ length: 5 }, (_, index) => <div key={index} className="flex h-12 items-center gap-6"><Skeleton width={220} height={14} /><Skeleton width={140} height={14} /></div>)}</div> : total === 0 ? (
          <Empty icon={CalendarClock} title="Nothing starts by itself" actions={<Link className="btn btn-primary" to="/">See the flows</Link>}>Put a Schedule trigger into a flow and publish it. Its times show up here.</Empty>
        ) : (
          <table className="table schedules-table">
            <thead><tr><th>Flow</th><th>When</th><th className="schedules-zone">Time zone</th><th>Next</th><th className="schedules-last">Last</th><th><span className="sr-only">Actions</span></th></tr></thead>
            <tbody>
              {schedules.map((schedule) => {
                const key = keyOf(schedule);
                const shown = open === key;
                return (
                  <Fragment key={key}>
                    <tr data-testid="schedule-row" data-paused={schedule.paused}>
                      <td>
                        <span className="flex items-center gap-1">
                          <IconButton icon={ChevronRight} size="small" label={shown ? "Hide its times" : "Show its times"} aria-expanded={shown} className={shown ? "turned" : ""} data-testid="schedule-open" onClick={() => setOpen(shown ? null : key)} />
                          <span className="min-w-0"><Link className="cut block font-semibold text-ink" to={`/flows/${schedule.flowId}?node=${schedule.nodeId}`}>{schedule.flowName}</Link><span className="cut block text-small text-ink-3">{schedule.nodeName}</span></span>
                        </span>
                      </td>
                      <td><span className="block">{schedule.sentence}</span><span className="mono text-ink-3">{schedule.cron}</span></td>
                      <td className="schedules-zone">{schedule.timeZone}</td>
                      <td>
                        {schedule.paused ? <StatusBadge plain status="cancelled" word="Paused" /> : schedule.nextAt === null ? <span className="text-ink-3">never again</span> : <span data-tip={dueTime(schedule.nextAt, schedule.timeZone)}>{ahead(Date.parse(schedule.nextAt), now)}</span>}
                      </td>
                      <td className="schedules-last">{schedule.lastAt === null ? <span className="text-ink-3">not yet</span> : schedule.lastExecutionId === null ? ago(Date.parse(schedule.lastAt), now) : <Link to={`/runs/${schedule.lastExecutionId}`}>{ago(Date.parse(schedule.lastAt), now)}</Link>}</td>
                      <td>
                        <span className="flex justify-end gap-2">
                          <Button size="small" icon={schedule.paused ? Play : Pause} data-testid="schedule-pause" onClick={() => pause(schedule)}>{schedule.paused ? "Resume" : "Pause"}</Button>
                          <Button size="small" data-testid="schedule-run" onClick={() => run(schedule)}>Run now</Button>
                        </span>
                      </td>
                    </tr>
                    {shown && <tr className="schedules-detail"><td colSpan={6}><p className="m-0 text-small text-ink-3">{MISSED_WORDS[schedule.missed]}.</p><Fires schedule={schedule} /></td></tr>}
                  </Fragment>
                );
              })}
            </tbody>
          </table>
        )}
      </main>
      {asking !== null && (
        <Dialog title={asking ? "Pause all schedules?" : "Resume all schedules?"} onClose={() => setAsking(null)} footer={<><Button onClick={() => setAsking(null)}>Leave them</Button><Button tone="primary" data-testid="all-confirm" onClick={() => pauseAll(asking)}>{asking ? "Pause all" : "Resume all"}</Button></>}>
          <p className="m-0 text-ink-2">{asking ? `${total - paused} of ${total} keep their times now. None of them starts until it is resumed; runs that go on are not touched. Times that pass meanwhile are not made up for.` : `${paused} of ${total} are paused. They go on with their next time.`}</p>
        </Dialog>
      )}
    </>
  );
}
