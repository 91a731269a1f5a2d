/** The inbox: what waits for me, what was answered and by whom. */
import { ChevronRight, Inbox, Search } from "lucide-react";
import { useEffect, useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import { ProblemError, type Wait, type WaitKind, type WaitQuery } from "@/shared/protocol";
import { ago, when, useNow } from "@/shared/time";
import { Banner, Button, Chip, Empty, Skeleton, StatusBadge, TopBar, type RunStatus } from "@/shared/ui";
import { answerWords, dueWords, factsOf, KIND_WORDS, useWaits } from "@/shared/waits";
import "./approvals.css";

const STATUSES = [
  { key: "open", label: "Open" },
  { key: "answered", label: "Answered" },
  { key: "expired", label: "Expired" },
  { key: "all", label: "All" },
] as const;
const KINDS: readonly { key: WaitKind | "any"; label: string }[] = [
  { key: "approval", label: "Approvals" },
  { key: "event", label: "Events" },
  { key: "timer", label: "Timers" },
  { key: "any", label: "Everything that waits" },
];

export function InboxPage() {
  const [parameters, setParameters] = useSearchParams();
  const status = STATUSES.find(({ key }) => key === parameters.get("status"))?.key ?? "open";
  const kind = KINDS.find(({ key }) => key === parameters.get("kind"))?.key ?? "approval";
  const assignee = parameters.get("assignee") ?? "";
  const flowId = parameters.get("flow") ?? "";
  const query = useMemo<WaitQuery>(() => ({ status, ...(assignee === "" ? {} : { assignee }), ...(flowId === "" ? {} : { flowId }) }), [status, assignee, flowId]);
  const list = useWaits(query);
  const now = useNow(true, 1000);
  const change = (name: string, value: string) =>
    setParameters((before) => {
      const next = new URLSearchParams(before);
      if (value === "") next.delete(name);
      else next.set(name, value);
      return next;
    }, { replace: true });
  useEffect(() => {
    document.title = "Approvals · TriggerFlow Canvas";
  }, []);
  const items = list.items?.filter((wait) => kind === "any" || wait.kind === kind) ?? null;
  const flows = new Map((list.items ?? []).map((wait) => [wait.flowId, wait.flowName]));
  return (
    <>
      <TopBar left={<h1>Approvals</h1>} />
      <main className="page-body" data-testid="inbox">
        <div className="filters">
          <div className="seg" role="radiogroup" aria-label="Status">
            {STATUSES.map(({ key, label }) => <button key={key} type="button" role="radio" aria-checked={status === key} onClick={() => change("status", key === "open" ? "" : key)}>{label}</button>)}
          </div>
          <select className="select w-auto" aria-label="Kind" value={kind} onChange={(event) => change("kind", event.target.value === "approval" ? "" : event.target.value)}>
            {KINDS.map(({ key, label }) => <option key={key} value={key}>{label}</option>)}
          </select>
          {(flows.size > 1 || flowId !== "") && (
            <select className="select w-auto max-w-56" aria-label="Flow" value={flowId} onChange={(event) => change("flow", event.target.value)}>
              <option value="">All flows</option>
              {[...flows].map(([id, name]) => <option key={id} value={id}>{name}</option>)}
            </select>
          )}
          <div className="input-box filters-search"><Search className="icon" aria-hidden /><input defaultValue={assignee} placeholder="For whom" aria-label="For whom" onKeyDown={(event) => event.key === "Enter" && change("assignee", event.currentTarget.value.trim())} onBlur={(event) => change("assignee", event.currentTarget.value.trim())} /></div>
        </div>
        {list.failure !== null && (
          <div className="px-6 pb-3">
            <Banner status="failed" actions={<Button size="small" onClick={list.refresh}>Try now</Button>}>{list.failure instanceof ProblemError ? list.failure.detail : "The server did not answer. What waits goes on waiting."}</Banner>
          </div>
        )}
        {items === null ? (list.failure === null && <Shapes />) : items.length === 0 ? (
          <Empty icon={Inbox} title={status === "open" ? "Nothing waits for you" : "Nothing here"}>
            {status === "open" ? "When a run reaches an approval, it waits here for an answer. It holds nothing meanwhile, so there is no hurry but its own." : "Try another status, kind or flow."}
          </Empty>
        ) : (
          <ul className="inbox">
            {items.map((wait) => <Row key={wait.id} wait={wait} now={now} />)}
          </ul>
        )}
        {list.more && <div className="p-4 text-center"><Button onClick={list.loadMore}>Show older ones</Button></div>}
      </main>
    </>
  );
}

const LOOK: Record<Wait["status"], RunStatus> = { open: "waiting", answered: "done", expired: "timed-out", cancelled: "cancelled" };

function Row({ wait, now }: { wait: Wait; now: number }) {
  const { facts } = factsOf(wait.input);
  const status: RunStatus = wait.answer?.decision === "rejected" ? "failed" : LOOK[wait.status];
  const word = wait.status === "open" ? "Open" : wait.answer?.decision === "approved" ? "Approved" : wait.answer?.decision === "rejected" ? "Rejected" : wait.status === "expired" ? "Expired" : wait.status === "cancelled" ? "Cancelled" : "Answered";
  const due = wait.status === "open" ? dueWords(wait, now) : null;
  return (
    <li>
      <Link to={`/approvals/${wait.id}`} className="inbox-row" data-testid="inbox-row" data-status={wait.status}>
        <span className="inbox-state"><StatusBadge plain status={status} word={word} /></span>
        <span className="inbox-main">
          <span className="cut inbox-name">{wait.nodeName}<span className="text-ink-3 font-normal"> in {wait.flowName}</span></span>
          <span className="cut text-ink-2">{facts.length > 0 ? facts.slice(0, 3).map((fact) => `${fact.label}: ${fact.text}`).join(" · ") : wait.kind === "event" ? `${wait.name ?? ""} ${wait.key ?? ""}` : KIND_WORDS[wait.kind]}</span>
        </span>
        <span className="inbox-side">
          {wait.assignees.length > 0 && wait.status === "open" && <span className="flex gap-1">{wait.assignees.slice(0, 2).map((name) => <Chip key={name}>{name}</Chip>)}{wait.assignees.length > 2 && <Chip>+{wait.assignees.length - 2}</Chip>}</span>}
          <span className="text-ink-3">{wait.answer ? `${answerWords(wait.answer)}, ${when(Date.parse(wait.answer.at), now)}` : due ? due.split(",")[0] : `since ${ago(Date.parse(wait.createdAt), now)}`}</span>
        </span>
        <ChevronRight className="icon icon-14 text-ink-3" aria-hidden />
      </Link>
    </li>
  );
}

function Shapes() {
  return <div className="grid gap-px px-6 pt-2" aria-busy="true">{Array.from({ length: 5 }, (_, index) => <div key={index} className="flex h-14 items-center gap-6"><Skeleton width={72} height={14} /><Skeleton width={240 - (index % 3) * 30} height={14} /></div>)}</div>;
}
