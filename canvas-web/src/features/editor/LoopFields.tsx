/** How often a loop goes round: its bound, and by a condition whether once more. Shared by the offer and the inspector. */
import { MOST_ITERATIONS } from "@/document";
import { CodeField } from "@/shared/forms";
import type { LoopSettings } from "@/shared/protocol";

export function LoopFields({ id, loop, ports, onChange }: { id: string; loop: LoopSettings; ports: readonly string[]; onChange: (loop: LoopSettings) => void }) {
  return (
    <div className="grid gap-3">
      <div className="field">
        <label className="field-label" htmlFor={`${id}-most`}>Rounds at most</label>
        <div className="input-box w-32">
          <input
            id={`${id}-most`}
            inputMode="numeric"
            data-testid="loop-iterations"
            value={loop.maxIterations}
            onChange={(event) => {
              const digits = Number(event.target.value.replace(/\D/g, "").slice(0, 7));
              onChange({ ...loop, maxIterations: Math.max(1, Math.min(MOST_ITERATIONS, digits)) });
            }}
          />
        </div>
        <span className="help">A run that would go round once more fails with MaxIterations and names this loop.</span>
      </div>
      <div className="field">
        <label className="field-label" htmlFor={`${id}-while`}>Again while <span className="count">optional, CEL</span></label>
        <CodeField
          id={`${id}-while`}
          expression
          testId="loop-while"
          value={loop.while ?? ""}
          placeholder={`${ports[0] ?? "input"}.score < 0.8`}
          onChange={(text) => onChange(text.trim() === "" ? { maxIterations: loop.maxIterations } : { ...loop, while: text })}
        />
        <span className="help">Over what would go in next: {ports.map((port) => <span key={port}><span className="mono">{port}</span>, </span>)}and <span className="mono">inputs</span> as a whole. True goes round again, false lets the other wires of the same port go on. Left empty, each value that comes along this wire goes round.</span>
      </div>
    </div>
  );
}
