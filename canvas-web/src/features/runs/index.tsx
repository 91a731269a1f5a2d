/** Runs: of one flow, of all, and one run on the canvas. */
export function FlowRunsPage() {
  return null;
}
export function RunsPage() {
  return null;
}
export function RunPage() {
  return null;
}
