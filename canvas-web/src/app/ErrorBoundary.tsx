/** Catches a page that broke: names it, says that the flow is safe, offers one next step; the stack is folded below. */
import { Component, type ErrorInfo, type ReactNode } from "react";
import { Button } from "@/shared/ui";

export class ErrorBoundary extends Component<{ children: ReactNode; resetKey: string }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidCatch(error: Error, info: ErrorInfo) {
    console.error("page_broke", error, info.componentStack);
  }

  override componentDidUpdate(previous: { resetKey: string }) {
    if (previous.resetKey !== this.props.resetKey && this.state.error) this.setState({ error: null });
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="page">
        <div className="empty m-auto" role="alert">
          <h2>This page broke</h2>
          <p>Your flow is safe: what was saved is on the server, what was not is kept in this browser.</p>
          <div className="mt-2 flex gap-2">
            <Button tone="primary" onClick={() => window.location.reload()}>Load it again</Button>
          </div>
          <details className="mt-4 max-w-full text-left text-small text-ink-3">
            <summary>{error.message}</summary>
            <pre className="code mt-2">{error.stack}</pre>
          </details>
        </div>
      </main>
    );
  }
}
