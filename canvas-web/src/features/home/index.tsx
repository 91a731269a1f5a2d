/** The list of flows. */
export { HomePage as default } from "./HomePage";
