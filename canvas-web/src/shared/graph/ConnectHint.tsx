/** While a wire is drawn: the line that follows the pointer, and at the pointer why it may not end there. */
import { useConnection, type ConnectionLineComponentProps } from "@xyflow/react";
import type { CardNode } from "./NodeCard";
import { pathOf, simpleRoute } from "./routing";
import type { GraphEditing } from "./types";

/** From a port's middle to its edge. */
const portEdge = 5;

export function DrawnWire({ fromX, fromY, toX, toY, fromHandle, connectionStatus }: ConnectionLineComponentProps<CardNode>) {
  const forward = fromHandle.type === "source";
  const start = { x: fromX + (forward ? portEdge : -portEdge), y: fromY };
  const end = { x: toX, y: toY };
  const route = forward ? simpleRoute(start, end) : simpleRoute(end, start);
  return <path className={`wire-drawn ${connectionStatus === "invalid" ? "refused" : ""}`} d={pathOf(route)} fill="none" />;
}

export function ConnectHint({ check }: { check: GraphEditing["check"] }) {
  const connection = useConnection<CardNode>();
  if (!connection.inProgress || !connection.toHandle) return null;
  const { fromHandle, toHandle, pointer } = connection;
  const forward = fromHandle.type === "source";
  const near = { nodeId: fromHandle.nodeId, port: fromHandle.id ?? "" };
  const far = { nodeId: toHandle.nodeId, port: toHandle.id ?? "" };
  if (fromHandle.type === toHandle.type) {
    return near.nodeId === far.nodeId && near.port === far.port ? null : <Hint at={pointer} text={forward ? "This is an output too: a wire ends at an input." : "This is an input too: a wire starts at an output."} ok={false} />;
  }
  const { ok, reason } = forward ? check(near, far) : check(far, near);
  return reason ? <Hint at={pointer} text={reason} ok={ok} /> : null;
}

/** `at` is in pixels from the canvas's corner. */
function Hint({ at, text, ok }: { at: { x: number; y: number }; text: string; ok: boolean }) {
  return (
    <div className={`connect-hint ${ok ? "" : "refused"}`} role="status" style={{ left: at.x + 14, top: at.y + 14 }}>
      {text}
    </div>
  );
}
