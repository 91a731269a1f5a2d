/** The graph both the editor and the run view draw: same cards, same wires, same geometry. */
export { GraphView } from "./GraphView";
export { NameField } from "./NameField";
export { summaryOf } from "./summary";
export { PALETTE_MIME } from "./types";
export type {
  ConnectCheck, EdgeState, GraphEditing, GraphFlow, GraphHandle, GraphSelection, GraphViewProps, MenuTarget, NodeRunState, PortEnd,
} from "./types";
export { shapeFor } from "./shapes";
