/** Flows in which a node's name, note or handler says what is searched. Reads whole flows, only when asked to. */
import { useEffect, useState } from "react";
import type { Flow, FlowSummary } from "@/shared/protocol";
import { detailOf } from "./details";

const NOTHING: ReadonlySet<string> = new Set();

export function saysSo(flow: Pick<Flow, "nodes">, wanted: string): boolean {
  return flow.nodes.some((node) => [node.name, node.description ?? "", node.handlers["main"]?.entrypoint ?? ""].join("\n").toLowerCase().includes(wanted));
}

export function useNodeSearch(flows: readonly FlowSummary[] | null, text: string): ReadonlySet<string> {
  const [found, setFound] = useState<{ text: string; ids: ReadonlySet<string> } | null>(null);
  useEffect(() => {
    if (text === "" || flows === null) return;
    const wanted = text.trim().toLowerCase();
    let current = true;
    void Promise.all(flows.map((flow) => detailOf(flow).then((whole) => (saysSo(whole, wanted) ? flow.id : null), () => null))).then((ids) => {
      if (current) setFound({ text, ids: new Set(ids.filter((id) => id !== null)) });
    });
    return () => {
      current = false;
    };
  }, [flows, text]);
  return found !== null && found.text === text ? found.ids : NOTHING;
}
