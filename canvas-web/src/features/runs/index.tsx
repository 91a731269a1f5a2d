/** Runs: of one flow, of all, and one run on the canvas. */
export { RunDock, type DockTab, type RunDockProps } from "./RunDock";
export { RunPage } from "./RunPage";
export { FlowRunsPage, RunsPage } from "./RunsPage";
