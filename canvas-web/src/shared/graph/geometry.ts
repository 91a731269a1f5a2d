/** Where everything on a card is, in canvas units. Editing and running share it. Pure. */
import { ERROR_PORT, hasErrorPort, inputPorts, NODE_WIDTH, outputPorts, type Port } from "@/document";
import type { FlowEdge, FlowNode } from "@/shared/protocol/types";

export const WIDTH = NODE_WIDTH;
export const HEAD = 40;
export const FOOT = 24;
export const ROW_HEIGHT = 24;
const rowsPadding = 4;
/** A lone port sits on the head's line. */
const headLine = HEAD / 2;
const firstRow = HEAD + FOOT + rowsPadding + ROW_HEIGHT / 2;
/** Where the error port waits while it is not shown: on the foot's line. */
const footLine = HEAD + FOOT / 2;

export interface PlacedPort extends Port {
  y: number;
  labelled: boolean;
  isError: boolean;
  /** There, but seen only while the card is pointed at or selected. */
  hidden: boolean;
}

export interface CardShape {
  height: number;
  rows: number;
  inputs: readonly PlacedPort[];
  outputs: readonly PlacedPort[];
}

/** `wired` tells whether a wire starts at the node's error port: then it is shown as a row. */
export function shapeOf(node: FlowNode, errorWired: boolean): CardShape {
  const showError = hasErrorPort(node) && (errorWired || node.annotations?.["errorPort"] === true);
  const inputs = inputPorts(node);
  const all = outputPorts(node);
  const outputs = showError ? all : all.filter((port) => !(port.key === ERROR_PORT && hasErrorPort(node)));
  const placedInputs = place(inputs, node);
  const placedOutputs = place(outputs, node);
  if (hasErrorPort(node) && !showError) {
    placedOutputs.push({ key: ERROR_PORT, label: ERROR_PORT, type: "any", y: footLine, labelled: false, isError: true, hidden: true });
  }
  const rows = Math.max(inputs.length > 1 ? inputs.length : 0, outputs.length > 1 ? outputs.length : 0);
  return { height: HEAD + FOOT + (rows > 0 ? rows * ROW_HEIGHT + 2 * rowsPadding : 0), rows, inputs: placedInputs, outputs: placedOutputs };
}

function place(ports: readonly Port[], node: FlowNode): PlacedPort[] {
  const labelled = ports.length > 1;
  return ports.map((port, index) => ({
    ...port,
    y: labelled ? firstRow + index * ROW_HEIGHT : headLine,
    labelled,
    isError: port.key === ERROR_PORT && hasErrorPort(node),
    hidden: false,
  }));
}

/** Node ids whose error port a wire starts at. */
export function errorWired(nodes: readonly FlowNode[], edges: readonly FlowEdge[]): ReadonlySet<string> {
  const actions = new Set(nodes.filter(hasErrorPort).map((node) => node.id));
  return new Set(edges.filter((edge) => edge.source.port === ERROR_PORT && actions.has(edge.source.nodeId)).map((edge) => edge.source.nodeId));
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function boundsOf(rects: readonly Rect[]): Rect {
  if (rects.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const x = Math.min(...rects.map((rect) => rect.x));
  const y = Math.min(...rects.map((rect) => rect.y));
  return {
    x,
    y,
    width: Math.max(...rects.map((rect) => rect.x + rect.width)) - x,
    height: Math.max(...rects.map((rect) => rect.y + rect.height)) - y,
  };
}
