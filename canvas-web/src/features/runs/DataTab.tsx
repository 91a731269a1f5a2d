/** What went into a node and what came out; without a node, what the run was started with and what it gave. */
import { useEffect } from "react";
import type { Activation, Execution, ExecutionEvent, Json, JsonObject } from "@/shared/protocol";
import { DataView } from "./DataView";
import { Recorded, type RecordedProps } from "./Recorded";
import { type Graph, incoming, litPorts, wiredErrors } from "./model/flowing";
import { hasFailed, type RunState } from "./model/runState";
import type { RunView } from "./model/view";

export interface NodeDataProps {
  graph: Graph;
  execution: Execution | null;
  state: RunState;
  view: RunView;
  /** By node id, in the round that is looked at. */
  activations: ReadonlyMap<string, Activation>;
  onNeedActivations: () => void;
  recorded: RecordedProps;
}

/** What came in, as one value: the port's own where there is one, else an object by port. */
export function inputOf({ graph, execution, state, view, activations }: Omit<NodeDataProps, "onNeedActivations" | "recorded">, nodeId: string): { value: Json | undefined; hint: string } {
  const ports = incoming(graph, nodeId, state, execution?.inputs ?? {}, activations, view.before[nodeId]);
  const names = new Map(graph.nodes.map((node) => [node.id, node.name]));
  const sources = [...new Set(ports.flatMap((port) => (port.from === null ? [] : [names.get(port.from) ?? ""])))].filter(Boolean);
  const hint = sources.length > 0 ? `from ${sources.join(", ")}` : "";
  const only = ports[0];
  if (only === undefined) return { value: undefined, hint };
  if (ports.length === 1 && (only.port === "input" || only.port === "inputs")) return { value: only.value, hint };
  return { value: Object.fromEntries(ports.map((port) => [port.port, port.value])), hint };
}

export function outputOf({ graph, state, activations }: Omit<NodeDataProps, "onNeedActivations" | "recorded">, nodeId: string): { value: Json | undefined; hint: string } {
  const node = graph.nodes.find((candidate) => candidate.id === nodeId);
  const run = state.nodes[nodeId];
  if (node === undefined || run === undefined) return { value: undefined, hint: "" };
  if (node.type === "output") return { value: run.result, hint: `outputs.${node.name}` };
  const lit: JsonObject | null = litPorts(node, run, wiredErrors(graph).has(nodeId), activations.get(nodeId));
  if (lit === null) return { value: run.result, hint: "" };
  const ports = Object.keys(lit);
  if (ports.length === 0) return { value: undefined, hint: "" };
  if (ports.length === 1) return { value: lit[ports[0] ?? ""], hint: `at ${ports[0] ?? ""}` };
  return { value: lit, hint: `at ${ports.join(", ")}` };
}

export function DataTab(props: NodeDataProps & { events: readonly ExecutionEvent[]; revision: number; selected: string | null; onSelect: (nodeId: string | null) => void }) {
  const { graph, execution, state, selected, onSelect, onNeedActivations } = props;
  const run = selected === null ? undefined : state.nodes[selected];
  const ended = run?.endedAt ?? null;
  useEffect(onNeedActivations, [onNeedActivations, selected, ended]);
  const known = graph.nodes.some((node) => node.id === selected);
  const input = selected !== null && known ? inputOf(props, selected) : { value: execution?.inputs, hint: "what the run was started with" };
  const output = selected !== null && known ? outputOf(props, selected) : { value: state.endedAt === null && Object.keys(execution?.outputs ?? {}).length === 0 ? undefined : execution?.outputs, hint: "what output nodes received" };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="dock-filter">
        <label className="flex items-center gap-2 text-small text-ink-2">
          Data of
          <select className="select w-56" value={known ? (selected ?? "") : ""} onChange={(event) => onSelect(event.target.value || null)} aria-label="Data of">
            <option value="">the whole run</option>
            {graph.nodes.map((node) => <option key={node.id} value={node.id}>{node.name}</option>)}
          </select>
        </label>
      </div>
      <Recorded recorded={props.recorded} events={props.events} revision={props.revision} missing={isMissing(props, selected)} />
      <div className="data-pair">
        <DataView name="Input" value={input.value} hint={input.hint} empty={selected !== null && run === undefined ? "Nothing came in yet." : run?.phase === "skipped" ? "Nothing live came in, so it was skipped." : "Nothing came in."} />
        <DataView name="Output" value={output.value} hint={output.hint} empty={emptyOutput(run !== undefined, run?.phase === "skipped", run !== undefined && hasFailed(run.phase), ended !== null, selected === null)} />
      </div>
    </div>
  );
}

/** A node that has run, of which no record was read. */
export function isMissing({ state, activations }: Pick<NodeDataProps, "state" | "activations">, nodeId: string | null): boolean {
  return nodeId !== null && state.nodes[nodeId] !== undefined && state.nodes[nodeId].phase !== "skipped" && !activations.has(nodeId);
}

function emptyOutput(reached: boolean, skipped: boolean, failed: boolean, ended: boolean, wholeRun: boolean): string {
  if (wholeRun) return "No output node has received anything yet.";
  if (!reached) return "It has not run.";
  if (skipped) return "Skipped, so there is none.";
  if (failed) return "It failed, so there is none.";
  return ended ? "It gave nothing." : "It still runs.";
}
