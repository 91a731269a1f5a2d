/** The bottom dock of a run: timeline, events, logs, data. Also used by the editor under a run it started. */
import { ChevronDown, ChevronUp, Maximize2, Minimize2 } from "lucide-react";
import { useState } from "react";
import type { Activation, Execution, ExecutionEvent, FlowNode } from "@/shared/protocol";
import { Dock, IconButton, Tabs } from "@/shared/ui";
import { DataTab } from "./DataTab";
import { EventsTab } from "./EventsTab";
import { LogsTab } from "./LogsTab";
import type { Graph } from "./model/flowing";
import type { RunHistory } from "./model/history";
import type { RunState } from "./model/runState";
import type { RunView } from "./model/view";
import { MetricsTab } from "./MetricsTab";
import type { RecordedProps } from "./Recorded";
import { TimelineLegend, TimelineTab } from "./TimelineTab";

export const DOCK_TABS = ["timeline", "events", "logs", "data", "metrics"] as const;
export type DockTab = (typeof DOCK_TABS)[number];

export interface RunDockProps {
  graph: Graph;
  execution: Execution | null;
  /** The run as the page looks at it: newest, or at one moment. */
  state: RunState;
  view: RunView;
  history: RunHistory;
  /** The scope the picture shows; "" for the run itself. */
  base: string;
  onScope: (scope: string) => void;
  events: readonly ExecutionEvent[];
  /** How many of them had happened at the moment looked at. */
  count: number;
  /** Goes up when `events` changes, which grows in place. */
  revision: number;
  activations: ReadonlyMap<string, Activation>;
  onNeedActivations: () => void;
  recorded: RecordedProps;
  /** The moment looked at, in milliseconds. */
  now: number;
  at: string | null;
  onAt: (eventId: string) => void;
  selected: string | null;
  onSelect: (nodeId: string | null) => void;
  tab: DockTab;
  onTab: (tab: DockTab) => void;
}

const LABELS: Record<DockTab, string> = { timeline: "Timeline", events: "Events", logs: "Logs", data: "Data", metrics: "Metrics" };

export function RunDock(props: RunDockProps) {
  const { graph, state, events, revision, tab, onTab, selected, onSelect } = props;
  const [folded, setFolded] = useState(false);
  const [full, setFull] = useState(false);
  const counts: Partial<Record<DockTab, string>> = { events: events.length.toLocaleString("en"), logs: state.logs.toLocaleString("en") };
  const nodes: readonly FlowNode[] = graph.nodes;
  return (
    <div className={full && !folded ? "run-dock run-dock-full" : "run-dock"}>
      <Dock name="run" label="Run details" folded={folded}>
        <Tabs
          label="Run details"
          current={tab}
          onChange={(next) => {
            onTab(next);
            setFolded(false);
          }}
          items={DOCK_TABS.map((key) => ({
            key,
            label: <span data-testid={`dock-tab-${key}`}>{LABELS[key]}</span>,
            ...(counts[key] === undefined ? {} : { count: counts[key] }),
          }))}
          end={
            <>
              {tab === "timeline" && !folded && <TimelineLegend />}
              {!folded && <IconButton icon={full ? Minimize2 : Maximize2} size="small" label={full ? "Beside the graph" : "Full height"} onClick={() => setFull(!full)} />}
              <IconButton icon={folded ? ChevronUp : ChevronDown} size="small" label={folded ? "Open" : "Fold"} onClick={() => setFolded(!folded)} />
            </>
          }
        />
        {!folded && tab === "timeline" && <TimelineTab state={state} graph={graph} history={props.history} base={props.base} count={props.count} revision={revision} now={props.now} selected={selected} onSelect={onSelect} onScope={props.onScope} />}
        {!folded && tab === "events" && (
          <EventsTab events={events} revision={revision} nodes={nodes} startedAt={state.startedAt} at={props.at} onAt={props.onAt} selected={selected} />
        )}
        {!folded && tab === "logs" && <LogsTab events={events} count={props.count} revision={revision} nodes={nodes} startedAt={state.startedAt} selected={selected} onSelect={onSelect} />}
        {!folded && tab === "metrics" && <MetricsTab graph={graph} view={props.view} execution={props.execution} now={props.now} selected={selected} onSelect={onSelect} />}
        {!folded && tab === "data" && (
          <DataTab graph={graph} execution={props.execution} state={state} view={props.view} activations={props.activations} onNeedActivations={props.onNeedActivations} recorded={props.recorded} events={events} revision={revision} selected={selected} onSelect={onSelect} />
        )}
      </Dock>
    </div>
  );
}
