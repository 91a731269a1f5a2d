/** Zoom, fit, tidy and channels, in the canvas's lower left corner. */
import { useReactFlow, useStore } from "@xyflow/react";
import { Maximize, Minus, Network, Plus, Radio } from "lucide-react";
import { reduced } from "./motion";

export function ZoomTools({ onFit, onTidy, channels }: { onFit: () => void; onTidy: (() => void) | undefined; channels: { shown: boolean; onToggle: () => void } | null }) {
  const zoom = useStore((state) => state.transform[2]);
  const { zoomIn, zoomOut, zoomTo } = useReactFlow();
  const slow = { duration: reduced() ? 0 : 140 };
  return (
    <div className="toolcluster" role="group" aria-label="View">
      <button type="button" aria-label="Zoom out" data-tip="Zoom out" data-keys="-" onClick={() => void zoomOut(slow)}><Minus className="icon" /></button>
      <button type="button" className="zoom" aria-label="Zoom to 100 %" data-tip="Zoom to 100 %" data-keys="0" onClick={() => void zoomTo(1, slow)}>{Math.round(zoom * 100)} %</button>
      <button type="button" aria-label="Zoom in" data-tip="Zoom in" data-keys="+" onClick={() => void zoomIn(slow)}><Plus className="icon" /></button>
      <button type="button" aria-label="Fit everything" data-tip="Fit everything" data-keys="1" onClick={onFit}><Maximize className="icon" /></button>
      {onTidy && <button type="button" aria-label="Tidy up" data-tip="Tidy up" data-keys="Shift+L" onClick={onTidy}><Network className="icon" /></button>}
      {channels && <button type="button" aria-label="Show channels" aria-pressed={channels.shown} data-testid="channels-toggle" data-tip={channels.shown ? "Hide channels" : "Show channels"} data-keys={onTidy && "Shift+C"} onClick={channels.onToggle}><Radio className="icon" /></button>}
    </div>
  );
}
