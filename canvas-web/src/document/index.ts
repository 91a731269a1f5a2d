/** The document: kernels return plans, `applyEdits` makes them. No framework, no I/O. */
export {
  addChannel, allWires, channelsAt, channelWires, endLabel, freeEnds, joinChannel, leaveChannel, listensTo, putChannel, removeChannel, shareChannel, type ChannelEnd, type ChannelSide, type ChannelWire,
} from "./channels";
export { connect, connectNodes, rewire, splice } from "./connect";
export { DEFAULT_ITERATIONS, forwardEdges, leadsBack, loopLabel, loopsAround, loopsOf, MOST_ITERATIONS, setLoop, type Loop } from "./loops";
export { noHistory, record, redo, undo, type History, type Step } from "./history";
export { applyEdits, emptyDoc, nodeOf, type Edit, type FlowDoc, type NewId, type Plan } from "./model";
export {
  addNode, changeNode, clipOf, COLUMN, duplicate, freeName, freePlace, GRID, isClip, moveNodes, NODE_WIDTH, paste, removeSelection, renameNode, ROW, snap,
  withHandler, type AddOptions, type Clip, type Point,
} from "./nodes";
export {
  declaredOutputs, ERROR_PORT, hasErrorPort, inputPorts, isUndecided, JOIN_MODES, joinMode, outputPorts, PORT_TYPES, portKeyProblem, typesFit, validCases,
  type JoinMode, type Port, type PortSide,
} from "./ports";
export { localProblems, mergeProblems, type ConfigCheck } from "./problems";
export { neighbour, outline, type Direction, type OutlineItem } from "./reach";
export { hiddenSubflowFields, setSubflowMode, subflowMode, type SubflowMode } from "./subflow";
