/** The editor of one flow. */
export { EditorPage as default } from "./EditorPage";
