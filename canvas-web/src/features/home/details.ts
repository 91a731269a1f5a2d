/** Whole flows for rows that are in view: read a few at a time, kept as long as the flow does not change. */
import { useEffect, useState } from "react";
import { api, type Flow, type FlowSummary } from "@/shared/protocol";

const AT_ONCE = 4;
const kept = new Map<string, { updatedAt: string; flow: Promise<Flow> }>();
const queue: (() => void)[] = [];
let active = 0;

async function turn<T>(work: () => Promise<T>): Promise<T> {
  if (active >= AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve));
  active += 1;
  try {
    return await work();
  } finally {
    active -= 1;
    queue.shift()?.();
  }
}

export function detailOf({ id, updatedAt }: Pick<FlowSummary, "id" | "updatedAt">): Promise<Flow> {
  const known = kept.get(id);
  if (known?.updatedAt === updatedAt) return known.flow;
  const flow = turn(() => api.flows.get(id)).then(({ data }) => data);
  kept.set(id, { updatedAt, flow });
  // A failure is not kept: the next look asks again.
  flow.catch(() => kept.delete(id));
  return flow;
}

/** The whole flow once it is wanted and here. The one of an older save is shown until the newer one came. */
export function useDetail(flow: FlowSummary, wanted: boolean): Flow | null {
  const [detail, setDetail] = useState<Flow | null>(null);
  const { id, updatedAt } = flow;
  useEffect(() => {
    if (!wanted) return;
    let current = true;
    detailOf({ id, updatedAt }).then(
      (whole) => {
        if (current) setDetail(whole);
      },
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [id, updatedAt, wanted]);
  return detail?.id === id ? detail : null;
}
