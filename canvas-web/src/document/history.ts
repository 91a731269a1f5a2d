/** Undo and redo: a stack of inverse edits. Steps of one gesture, named by a key, become one. Pure. */
import { applyEdits, type Edit, type FlowDoc } from "./model";

export interface Step {
  label: string;
  undo: readonly Edit[];
  redo: readonly Edit[];
  /** Steps with the same key within a moment become one: typing into one field, nudging by arrows. */
  key: string | null;
  at: number;
}

export interface History {
  past: readonly Step[];
  future: readonly Step[];
}

export const noHistory: History = { past: [], future: [] };

const kept = 200;
const moment = 1200;

export function record(history: History, step: Step): History {
  const last = history.past.at(-1);
  if (last && step.key !== null && last.key === step.key && step.at - last.at < moment && history.future.length === 0) {
    const merged: Step = { ...last, undo: [...step.undo, ...last.undo], redo: [...last.redo, ...step.redo], at: step.at };
    return { past: history.past.with(-1, merged), future: [] };
  }
  return { past: [...history.past.slice(1 - kept), step], future: [] };
}

export function undo(doc: FlowDoc, history: History): { doc: FlowDoc; history: History; label: string } | null {
  const step = history.past.at(-1);
  if (!step) return null;
  return {
    doc: applyEdits(doc, step.undo).doc,
    history: { past: history.past.slice(0, -1), future: [...history.future, { ...step, key: null }] },
    label: step.label,
  };
}

export function redo(doc: FlowDoc, history: History): { doc: FlowDoc; history: History; label: string } | null {
  const step = history.future.at(-1);
  if (!step) return null;
  return {
    doc: applyEdits(doc, step.redo).doc,
    history: { past: [...history.past, { ...step, key: null }], future: history.future.slice(0, -1) },
    label: step.label,
  };
}
