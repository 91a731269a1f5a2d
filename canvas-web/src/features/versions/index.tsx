/** Versions of one flow: published ones, newest first, and the draft above them. */
export { VersionsPage as default } from "./VersionsPage";
