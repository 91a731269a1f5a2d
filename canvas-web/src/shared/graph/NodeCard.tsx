/** A node's card: head, foot, port rows. The same card while editing and while running; only the foot changes. */
import { Handle, Position, useStore, type Node, type NodeProps } from "@xyflow/react";
import { memo, type ReactNode } from "react";
import type { FlowNode, Problem } from "@/shared/protocol/types";
import { duration, KindTile, ProblemSign, StatusSign, statusWord, type KindLook } from "@/shared/ui";
import type { ChannelTag } from "./channels";
import { ChannelTags, type OpenTag } from "./ChannelTags";
import type { CardShape, PlacedPort } from "./geometry";
import { ROW_HEIGHT } from "./geometry";
import { levelOf, type Level } from "./level";
import { NameField } from "./NameField";
import type { Summary } from "./summary";
import { useNow } from "./ticker";
import type { NodeRunState } from "./types";

export interface CardData extends Record<string, unknown> {
  node: FlowNode;
  shape: CardShape;
  look: KindLook;
  summary: Summary;
  mode: "edit" | "run";
  run: NodeRunState | undefined;
  problem: Problem | undefined;
  wired: ReadonlySet<string>;
  /** The only one selected: it shows its tools. */
  tools: ReactNode;
  renaming: boolean;
  onRename: ((name: string | null) => void) | undefined;
  tags: readonly ChannelTag[] | undefined;
  onTag: (open: OpenTag) => void;
}

export type CardNode = Node<CardData, "card">;

export const NodeCard = memo(function NodeCard({ data, selected, dragging }: NodeProps<CardNode>) {
  const level = useStore((state) => levelOf(state.transform[2]));
  const { node, shape, run, problem, mode } = data;
  const status = mode === "run" ? (run?.status ?? "queued") : null;
  const classes = [
    "card",
    `lod-${level}`,
    status ? `runs s-${status}` : "",
    selected ? "selected" : "",
    dragging ? "dragging" : "",
    problem?.severity === "error" && mode === "edit" ? "problem" : "",
    node.type === "subflow" && run?.progress ? "stack" : "",
  ].filter(Boolean).join(" ");

  return (
    <div className={classes} data-testid={`node-${node.name}`} data-node-id={node.id} data-status={status ?? undefined}>
      {data.tools && level !== "signal" && !dragging && <Tools>{data.tools}</Tools>}
      {level === "signal" ? <Block data={data} /> : <Body data={data} level={level} />}
      {shape.inputs.map((port) => <PortHandle key={`in-${port.key}`} port={port} side="target" wired={data.wired.has(`in:${port.key}`)} editable={data.onRename !== undefined} />)}
      {shape.outputs.map((port) => <PortHandle key={`out-${port.key}`} port={port} side="source" wired={data.wired.has(`out:${port.key}`)} editable={data.onRename !== undefined} />)}
      {data.tags && level !== "signal" && <ChannelTags nodeId={node.id} name={node.name} tags={data.tags} onOpen={data.onTag} />}
    </div>
  );
});

/** Over the card, the same size on screen at every zoom. */
function Tools({ children }: { children: ReactNode }) {
  const zoom = useStore((state) => state.transform[2]);
  return <div className="card-tools" style={{ transform: `scale(${1 / zoom})` }}>{children}</div>;
}

function Body({ data, level }: { data: CardData; level: Level }) {
  const { node, shape, run, problem, mode } = data;
  return (
    <>
      {problem && mode === "edit" && (
        <span className="card-badge" title={problem.message}>
          <ProblemSign severity={problem.severity} />
        </span>
      )}
      <div className="card-head">
        <KindTile look={data.look} />
        {data.renaming && data.onRename ? <NameField name={node.name} onDone={data.onRename} /> : <span className="card-name">{node.name}</span>}
      </div>
      {mode === "run" ? <StateFoot run={run} /> : <SettingFoot summary={data.summary} problem={problem} />}
      {shape.rows > 0 && (
        <div className="card-ports" style={{ height: shape.rows * ROW_HEIGHT + 8 }}>
          {Array.from({ length: shape.rows }, (_, row) => (
            <div key={row} className="card-port-row">
              <span className="cut">{labelOf(shape.inputs[row])}</span>
              <span className={`cut ${shape.outputs[row]?.isError ? "error" : ""}`}>{labelOf(shape.outputs[row])}</span>
            </div>
          ))}
        </div>
      )}
      {mode === "run" && run && (run.lines?.length || run.progress) ? <Extra run={run} level={level} /> : null}
    </>
  );
}

const labelOf = (port: PlacedPort | undefined) => (port?.labelled ? port.label : "");

function SettingFoot({ summary, problem }: { summary: Summary; problem: Problem | undefined }) {
  if (problem?.severity === "error") return <div className="card-foot"><span className="cut">{problem.message}</span></div>;
  return (
    <div className={`card-foot ${summary.code ? "code-foot" : ""}`}>
      <span className="cut">{summary.text}</span>
    </div>
  );
}

function StateFoot({ run }: { run: NodeRunState | undefined }) {
  const status = run?.status ?? "queued";
  const word = run ? (run.word ?? statusWord[status]) : "Not started";
  return (
    <div className="card-foot state">
      <StatusSign status={status} />
      <span className="cut">{word}</span>
      {run?.round !== undefined && <span className="round">{run.round}</span>}
      {run?.time !== undefined ? <span className="time">{run.time}</span> : run?.since !== undefined ? <Elapsed since={run.since} /> : null}
    </div>
  );
}

function Elapsed({ since }: { since: number }) {
  const now = useNow();
  return <span className="time">{duration(Math.max(1, now - since))}</span>;
}

function Extra({ run, level }: { run: NodeRunState; level: Level }) {
  if (level === "signal") return null;
  const { progress, lines } = run;
  return (
    <div className="card-extra">
      {progress && (
        <>
          <div className="flex justify-between gap-1.5 whitespace-nowrap">
            <b className="font-semibold">{(progress.done + progress.failed).toLocaleString("en")}{progress.total === null ? " done" : ` / ${progress.total.toLocaleString("en")}`}</b>
            {progress.running > 0 && (progress.total ?? 0) < 10_000 && <span>{progress.running} running</span>}
            {progress.failed > 0 && <span className="text-failed">{progress.failed.toLocaleString("en")} failed</span>}
          </div>
          <div className="bar" aria-hidden>
            {(["done", "failed", "running"] as const).map((key) =>
              progress[key] > 0 ? <i key={key} style={{ width: `max(3px, ${(100 * progress[key]) / Math.max(1, progress.total ?? progress.done + progress.failed + progress.running)}%)`, background: `var(--bar-${key})` }} /> : null,
            )}
          </div>
        </>
      )}
      {lines && lines.length > 0 && <div className="card-lines">{lines.slice(-3).map((line, index, shown) => <div key={index} className="cut">{index === shown.length - 1 ? endOf(line) : line}</div>)}</div>}
    </div>
  );
}

/** Of the line that grows, its end: that is where something happens. */
const LETTERS = 30;
const endOf = (line: string) => (line.length > LETTERS ? `…${line.slice(-LETTERS)}` : line);

/** Under 0.4: state alone. Solid for what happened or happens, hollow for the rest. */
function Block({ data }: { data: CardData }) {
  const { look, mode, run, problem } = data;
  if (mode === "edit") {
    const Icon = look.icon;
    return <div className={`signal k-${look.kind}`}>{problem?.severity === "error" ? <ProblemSign /> : <Icon className="signal-icon" aria-hidden />}</div>;
  }
  const status = run?.status ?? "queued";
  const solid = !["queued", "skipped", "cancelled", "stale"].includes(status);
  return <div className={`signal s-${status}`}><StatusSign status={status} solid={solid} /></div>;
}

function PortHandle({ port, side, wired, editable }: { port: PlacedPort; side: "source" | "target"; wired: boolean; editable: boolean }) {
  return (
    <Handle
      id={port.key}
      type={side}
      position={side === "source" ? Position.Right : Position.Left}
      className={`port ${wired ? "wired" : ""} ${port.isError ? "is-error" : ""} ${port.hidden ? "is-hidden" : ""}`}
      style={{ top: port.y }}
      isConnectable={editable}
      data-port={port.key}
      data-side={side}
      data-tip={port.labelled ? undefined : `${port.label}${port.type === "any" ? "" : `: ${port.type}`}`}
    />
  );
}
