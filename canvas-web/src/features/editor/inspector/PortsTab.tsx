/** A node's ports: keys, types, defaults, channels, and how it waits for its inputs. Renaming a port takes its wires and channels along. */
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { PortChannels } from "./PortChannels";
import { changeNode, declaredOutputs, hasErrorPort, inputPorts, JOIN_MODES, joinMode, PORT_TYPES, portKeyProblem, type Port, type PortSide } from "@/document";
import { JsonField } from "@/shared/forms";
import type { FlowNode, InputPort, OutputPort } from "@/shared/protocol";
import { Button, IconButton, ProblemSign } from "@/shared/ui";
import { useMake } from "../context";

const joinWords = {
  all: "Waits until every wired input is decided, then runs with what arrived.",
  strict: "Needs every wired input; one that never comes skips this node.",
  any: "Runs with the first that arrives, and lets the others pass.",
} as const;

export function PortsTab({ node }: { node: FlowNode }) {
  const plan = useMake();
  const inputs = inputPorts(node);
  const outputs = declaredOutputs(node);
  const byCases = node.type === "condition";
  const setPorts = (side: PortSide, ports: readonly Port[]) =>
    plan((doc) => changeNode(doc, { ...node, ports: { ...node.ports, [side]: side === "inputs" ? ports.map(inputOf) : ports.map(outputOf) } }, "Change ports"), `ports ${node.id}`);
  return (
    <>
      {node.type === "trigger" ? (
        <section className="sect"><h3 className="sect-title">Inputs</h3><p className="m-0 text-ink-3">A trigger starts the flow: nothing goes into it.</p></section>
      ) : (
        <section className="sect">
          <h3 className="sect-title">Inputs <span className="count">{inputs.length}</span></h3>
          <PortRows node={node} side="inputs" ports={inputs} onChange={(ports) => setPorts("inputs", ports)} />
          {inputs.length > 1 && (
            <div className="field mt-3">
              <label className="field-label" htmlFor={`join-${node.id}`}>How it waits</label>
              <select
                id={`join-${node.id}`}
                className="select"
                value={joinMode(node)}
                onChange={(event) => plan((doc) => changeNode(doc, { ...node, annotations: { ...node.annotations, join: event.target.value } }, "Change how it waits"))}
              >
                {JOIN_MODES.map((mode) => <option key={mode} value={mode}>{mode === "all" ? "All, as far as they come" : mode === "strict" ? "All, strictly" : "The first"}</option>)}
              </select>
              <span className="help">{joinWords[joinMode(node)]}</span>
            </div>
          )}
        </section>
      )}
      {node.type !== "output" && (
        <section className="sect">
          <h3 className="sect-title">Outputs <span className="count">{outputs.length + (hasErrorPort(node) ? 1 : 0)}</span></h3>
          {byCases ? (
            <>
              <ul className="m-0 grid list-none gap-1 p-0">{outputs.map((port) => <li key={port.key}><span className="mono">{port.key}</span><PortChannels node={node} side="publishers" port={port.key} /></li>)}</ul>
              <p className="help m-0 mt-2">These follow from the condition’s settings.</p>
            </>
          ) : (
            <PortRows node={node} side="outputs" ports={outputs} onChange={(ports) => setPorts("outputs", ports)} />
          )}
          {hasErrorPort(node) && <p className="help m-0 mt-2"><span className="mono text-failed">error</span> is always there: wired, a failure goes along it instead of ending the run.</p>}
          {hasErrorPort(node) && <PortChannels node={node} side="publishers" port="error" />}
        </section>
      )}
    </>
  );
}

function PortRows({ node, side, ports, onChange }: { node: FlowNode; side: PortSide; ports: readonly Port[]; onChange: (ports: readonly Port[]) => void }) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <div className="grid gap-1.5">
      {ports.map((port, index) => (
        <div key={index} className="grid gap-1">
          <div className="port-row">
            <PortKey node={node} side={side} ports={ports} port={port} onChange={(key) => onChange(ports.with(index, { ...port, key, label: port.label === port.key ? key : port.label }))} />
            <select className="select" aria-label={`Type of ${port.key}`} value={port.type} onChange={(event) => onChange(ports.with(index, { ...port, type: event.target.value }))}>
              {PORT_TYPES.map((type) => <option key={type} value={type}>{type}</option>)}
            </select>
            <IconButton icon={X} size="small" label={`Remove ${port.key}`} disabled={ports.length === 1 && side === "inputs"} onClick={() => onChange(ports.toSpliced(index, 1))} />
          </div>
          {side === "inputs" &&
            (port.default !== undefined || open === port.key ? (
              <div className="flex items-start gap-1">
                <span className="help w-12 pt-1">default</span>
                <div className="min-w-0 flex-1">
                  <JsonField
                    label={`Default of ${port.key}`}
                    value={port.default}
                    minRows={1}
                    placeholder="none"
                    onChange={(value) => {
                      const bare: Port = { key: port.key, label: port.label, type: port.type };
                      onChange(ports.with(index, value === undefined ? bare : { ...bare, default: value }));
                    }}
                  />
                </div>
              </div>
            ) : (
              <button type="button" className="link justify-self-start text-micro" onClick={() => setOpen(port.key)}>Add a default</button>
            ))}
          <PortChannels node={node} side={side === "inputs" ? "subscribers" : "publishers"} port={port.key} />
        </div>
      ))}
      <Button size="small" tone="quiet" icon={Plus} className="justify-self-start" data-testid={`add-${side}`} onClick={() => onChange([...ports, freePort(ports, side)])}>
        Add {side === "inputs" ? "an input" : "an output"}
      </Button>
    </div>
  );
}

/** Kept while typing: a key that may not be is said, and not passed on. */
function PortKey({ node, side, ports, port, onChange }: { node: FlowNode; side: PortSide; ports: readonly Port[]; port: Port; onChange: (key: string) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? port.key;
  const problem = text === port.key ? null : ports.some((other) => other.key === text) ? "Another port has this key." : portKeyProblem(text, side, node.type);
  return (
    <div className="min-w-0">
      <input
        className="input mono"
        aria-label={`Key of ${port.key}`}
        aria-invalid={problem !== null}
        value={text}
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => {
          // What may not be stays as typed, with the reason under it; Escape brings the old key back.
          if (problem !== null) return;
          if (text !== port.key) onChange(text);
          setTyped(null);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") setTyped(null);
          if (event.key === "Enter") event.currentTarget.blur();
        }}
      />
      {problem !== null && <div className="help-bad mt-1"><ProblemSign /><span>{problem} The port is still called {port.key}.</span></div>}
    </div>
  );
}

const inputOf = ({ key, label, type, default: value }: Port): InputPort => ({ key, label, type, ...(value === undefined ? {} : { default: value }) });
const outputOf = ({ key, label, type }: Port): OutputPort => ({ key, label, type });

function freePort(ports: readonly Port[], side: PortSide): Port {
  const taken = new Set(ports.map((port) => port.key));
  const stem = side === "inputs" ? "input" : "out";
  for (let n = 2; ; n++) if (!taken.has(`${stem}_${n}`)) return { key: `${stem}_${n}`, label: `${stem}_${n}`, type: "any" };
}
