/** The protocol client: the only way the canvas talks to the server. */
export { type Answer, type Api, api, type ExecutionQuery, type PageQuery, type WaitQuery } from "./api";
export { parseExact, stringifyExact } from "./exactJson";
export { type FeedState, type ExecutionFeed, openExecutionFeed } from "./executionFeed";
export { type FieldError, MalformedMessageError, NoAnswerError, ProblemError } from "./problem";
export { onProjectEvent, subscribeProjectFeed } from "./projectFeed";
export { eventViolations, nodeSchema, nodeViolations, requestViolations } from "./schemas";
export { askServerNow, onServerBack, type Part, type ServerHealth, serverHealth, subscribeServerHealth } from "./serverHealth";
import "./sessionPage";
export { endSession, sessionEnded, subscribeSession } from "./session";
export * from "./types";
