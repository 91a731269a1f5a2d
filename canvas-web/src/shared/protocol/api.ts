/** Every call the canvas makes, by resource. Answers are `{data, etag}`; refusals are ProblemError. */
import { stringifyExact } from "./exactJson";
import { ProblemError } from "./problem";
import { request, type RequestOptions, type Result } from "./request";
import { assertNode, assertRequest, eventViolations } from "./schemas";
import type {
  Activation,
  EventPage,
  Execution,
  ExecutionRequest,
  ExecutionStatus,
  Flow,
  FlowDocument,
  Firing,
  FiringKind,
  FlowSummary,
  HandlerEntry,
  Hook,
  HookListen,
  Intervention,
  Json,
  JsonObject,
  NodeTrial,
  Page,
  RerunPlan,
  RetriedExecution,
  RetryRequest,
  Schedule,
  SchedulePreview,
  Version,
  VersionSummary,
  Wait,
  WaitStatus,
} from "./types";

export interface Answer<T> {
  data: T;
  etag: string | null;
}

export interface PageQuery {
  pageSize?: number;
  pageToken?: string;
  signal?: AbortSignal;
}

export interface ExecutionQuery extends PageQuery {
  flowId?: string;
  status?: readonly ExecutionStatus[];
  label?: readonly string[];
  /** Inclusive, RFC 3339. */
  from?: string;
  /** Exclusive, RFC 3339. */
  to?: string;
  q?: string;
}

export interface WaitQuery extends PageQuery {
  /** Default: open. */
  status?: WaitStatus | "all";
  flowId?: string;
  executionId?: string;
  assignee?: string;
}

type Signal = Pick<RequestOptions, "signal">;

const segment = encodeURIComponent;
const flowPath = (id: string): string => `/flows/${segment(id)}`;
const runPath = (id: string): string => `/executions/${segment(id)}`;
const hookPath = (flowId: string, nodeId: string): string => `${flowPath(flowId)}/hooks/${segment(nodeId)}`;
export type ScheduleKey = Pick<Schedule, "flowId" | "nodeId">;
const schedulePath = ({ flowId, nodeId }: ScheduleKey): string => `/schedules/${segment(flowId)}/${segment(nodeId)}`;
const answer = <T>({ data, etag }: Result<T>): Answer<T> => ({ data, etag });

function checkNodes(flow: { nodes?: readonly unknown[] }): void {
  for (const node of flow.nodes ?? []) assertNode(node);
}

/** Follow the page tokens to the end, or until there are `most`. */
async function all<T>(path: string, options: RequestOptions = {}, most = Infinity): Promise<T[]> {
  const items: T[] = [];
  let pageToken: string | undefined;
  do {
    const page: Page<T> = (
      await request<Page<T>>("GET", path, { ...options, query: { ...options.query, pageSize: 250, pageToken } })
    ).data;
    items.push(...page.items);
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined && items.length < most);
  return items;
}

/** What a PUT says, in one form, so that two of them can be compared. The server's own members stay out. */
function meaning(flow: FlowDocument): string {
  const nodes = (flow.nodes ?? []).map((node) => ({ ...node, version: undefined }));
  return stringifyExact([
    flow.name, flow.description ?? "", sorted(nodes), sorted(flow.edges ?? []), sorted(flow.channels ?? []), sorted(flow.settings ?? {}),
  ]);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, sorted(member)]));
}

export const api = {
  flows: {
    async list({ pageSize, pageToken, signal }: PageQuery = {}): Promise<Answer<Page<FlowSummary>>> {
      return answer(await request<Page<FlowSummary>>("GET", "/flows", { query: { pageSize, pageToken }, signal }));
    },

    async all({ signal }: Signal = {}): Promise<FlowSummary[]> {
      return all<FlowSummary>("/flows", { signal });
    },

    async get(id: string, { signal }: Signal = {}): Promise<Answer<Flow>> {
      const result = await request<Flow>("GET", flowPath(id), { signal });
      checkNodes(result.data);
      return answer(result);
    },

    async create(flow: FlowDocument): Promise<Answer<Flow>> {
      checkNodes(flow);
      return answer(await request<Flow>("POST", "/flows", { body: flow }));
    },

    /** Replaces the draft. A stale tag is a ProblemError of status 412 with `currentEtag`. */
    async put(id: string, flow: FlowDocument, etag: string): Promise<Answer<Flow>> {
      checkNodes(flow);
      try {
        return answer(await request<Flow>("PUT", flowPath(id), { body: flow, etag }));
      } catch (error) {
        if (!(error instanceof ProblemError) || error.status !== 412) throw error;
        // The tag may be stale because our own earlier try was carried out and its answer lost on the way.
        const current = await api.flows.get(id);
        if (meaning(current.data) === meaning(flow)) return current;
        throw error;
      }
    },

    async remove(id: string, etag = "*"): Promise<void> {
      try {
        await request<undefined>("DELETE", flowPath(id), { etag });
      } catch (error) {
        // Gone is gone, whoever's try it was.
        if (!(error instanceof ProblemError) || error.status !== 404) throw error;
      }
    },

    /** Publishes the draft; the newest version again where nothing changed in meaning. */
    async publish(id: string, message?: string): Promise<Answer<VersionSummary> & { created: boolean }> {
      const result = await request<VersionSummary>("POST", `${flowPath(id)}/versions`, {
        body: message === undefined ? {} : { message },
      });
      return { ...answer(result), created: result.status === 201 };
    },

    /** Runs one node of the draft by itself; inputs by port. */
    async runNode(id: string, nodeId: string, inputs: JsonObject, { signal }: Signal = {}): Promise<NodeTrial> {
      return (await request<NodeTrial>("POST", `${flowPath(id)}/nodes/${segment(nodeId)}/run`, { body: { inputs }, signal, timeoutMs: 330_000 })).data;
    },

    async versions(id: string, { signal }: Signal = {}): Promise<VersionSummary[]> {
      return all<VersionSummary>(`${flowPath(id)}/versions`, { signal });
    },

    async version(id: string, version: string, { signal }: Signal = {}): Promise<Answer<Version>> {
      const result = await request<Version>("GET", `${flowPath(id)}/versions/${segment(version)}`, { signal });
      checkNodes(result.data.flow);
      return answer(result);
    },
  },

  handlers: {
    /** The whole catalogue, by reference. */
    async list({ signal }: Signal = {}): Promise<HandlerEntry[]> {
      return all<HandlerEntry>("/handlers", { signal });
    },
  },

  executions: {
    async start(body: ExecutionRequest, { trigger }: { trigger?: string } = {}): Promise<Answer<Execution>> {
      assertRequest(body);
      return answer(await request<Execution>("POST", "/executions", { body, query: { trigger }, timeoutMs: 45_000, tellBusy: true }));
    },

    async get(id: string, { signal }: Signal = {}): Promise<Answer<Execution>> {
      return answer(await request<Execution>("GET", runPath(id), { signal }));
    },

    async list({ signal, ...query }: ExecutionQuery = {}): Promise<Answer<Page<Execution>>> {
      return answer(await request<Page<Execution>>("GET", "/executions", { query: { ...query }, signal }));
    },

    /** Asks a run to stop. 409 ALREADY_ENDED where it has. */
    async cancel(id: string): Promise<Answer<Execution>> {
      return answer(await request<Execution>("POST", `${runPath(id)}/cancel`, { body: {} }));
    },

    /** Adds context to a run that goes on; handlers that ask see it. 409 ALREADY_ENDED where it has ended. */
    async intervene(id: string, value: Json): Promise<Intervention> {
      return (await request<Intervention>("POST", `${runPath(id)}/interventions`, { body: { value } })).data;
    },

    async interventions(id: string, { signal }: Signal = {}): Promise<Intervention[]> {
      return all<Intervention>(`${runPath(id)}/interventions`, { signal });
    },

    /** What a re-run would reuse and repeat; nothing is changed. */
    async plan(id: string, body: RetryRequest, { signal }: Signal = {}): Promise<RerunPlan> {
      return (await request<RerunPlan>("POST", `${runPath(id)}/retry`, { body, query: { plan: "true" }, signal })).data;
    },

    /** Runs an ended execution again: the new one. */
    async retry(id: string, body: RetryRequest): Promise<Execution> {
      return (await request<Execution>("POST", `${runPath(id)}/retry`, { body, tellBusy: true })).data;
    },

    /** Runs up to 250 again, each by itself. */
    async retryMany(executionIds: readonly string[], from: "failure" | "start", blueprintVersion?: string): Promise<RetriedExecution[]> {
      const body = { executionIds, from, ...(blueprintVersion === undefined ? {} : { blueprintVersion }) };
      return (await request<{ items: RetriedExecution[] }>("POST", "/executions/retry", { body, timeoutMs: 120_000 })).data.items;
    },

    /** One page, by rising start. */
    async activations(id: string, { signal, ...query }: PageQuery = {}): Promise<Page<Activation>> {
      return (await request<Page<Activation>>("GET", `${runPath(id)}/activations`, { query: { pageSize: 250, ...query }, signal })).data;
    },

    async events(id: string, { after, limit = 1000, signal }: Signal & { after?: string; limit?: number } = {}): Promise<EventPage> {
      const page = (await request<EventPage>("GET", `${runPath(id)}/events`, { query: { after, limit }, signal })).data;
      return { ...page, items: page.items.filter((event) => eventViolations(event).length === 0) };
    },
  },

  hooks: {
    /** Those of the draft, then those that only the active version has. */
    async list(flowId: string, { signal }: Signal = {}): Promise<Hook[]> {
      return (await request<Hook[]>("GET", `${flowPath(flowId)}/hooks`, { signal })).data;
    },

    /** A new secret; the old one is refused from then on. */
    async rotate(flowId: string, nodeId: string): Promise<Hook> {
      return (await request<Hook>("POST", `${hookPath(flowId, nodeId)}/rotate`, { body: {} })).data;
    },

    /** Listens once, for 120 s, over the draft. */
    async listen(flowId: string, nodeId: string): Promise<HookListen> {
      return (await request<HookListen>("POST", `${hookPath(flowId, nodeId)}/listen`, { body: {} })).data;
    },

    async heard(flowId: string, nodeId: string, { signal }: Signal = {}): Promise<HookListen> {
      return (await request<HookListen>("GET", `${hookPath(flowId, nodeId)}/listen`, { signal })).data;
    },
  },

  schedules: {
    async all({ signal }: Signal = {}): Promise<Schedule[]> {
      return all<Schedule>("/schedules", { signal });
    },

    /** The sentence of a cron expression, and its next times. 422 where it is none. */
    async preview(cron: string, timeZone: string, { signal, count = 5 }: Signal & { count?: number } = {}): Promise<SchedulePreview> {
      return (await request<SchedulePreview>("GET", "/schedules/preview", { query: { cron, timeZone, count }, signal })).data;
    },

    async fires(schedule: ScheduleKey, status: FiringKind, { signal }: Signal = {}): Promise<Page<Firing>> {
      return (await request<Page<Firing>>("GET", `${schedulePath(schedule)}/fires`, { query: { status, pageSize: 20 }, signal })).data;
    },

    async pause(schedule: ScheduleKey, paused: boolean): Promise<Schedule> {
      return (await request<Schedule>("POST", `${schedulePath(schedule)}/${paused ? "pause" : "resume"}`, { body: {} })).data;
    },

    /** Starts it now, beside its times. */
    async run(schedule: ScheduleKey): Promise<Firing> {
      return (await request<Firing>("POST", `${schedulePath(schedule)}/run`, { body: {} })).data;
    },

    /** All of the project; how many changed. */
    async pauseAll(paused: boolean): Promise<number> {
      return (await request<{ count: number }>("POST", `/schedules/${paused ? "pause" : "resume"}`, { body: {} })).data.count;
    },
  },

  triggers: {
    /** What came to a trigger of the active version: of channels, topics, and of each trigger with limits. 404 where it has none. */
    async fires(flowId: string, nodeId: string, status: "past" | "missed", { signal }: Signal = {}): Promise<Page<Firing>> {
      return (await request<Page<Firing>>("GET", `${flowPath(flowId)}/nodes/${segment(nodeId)}/fires`, { query: { status, pageSize: 10 }, signal })).data;
    },
  },

  waits: {
    async list({ signal, ...query }: WaitQuery = {}): Promise<Page<Wait>> {
      return (await request<Page<Wait>>("GET", "/waits", { query: { ...query }, signal })).data;
    },

    async get(id: string, { signal }: Signal = {}): Promise<Wait> {
      return (await request<Wait>("GET", `/waits/${segment(id)}`, { signal })).data;
    },

    /** Answers a wait; the first answer wins. 409 ALREADY_ANSWERED carries the winner's; 422 where the value breaks the form. */
    async answer(wait: Pick<Wait, "id" | "executionId">, value: Json): Promise<Wait> {
      return (await request<Wait>("POST", `${runPath(wait.executionId)}/resume`, { body: { waitId: wait.id, value } })).data;
    },
  },

  values: {
    /** A value that was too large to stand in its place. */
    async get(reference: string, { signal }: Signal = {}): Promise<Json> {
      return (await request<Json>("GET", `/values/${segment(reference)}`, { signal, timeoutMs: 120_000 })).data;
    },
  },
};

export type Api = typeof api;
