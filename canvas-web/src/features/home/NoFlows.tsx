/** The page before the first flow. */
import { CirclePlay, Plus } from "lucide-react";
import { Button } from "@/shared/ui";

export function NoFlows({ busy, onNew, onExample, example }: { busy: boolean; onNew: () => void; onExample: () => void; example: string }) {
  return (
    <section className="home-none" data-testid="home-empty">
      <svg width="208" height="72" viewBox="0 0 208 72" fill="none" aria-hidden>
        <rect x=".75" y="22" width="62" height="28" rx="5" fill="var(--surface-raised)" stroke="var(--line-control)" />
        <rect x="8" y="29" width="14" height="14" rx="2.5" fill="var(--kind-trigger)" opacity=".8" />
        <path d="M28 36h24" stroke="var(--line-control)" strokeWidth="2" strokeLinecap="round" />
        <path d="M63 36h76" stroke="var(--edge-idle)" strokeWidth="1.5" strokeDasharray="4 4" />
        <path d="m134 31 6 5-6 5Z" fill="var(--edge-idle)" />
        <rect x="145" y="22" width="62" height="28" rx="5" stroke="var(--line-control)" strokeDasharray="4 3" />
        <path d="M176 30v12M170 36h12" stroke="var(--ink-3)" strokeWidth="1.5" strokeLinecap="round" />
      </svg>
      <h2>Nothing here yet. Draw your first flow.</h2>
      <p>A flow starts with a trigger, does some work and gives a result.<br />You can run it after two minutes, and it picks up where it was after a crash.</p>
      <div className="home-none-actions">
        <Button tone="primary" size="large" icon={Plus} disabled={busy} onClick={onNew} data-testid="home-first-flow">New flow</Button>
        <Button size="large" icon={CirclePlay} disabled={busy} onClick={onExample}>Show me: {example}</Button>
      </div>
      <p className="text-small text-ink-3">Or drop an exported flow anywhere on this page. Importing runs nothing.</p>
    </section>
  );
}
