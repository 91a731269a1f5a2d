/** Every key, on `?`. */
import { useEffect } from "react";
import { Dialog, Keys } from "@/shared/ui";

const groups: { title: string; keys: [string, string][] }[] = [
  {
    title: "Anywhere",
    keys: [["Ctrl+K", "Command bar"], ["F6", "Next part of the page"], ["?", "These keys"]],
  },
  {
    title: "Draw",
    keys: [
      ["Tab", "Add a node, also /"],
      ["C", "Connect from this node"],
      ["Arrows", "Walk along the wires"],
      ["Alt+Arrows", "Move the selected nodes"],
      ["Enter", "Open the inspector"],
      ["Esc", "Back to the canvas"],
      ["F2", "Rename"],
      ["Ctrl+D", "Duplicate"],
      ["Ctrl+C", "Copy, Ctrl+V pastes"],
      ["Del", "Delete"],
      ["Ctrl+A", "Select everything"],
      ["Ctrl+Z", "Undo, with Shift redo"],
    ],
  },
  {
    title: "See and run",
    keys: [
      ["Ctrl+Enter", "Run"],
      ["Ctrl+S", "Save now"],
      ["Ctrl+F", "Find a node and jump"],
      ["1", "Fit everything"],
      ["Shift+L", "Tidy up"],
      ["Shift+C", "Show channels"],
      ["O", "Outline"],
    ],
  },
];

export function KeysOverlay({ open, onOpen, onClose }: { open: boolean; onOpen: () => void; onClose: () => void }) {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "?" || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      onOpen();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [onOpen]);
  if (!open) return null;
  return (
    <Dialog title="Keys" onClose={onClose} width={640} testId="keys">
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
        {groups.map((group) => (
          <section key={group.title} className={group.title === "Draw" ? "sm:row-span-2" : ""}>
            <h3 className="sect-title">{group.title}</h3>
            <dl className="m-0 grid gap-1">
              {group.keys.map(([keys, does]) => (
                <div key={keys} className="flex items-center gap-3">
                  <dt className="w-24 shrink-0"><Keys of={keys} /></dt>
                  <dd className="m-0 text-ink-2">{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
