/** Connecting by keyboard: every pair of ports a wire may join from this node, nearest first; arrows choose, Enter wires. */
import { useMemo } from "react";
import { connect, inputPorts, nodeOf, outputPorts } from "@/document";
import { KindTile, kindOf } from "@/shared/ui";
import { entryOf, useDraft, useEditor, useMake } from "./context";
import { newId } from "./draft";
import { Picker, type Choice } from "./Picker";

export function ConnectPicker({ from }: { from: string }) {
  const { panels, graph, catalogue } = useEditor();
  const doc = useDraft((state) => state.doc);
  const plan = useMake();
  const source = nodeOf(doc, from);
  const choices = useMemo((): Choice[] => {
    if (!source) return [];
    const near = doc.nodes.toSorted((a, b) => distance(a.position, source.position) - distance(b.position, source.position));
    const outputs = outputPorts(source);
    return outputs.flatMap((output) =>
      near.flatMap((target) =>
        inputPorts(target).flatMap((input): Choice[] => {
          const [a, b] = [{ nodeId: from, port: output.key }, { nodeId: target.id, port: input.key }];
          const made = connect(doc, a, b, newId);
          if (!made.ok && !made.offer) return [];
          return [{
            id: `${output.key} ${target.id} ${input.key}`,
            label: `${outputs.length > 1 ? `${output.key} → ` : ""}${target.name}${made.ok ? "" : ", as a loop"}`,
            detail: [inputPorts(target).length > 1 ? `at ${input.key}` : "", made.ok ? (made.warning ?? "") : "leads back"].filter(Boolean).join(" · "),
            icon: <KindTile look={kindOf(target.type, target.handlers["main"]?.entrypoint, entryOf(catalogue, target)?.ui)} />,
            run: () => {
              plan((now) => connect(now, a, b, newId));
              graph.view?.focus();
            },
          }];
        }),
      ),
    );
  }, [doc, source, from, catalogue, plan, graph]);
  if (!source) return null;
  return (
    <Picker
      title={`Connect ${source.name} to`}
      placeholder={`Connect ${source.name} to…`}
      choices={choices}
      empty="No wire may go from here: every node is wired already, or starts the flow."
      onClose={() => panels.setState({ connecting: null })}
    />
  );
}

const distance = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y) + (a.x < b.x ? 400 : 0);
