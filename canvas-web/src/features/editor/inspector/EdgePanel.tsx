/** A wire in the inspector: where it leads, and, where it leads back, its loop. */
import { Repeat, Trash2, X } from "lucide-react";
import { DEFAULT_ITERATIONS, inputPorts, leadsBack, loopsOf, nodeOf, removeSelection, setLoop } from "@/document";
import type { FlowEdge } from "@/shared/protocol";
import { Banner, Button, IconButton, ProblemSign } from "@/shared/ui";
import { useDraft, useEditor, useMake, useProblems } from "../context";
import { nothingSelected, select } from "../draft";
import { LoopFields } from "../LoopFields";

export function EdgePanel({ edge, onClose }: { edge: FlowEdge; onClose: () => void }) {
  const { draft, graph } = useEditor();
  const doc = useDraft((state) => state.doc);
  const plan = useMake();
  const problems = useProblems();
  const source = nodeOf(doc, edge.source.nodeId);
  const target = nodeOf(doc, edge.target.nodeId);
  const index = doc.edges.findIndex((other) => other.id === edge.id);
  const mine = problems.filter(({ pointer }) => pointer === `/edges/${index}` || pointer.startsWith(`/edges/${index}/`));
  const back = leadsBack(doc.edges.filter((other) => other.id !== edge.id), edge.source.nodeId, edge.target.nodeId);
  const loop = edge.loop ? loopsOf(doc).find((other) => other.header === edge.target.nodeId) : undefined;
  const show = (id: string) => {
    select(draft, [id]);
    graph.view?.jump(id);
  };
  return (
    <>
      <header className="inspector-head">
        <h2 className="inspector-title">{edge.loop ? "Loop" : "Wire"}</h2>
        <IconButton icon={Trash2} label="Delete" keys="Del" onClick={() => { plan((now) => removeSelection(now, new Set(), new Set([edge.id]))); draft.setState({ selection: nothingSelected }); }} />
        <IconButton icon={X} label="Close" keys="Esc" onClick={onClose} />
      </header>
      <div className="inspector-body" data-testid="wire-panel">
        {mine.length > 0 && (
          <section className="sect grid gap-2">
            {mine.map((problem, at) => <Banner key={at} status={problem.severity === "error" ? "failed" : "waiting"} sign={<ProblemSign severity={problem.severity} />}>{problem.message}</Banner>)}
          </section>
        )}
        <section className="sect">
          <dl className="facts">
            <dt>From</dt><dd><button type="button" className="link" onClick={() => show(edge.source.nodeId)}>{source?.name ?? "a node that is gone"}</button> <span className="mono text-ink-3">{edge.source.port}</span></dd>
            <dt>{edge.loop ? "Back to" : "To"}</dt><dd><button type="button" className="link" onClick={() => show(edge.target.nodeId)}>{target?.name ?? "a node that is gone"}</button> <span className="mono text-ink-3">{edge.target.port}</span></dd>
            {loop && <><dt>Each round</dt><dd>{doc.nodes.filter((node) => loop.body.has(node.id)).map((node) => node.name).join(", ")}</dd></>}
          </dl>
        </section>
        {edge.loop && target && (
          <section className="sect">
            <LoopFields id={`loop-${edge.id}`} loop={edge.loop} ports={inputPorts(target).map((port) => port.key)} onChange={(next) => plan((now) => setLoop(now, edge.id, next), `loop ${edge.id}`)} />
            {loop && loop.backEdges.length > 1 && <p className="help m-0 mt-3">{loop.backEdges.length} wires lead back to {target.name}: together they are one loop, and its bound is the smallest, {loop.maxIterations}.</p>}
            {!back && <Button size="small" className="mt-3" onClick={() => plan((now) => setLoop(now, edge.id, null))}>Make it a plain wire</Button>}
          </section>
        )}
        {!edge.loop && (
          <section className="sect">
            {back ? (
              <Button icon={Repeat} data-testid="wire-make-loop" onClick={() => plan((now) => setLoop(now, edge.id, { maxIterations: DEFAULT_ITERATIONS }))}>Make it a loop</Button>
            ) : (
              <p className="m-0 text-ink-3">What leaves {source?.name} at {edge.source.port} goes into {target?.name} at {edge.target.port}. Draw a wire back to a node before it, and it becomes a loop.</p>
            )}
          </section>
        )}
      </div>
    </>
  );
}
