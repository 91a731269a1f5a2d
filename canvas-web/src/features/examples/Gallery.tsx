/** The examples as cards, each with the picture of its own graph. A click makes a flow of it and opens it. */
import { type Example, EXAMPLES } from "./examples";
import { MiniGraph } from "./MiniGraph";
import "./examples.css";

export function Gallery({ busy, onPick }: { busy: string | null; onPick: (example: Example) => void }) {
  return (
    <ul className="gallery">
      {EXAMPLES.map((example) => (
        <li key={example.slug}>
          <button type="button" className="example" data-testid={`example-${example.slug}`} disabled={busy !== null} aria-busy={busy === example.slug} onClick={() => onPick(example)}>
            <span className="example-picture"><MiniGraph nodes={example.document.nodes} edges={example.document.edges} /></span>
            <span className="example-words">
              <span className="font-semibold">{example.document.name}</span>
              <span className="text-small text-ink-3">{busy === example.slug ? "Making your copy" : example.line}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
