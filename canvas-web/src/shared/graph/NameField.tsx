/** A name typed in place: Enter or leaving keeps it, Escape leaves it as it was. */
import { useRef, useState } from "react";

export function NameField({ name, onDone, className = "card-name-field" }: { name: string; onDone: (name: string | null) => void; className?: string }) {
  const [text, setText] = useState(name);
  const done = useRef(false);
  const finish = (value: string | null) => {
    if (done.current) return;
    done.current = true;
    onDone(value);
  };
  return (
    <input
      className={`nodrag nopan ${className}`}
      value={text}
      aria-label={`Name of ${name}`}
      maxLength={200}
      ref={(input) => {
        if (!input || input.dataset["ready"]) return;
        input.dataset["ready"] = "yes";
        input.focus();
        input.select();
      }}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => finish(text)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(text);
        if (event.key === "Escape") finish(null);
      }}
    />
  );
}
