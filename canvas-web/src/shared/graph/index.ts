/** The graph both the editor and the run view draw: same cards, same wires, same geometry. */
export { GraphView } from "./GraphView";
export { PALETTE_MIME } from "./types";
export type { ConnectCheck, EdgeState, GraphEditing, GraphFlow, GraphSelection, GraphViewProps, NodeCommand, NodeRunState, PortEnd } from "./types";
