/** A modal dialog on the browser's own <dialog>: focus is trapped, Escape closes, focus returns. */
import { X } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";
import { IconButton } from "./button";

export interface DialogProps {
  title: string;
  children: ReactNode;
  /** Buttons, the chosen one last. */
  footer?: ReactNode;
  onClose: () => void;
  width?: number;
  /** Form dialogs submit on Enter. */
  onSubmit?: () => void;
  testId?: string;
}

export function Dialog({ title, children, footer, onClose, width, onSubmit, testId }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) {
      dialog.showModal();
      // The first thing to fill in, else the chosen button: not the cross that closes.
      const first = dialog.querySelector<HTMLElement>(".dialog-body :is(input, textarea, select):not(:disabled)");
      (first ?? dialog.querySelector<HTMLElement>(".dialog-foot .btn-primary:not(:disabled), .dialog-foot .btn"))?.focus();
    }
    return () => dialog?.close();
  }, []);
  const inside = (
    <>
      <header className="dialog-head">
        <h2 className="flex-1 min-w-0">{title}</h2>
        <IconButton icon={X} size="small" label="Close" onClick={onClose} />
      </header>
      <div className="dialog-body">{children}</div>
      {footer && <footer className="dialog-foot">{footer}</footer>}
    </>
  );
  return (
    <dialog
      ref={element}
      className="dialog"
      aria-label={title}
      data-testid={testId}
      style={width ? { width } : undefined}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !onSubmit) return;
        event.preventDefault();
        onSubmit();
      }}
      onPointerDown={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      {onSubmit ? (
        <form
          className="contents"
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          {inside}
        </form>
      ) : (
        inside
      )}
    </dialog>
  );
}
