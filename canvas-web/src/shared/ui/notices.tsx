/** Toasts and the polite live region. `toast()` and `announce()` may be called from anywhere. */
import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { create } from "zustand";
import { IconButton } from "./button";
import { StatusSign } from "./status";
import type { RunStatus } from "./statusWords";

export interface Toast {
  title: string;
  text?: string;
  status?: RunStatus;
  action?: { label: string; run: () => void };
  /** Stays until closed. Failures do by default. */
  sticky?: boolean;
}

interface Notices {
  toasts: (Toast & { id: number })[];
  spoken: { text: string; at: number };
}

const useNotices = create<Notices>(() => ({ toasts: [], spoken: { text: "", at: 0 } }));
let lastId = 0;

export function toast(notice: Toast): () => void {
  const id = ++lastId;
  const close = () => useNotices.setState((state) => ({ toasts: state.toasts.filter((other) => other.id !== id) }));
  useNotices.setState((state) => ({ toasts: [...state.toasts.slice(-3), { ...notice, id }] }));
  if (!(notice.sticky ?? notice.status === "failed")) window.setTimeout(close, notice.action ? 8000 : 5000);
  return close;
}

let queued: number | undefined;

/** Say it politely, at most once a second; the latest wins. `now` is for failures and waits. */
export function announce(text: string, now = false): void {
  const { spoken } = useNotices.getState();
  window.clearTimeout(queued);
  const wait = now ? 0 : Math.max(0, spoken.at + 1000 - Date.now());
  queued = window.setTimeout(() => useNotices.setState({ spoken: { text, at: Date.now() } }), wait);
}

export function NoticeHost() {
  const toasts = useNotices((state) => state.toasts);
  const spoken = useNotices((state) => state.spoken);
  return (
    <>
      <div className="sr-only" role="status" aria-live="polite" data-testid="live-region">
        <Spoken key={spoken.at} text={spoken.text} />
      </div>
      <section className="toasts" aria-label="Notices">
        {toasts.map((notice) => (
          <div key={notice.id} className="toast" role={notice.status === "failed" ? "alert" : "status"}>
            {notice.status && <StatusSign status={notice.status} />}
            <div className="min-w-0 flex-1">
              <div className="font-medium">{notice.title}</div>
              {notice.text && <div className="text-small text-ink-3 wrap-anywhere">{notice.text}</div>}
            </div>
            {notice.action && (
              <button type="button" className="link" onClick={notice.action.run}>
                {notice.action.label}
              </button>
            )}
            <IconButton
              icon={X}
              size="small"
              label="Close notice"
              onClick={() => useNotices.setState((state) => ({ toasts: state.toasts.filter((other) => other.id !== notice.id) }))}
            />
          </div>
        ))}
      </section>
    </>
  );
}

/** Mounted anew for each sentence, a tick late, so that screen readers notice a repeated one. */
function Spoken({ text }: { text: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = window.setTimeout(() => setSaid(text), 20);
    return () => window.clearTimeout(timer);
  }, [text]);
  return said;
}
