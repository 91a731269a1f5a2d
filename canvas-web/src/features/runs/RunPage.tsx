/** One run on the canvas: live while it runs, and at any moment of it afterwards. The address holds moment, node and tab. */
import { Activity, ChevronRight, RotateCcw } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { GraphView } from "@/shared/graph";
import { hasEnded, isValueReference, ProblemError } from "@/shared/protocol";
import { ChannelElsewhere } from "@/shared/channels";
import { announce, Banner, Button, Chip, Empty, FlowFaces, toast, TopBar } from "@/shared/ui";
import { clockTime, useNow } from "@/shared/time";
import { ConnectionState } from "./ConnectionState";
import { edgeStates, type Graph, incoming, withoutFlow } from "./model/flowing";
import { nodeStates } from "./model/cards";
import type { RunHistory } from "./model/history";
import { hasFailed } from "./model/runState";
import { type ScopeGroup, splitScope } from "./model/scopes";
import { loopLabels } from "./model/view";
import { shortId } from "./model/words";
import { NodePanel } from "./NodePanel";
import { PlanDialog } from "./PlanDialog";
import { RerunDialog, repeatsOf } from "./RerunDialog";
import { rerun } from "./rerun";
import { DOCK_TABS, type DockTab, RunDock } from "./RunDock";
import { RunHead } from "./RunHead";
import { RunOutline } from "./RunOutline";
import { Broken, Legend, Opening } from "./RunStates";
import { LoopBar, ScopeBar } from "./ScopeBars";
import { spoken } from "./model/spoken";
import { TimeSlider } from "./TimeSlider";
import { useCatalogue, useRunSession } from "./useRun";
import { useRunView } from "./useRunView";
import { useScopedGraph } from "./useScopedGraph";
import "./runs.css";

const NOTHING: Graph = { nodes: [], edges: [] };

export function RunPage() {
  const { id = "" } = useParams();
  return <OneRun key={id} id={id} />;
}

function OneRun({ id }: { id: string }) {
  const { session, run } = useRunSession(id);
  const { execution, blueprint, feed, revision, failure } = run;
  const { history } = session;
  const catalogue = useCatalogue();
  const navigate = useNavigate();
  const [parameters, setParameters] = useSearchParams();
  const change = useCallback((changes: Record<string, string | null>) => {
    // The address as it is now, not as it was when this was made: moment and tab change within one breath.
    const next = new URLSearchParams(window.location.search);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) next.delete(key);
      else next.set(key, value);
    }
    setParameters(next, { replace: true });
  }, [setParameters]);

  // The moment. Playing moves it many times a second: the address follows when it rests.
  const [at, setAt] = useState(parameters.get("at"));
  const restAt = useRef<number | undefined>(undefined);
  const look = useCallback((eventId: string | null) => {
    setAt(eventId);
    window.clearTimeout(restAt.current);
    restAt.current = window.setTimeout(() => change({ at: eventId }), 250);
  }, [change]);
  useEffect(() => () => window.clearTimeout(restAt.current), []);
  const total = history.length;
  const count = at === null ? total : Math.min(total, history.countUpTo(at));
  const onCount = useCallback(
    // The last event of a run that ended is where everybody looks who looks at no moment.
    (wanted: number | null) => look(wanted === null || (wanted >= history.length && history.latest.endedAt !== null) ? null : (history.events[wanted - 1]?.id ?? null)),
    [look, history],
  );

  const { order } = run.state;
  const root = useMemo<Graph>(() => blueprint ?? (run.blueprintGone ? withoutFlow(order) : NOTHING), [blueprint, run.blueprintGone, order]);
  // An item of a sub-flow has a picture of its own: the child's graph, with what happened in that scope.
  const base = parameters.get("in") ?? "";
  const scoped = useScopedGraph(root, `Run ${shortId(id)}`, base);
  const graph = scoped.graph ?? NOTHING;
  const { view, onRound, activations, lists, totals } = useRunView({ graph, history, base, count, run, execution, onAddress: change });
  const { state } = view;
  const running = run.state.endedAt === null && total > 0;
  // While the line is gone nothing is known to go on: clocks stand where the server was last heard.
  const offline = feed?.phase === "offline" && running;
  const live = running && at === null && !offline;
  const ticked = useNow(running && !offline);
  const clock = offline ? (feed.lastHeardAt ?? ticked) : ticked;
  const now = running && at === null ? clock : (state.lastEventAt ?? clock);

  const tabParameter = parameters.get("tab");
  const tab: DockTab = DOCK_TABS.find((key) => key === tabParameter) ?? "timeline";

  // Selection: the address's, else the node that failed the run, so that an error is what one sees first.
  const [auto, setAuto] = useState(true);
  const failedNode = at === null ? (execution?.error?.nodeId ?? null) : null;
  // Else the one that needs a decision: it is what the run waits for.
  const deciding = at === null && failedNode === null ? (graph.nodes.find((node) => state.nodes[node.id]?.phase === "waiting" && state.nodes[node.id]?.wait?.kind === "approval")?.id ?? null) : null;
  const selected = parameters.get("node") ?? (auto ? (failedNode ?? deciding) : null);
  // The panel: opened by hand for any node, by itself for one that failed, until it is closed.
  const [panel, setPanel] = useState<{ nodeId: string; open: boolean } | null>(null);
  const select = useCallback((nodeId: string | null) => {
    setAuto(false);
    setPanel(null);
    change({ node: nodeId });
  }, [change]);
  const open = useCallback((nodeId: string) => {
    setAuto(false);
    setPanel({ nodeId, open: true });
    change({ node: nodeId });
  }, [change]);
  const goTo = useCallback((scope: string) => {
    setAuto(false);
    setPanel(null);
    change({ in: scope === "" ? null : scope, node: null });
  }, [change]);
  const selectedFailed = selected !== null && hasFailed(state.nodes[selected]?.phase ?? "running");
  const panelOpen = panel !== null && panel.nodeId === selected ? panel.open : selectedFailed || (selected !== null && state.nodes[selected]?.phase === "waiting");
  const panelNode = panelOpen ? graph.nodes.find((node) => node.id === selected) : undefined;

  const ticking = Object.values(state.nodes).some((node) => node.endedAt === null && (node.tries.at(-1)?.startedAt ?? 0) > now - 1000) ? Math.floor(now / 250) : 0;
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const cards = useMemo(() => nodeStates(graph, view, now, live, totals), [graph, view, totals, live, ticking, live ? 0 : now]);
  const edges = useMemo(() => edgeStates(graph, state, activations), [graph, state, activations]);
  const labels = useMemo(() => loopLabels(view), [view]);

  // Read aloud what ended, as it ends; not the history that a reload brings back.
  const heard = useRef(run.state);
  useEffect(() => {
    if (feed?.phase === "live" || feed?.phase === "ended") {
      const said = spoken(heard.current, run.state, root.nodes);
      if (said !== null && heard.current.events > 0) announce(said.text, said.now);
    }
    heard.current = run.state;
  }, [run.state, feed?.phase, root]);

  // The graph fits itself anew once it has its new width.
  const fitKey = useSettled(`${scoped.graph ? `run ${base.replace(/:\d+$/, "")}` : "none"}${panelNode ? "-panel" : ""}`, 80);

  const flowId = execution?.flowId ?? null;
  const shownFlow = scoped.flowId ?? flowId;
  const elsewhere = useCallback((name: string, who: "publishers" | "listeners") => <ChannelElsewhere name={name} who={who} flowId={shownFlow} />, [shownFlow]);
  const ended = execution !== null && hasEnded(execution.status);
  const flowGone = run.blueprintGone;
  const [starting, setStarting] = useState(false);
  const [planning, setPlanning] = useState<{ here: string | null } | null>(null);
  const again = (): void => {
    if (execution === null) return;
    setPlanning(null);
    setStarting(true);
    rerun(execution, blueprint, run.state).then(
      (started) => {
        announce(`Run ${shortId(started.id)} started`);
        void navigate(`/runs/${started.id}`);
      },
      (error: unknown) => {
        setStarting(false);
        toast({ title: "The run was not started again.", text: error instanceof ProblemError ? error.detail : "The server did not answer, so it may have started: look under Runs.", status: "failed" });
      },
    );
  };

  const inputsOf = (nodeId: string) => {
    const ports = incoming(root, nodeId, run.state, execution?.inputs ?? {}, new Map([...run.activations].flatMap(([key, own]) => (key.startsWith("|") ? [[own.nodeId, own] as const] : []))));
    return ports.length === 0 || ports.some((port) => isValueReference(port.value)) ? null : Object.fromEntries(ports.map((port) => [port.port, port.value]));
  };

  useEffect(() => {
    document.title = `Run ${shortId(id)}${blueprint ? ` · ${blueprint.name}` : ""} · TriggerFlow Canvas`;
  }, [id, blueprint]);

  const recorded = useMemo(() => ({ ...run.recorded, onMore: session.moreActivations }), [run.recorded, session]);
  const dock = (
    <RunDock
      graph={graph} execution={execution} state={state} view={view} history={history} base={base} onScope={goTo} events={history.events} count={count} revision={revision} activations={activations}
      onNeedActivations={session.loadActivations} recorded={recorded} now={now} at={at} onAt={look} selected={selected} onSelect={select} tab={tab} onTab={(next) => change({ tab: next })}
    />
  );

  return (
    <>
      <TopBar
        left={
          <>
            <span className="flex min-w-0 items-center gap-1.5">
              {blueprint && <Link className="crumb cut" to={`/flows/${flowId ?? ""}/runs`}>{blueprint.name}</Link>}
              {blueprint && <ChevronRight className="icon icon-14 text-ink-3" aria-hidden />}
              <h1 className="whitespace-nowrap">Run <span className="mono text-[14px]">{shortId(id)}</span></h1>
            </span>
            {execution && <span className="topbar-chips"><Chip title={`Content ${execution.contentHash.slice(0, 12)}`}>v{execution.blueprintVersion}</Chip></span>}
            {!(ended && feed?.phase === "ended") && <ConnectionState feed={feed} onRetry={session.retryNow} />}
            {ended && feed?.phase === "ended" && <span className="sr-only" data-testid="connection-state" data-phase="ended">All events are here</span>}
          </>
        }
        center={flowId !== null && !flowGone ? <FlowFaces flowId={flowId} current="runs" /> : undefined}
        right={
          <Button icon={RotateCcw} data-testid="rerun" disabled={execution === null || flowGone || starting} onClick={() => (ended || repeatsOf(root).length > 0 ? setPlanning({ here: null }) : again())}>
            {starting ? "Starting" : "Re-run"}
          </Button>
        }
      />
      {failure !== null && execution === null ? <Broken failure={failure} onRetry={session.retryNow} /> : execution === null ? <Opening /> : (
        <main className="run" data-panel={panelNode !== undefined}>
          <RunHead execution={execution} blueprint={blueprint} state={state} now={now} stepping={at !== null} onExecution={session.take} onNode={open} />
          <div className="run-body">
            <div className="run-left">
              {flowGone ? (
                <div className="run-graph grid place-items-center bg-canvas"><Empty icon={Activity} title="The flow was deleted">Its picture went with it. What happened in the run is all below.</Empty></div>
              ) : (
                <div className="run-graph">
                  <GraphView flow={graph} catalogue={catalogue} mode="run" nodeStates={cards} edgeStates={edges} edgeLabels={labels} selectedNodeId={selected} onSelect={select} onOpen={open} fitKey={fitKey} channelElsewhere={elsewhere}>
                    <Legend />
                    <div className="scope-over">
                      {base !== "" && <ScopeBar crumbs={scoped.crumbs} scope={base} group={groupOf(history, base)} count={count} onScope={goTo} />}
                      <LoopBar graph={graph} loops={view.loops} onRound={onRound} />
                    </div>
                    {scoped.failure !== null && <div className="scope-lost"><Empty icon={Activity} title="The sub-flow's picture did not come" actions={<Button onClick={() => goTo("")}>Back to the run</Button>}>{scoped.failure}</Empty></div>}
                    {offline && <div className="run-offline"><Banner status="stale" testId="run-offline">What you see is from {clockTime(clock)}. The run goes on without you, and this page catches up when the line is back.</Banner></div>}
                  </GraphView>
                </div>
              )}
              <RunOutline graph={graph} view={view} now={now} onOpen={open} />
              <TimeSlider events={history.events} revision={revision} count={count} startedAt={run.state.startedAt} endedAt={run.state.endedAt} now={running ? clock : now} live={at === null} onCount={onCount} />
              {dock}
            </div>
            {panelNode !== undefined && (
              <NodePanel
                key={panelNode.id} node={panelNode} catalogue={catalogue} graph={graph} execution={execution} state={state} view={view} events={history.events} activations={activations}
                count={count} revision={revision} lists={lists} totals={totals} onRound={onRound} onScope={goTo} onRerun={ended && !flowGone && base === "" ? () => setPlanning({ here: panelNode.id }) : null}
                onNeedActivations={session.loadActivations} recorded={recorded} now={now} flowId={scoped.flowId ?? flowId} onClose={() => setPanel({ nodeId: panelNode.id, open: false })}
              />
            )}
          </div>
          {planning && !ended && <RerunDialog execution={execution} graph={root} onClose={() => setPlanning(null)} onRun={again} />}
          {planning && ended && (
            <PlanDialog
              execution={execution} nodes={root.nodes} state={run.state} here={planning.here} failedAt={execution.error?.nodeId ?? null} inputsOf={inputsOf} onClose={() => setPlanning(null)}
              onStarted={(started) => {
                announce(`Run ${shortId(started.id)} started`);
                void navigate(`/runs/${started.id}`);
              }}
            />
          )}
        </main>
      )}
    </>
  );
}

/** The items beside the one whose picture is shown. */
function groupOf(history: RunHistory, scope: string): ScopeGroup | undefined {
  const place = splitScope(scope);
  return place === null ? undefined : history.scopes.group(place.parent, place.nodeId);
}

function useSettled<T>(value: T, afterMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), afterMs);
    return () => window.clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}
