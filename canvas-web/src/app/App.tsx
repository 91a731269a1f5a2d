/** The shell: routes, rail, notices, help. Pages are loaded when first opened. */
import { lazy, Suspense, useState } from "react";
import { BrowserRouter, Link, Route, Routes, useLocation } from "react-router";
import { Empty, NoticeHost, TooltipHost } from "@/shared/ui";
import { ErrorBoundary } from "./ErrorBoundary";
import { KeysOverlay } from "./KeysOverlay";
import { Rail } from "./Rail";
import { ServerBanner } from "./ServerBanner";

const HomePage = lazy(() => import("@/features/home"));
const EditorPage = lazy(() => import("@/features/editor"));
const VersionsPage = lazy(() => import("@/features/versions"));
const FlowRunsPage = lazy(() => import("@/features/runs").then((runs) => ({ default: runs.FlowRunsPage })));
const RunsPage = lazy(() => import("@/features/runs").then((runs) => ({ default: runs.RunsPage })));
const RunPage = lazy(() => import("@/features/runs").then((runs) => ({ default: runs.RunPage })));
const InboxPage = lazy(() => import("@/features/approvals").then((approvals) => ({ default: approvals.InboxPage })));
const WaitPage = lazy(() => import("@/features/approvals").then((approvals) => ({ default: approvals.WaitPage })));
const SchedulesPage = lazy(() => import("@/features/schedules"));

export function App() {
  return (
    <BrowserRouter basename="/canvas">
      <Shell />
    </BrowserRouter>
  );
}

function Shell() {
  const { pathname } = useLocation();
  const [help, setHelp] = useState(false);
  return (
    <div className="frame">
      <a className="skip-link btn btn-primary" href="#page">Skip to the page</a>
      <Rail path={pathname} onHelp={() => setHelp(true)} />
      <ErrorBoundary resetKey={pathname}>
        <div className="page" id="page">
          <ServerBanner />
          <Suspense fallback={null}>
            <Routes>
              <Route index element={<HomePage />} />
              <Route path="flows/:id" element={<EditorPage />} />
              <Route path="flows/:id/runs" element={<FlowRunsPage />} />
              <Route path="flows/:id/versions" element={<VersionsPage />} />
              <Route path="runs" element={<RunsPage />} />
              <Route path="runs/:id" element={<RunPage />} />
              <Route path="schedules" element={<SchedulesPage />} />
              <Route path="approvals" element={<InboxPage />} />
              <Route path="approvals/:id" element={<WaitPage />} />
              <Route path="*" element={<Nowhere />} />
            </Routes>
          </Suspense>
        </div>
      </ErrorBoundary>
      <KeysOverlay open={help} onOpen={() => setHelp(true)} onClose={() => setHelp(false)} />
      <NoticeHost />
      <TooltipHost />
    </div>
  );
}

function Nowhere() {
  return (
    <main className="m-auto">
      <Empty title="Nothing lives at this address" actions={<Link className="btn btn-primary" to="/">See all flows</Link>}>
        The flow or run may have been deleted, or the link was cut short.
      </Empty>
    </main>
  );
}
