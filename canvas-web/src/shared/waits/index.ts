/** What waits for people, events and the clock: lists, the form, the words. */
export { answerWords, dueWords, factsOf, formOf, KIND_WORDS, startOf } from "./model";
export { useOpenApprovals, useWaits, approvalsChanged, type WaitList } from "./useWaits";
export { WaitForm } from "./WaitForm";
