/** `onError`: a handler that gets the last failure and may turn it into the node's result, before the error port does. */
import { Plus, X } from "lucide-react";
import { changeNode } from "@/document";
import { JsonField } from "@/shared/forms";
import type { FlowNode, Handler } from "@/shared/protocol";
import { Button, IconButton } from "@/shared/ui";
import { useEditor, useMake } from "../context";

const WAITS = /^core:(approval|timer|event|subflow)$/;

export function OnError({ node }: { node: FlowNode }) {
  const { catalogue } = useEditor();
  const plan = useMake();
  const handler = node.handlers["onError"];
  const put = (next: Handler | null, key: string | null) =>
    plan((doc) => {
      const handlers = Object.fromEntries(Object.entries(node.handlers).filter(([name]) => name !== "onError"));
      return changeNode(doc, { ...node, handlers: next === null ? handlers : { ...handlers, onError: next } }, next === null ? "Remove the error handler" : "Change the error handler");
    }, key);
  if (!handler) {
    return <Button size="small" tone="quiet" icon={Plus} className="mt-2" data-testid="add-on-error" onClick={() => put({ entrypoint: "core:map", config: { expression: "error.message" } }, null)}>Handle it with onError</Button>;
  }
  const choices = catalogue.filter((entry) => entry.node.type === "action" && !WAITS.test(entry.reference));
  return (
    <div className="grid gap-2 mt-3" data-testid="on-error">
      <div className="field">
        <label className="field-label" htmlFor={`on-error-${node.id}`}>Then onError runs<IconButton icon={X} size="small" label="Remove the error handler" className="ml-auto" onClick={() => put(null, null)} /></label>
        <input id={`on-error-${node.id}`} className="input mono" list={`on-error-list-${node.id}`} value={handler.entrypoint} spellCheck={false} onChange={(event) => put({ ...handler, entrypoint: event.target.value }, `onError ${node.id}`)} />
        <datalist id={`on-error-list-${node.id}`}>{choices.map((entry) => <option key={entry.reference} value={entry.reference}>{entry.node.name}</option>)}</datalist>
        <span className="help">A handler of the palette, or the dotted path of your function. It gets <span className="mono">error</span> and <span className="mono">inputs</span>; its result goes to this node’s ports. Where it fails too, the error port follows.</span>
      </div>
      <JsonField label="Config of onError" value={handler.config ?? {}} minRows={2} onChange={(value) => put({ ...handler, config: typeof value === "object" && value !== null && !Array.isArray(value) ? (value) : {} }, `onError config ${node.id}`)} />
    </div>
  );
}
