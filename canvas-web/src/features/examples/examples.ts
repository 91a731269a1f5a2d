/** The examples that come with the canvas: complete flow documents, made into flows of one's own with fresh ids. Pure but for `createExample`. */
import { api, type Flow, type FlowDocument, type FlowEdge, type FlowNode, type Json } from "@/shared/protocol";
import askAModel from "./flows/ask-a-model.json";
import carsByOrigin from "./flows/cars-by-origin.json";
import priceAnOrder from "./flows/price-an-order.json";
import seattleWeather from "./flows/seattle-weather.json";
import twoCalls from "./flows/two-calls.json";

export interface Example {
  slug: string;
  /** One line on the card; the flow's own description says more. */
  line: string;
  document: ExampleDocument;
}

export interface ExampleDocument extends FlowDocument {
  nodes: FlowNode[];
  edges: FlowEdge[];
}

export const EXAMPLES: readonly Example[] = [
  { slug: "seattle-weather", line: "Fetch 1,461 days of weather, branch on the rain, write a report.", document: seattleWeather as unknown as ExampleDocument },
  { slug: "two-calls", line: "Two calls side by side. One fails, takes its error port, and the run goes on.", document: twoCalls as unknown as ExampleDocument },
  { slug: "price-an-order", line: "Inputs with a schema in, a quote out: call it like a function.", document: priceAnOrder as unknown as ExampleDocument },
  { slug: "ask-a-model", line: "A question to any OpenAI-compatible endpoint, the key from the environment.", document: askAModel as unknown as ExampleDocument },
  { slug: "cars-by-origin", line: "406 cars by reference: average, rank, and a verdict on thrift.", document: carsByOrigin as unknown as ExampleDocument },
];

/** Where the documents say the data is; each canvas serves it under its own address. */
const WRITTEN_ORIGIN = "http://127.0.0.1:8484/";

/** The example as a document of one's own: new ids, and the data's address on this server. */
export function instantiate(document: ExampleDocument, origin: string, newId: () => string = () => crypto.randomUUID()): ExampleDocument {
  const copy = withFreshIds(document, newId);
  return { ...copy, nodes: copy.nodes.map((node) => ({ ...node, handlers: relocated(node.handlers as unknown as Json, origin) as unknown as FlowNode["handlers"] })) };
}

/** New ids for nodes and edges, so that one document can be made into many flows. */
export function withFreshIds<T extends { nodes?: FlowNode[]; edges?: FlowEdge[] }>(document: T, newId: () => string = () => crypto.randomUUID()): T {
  const ids = new Map((document.nodes ?? []).map((node) => [node.id, newId()]));
  const idOf = (old: string): string => ids.get(old) ?? old;
  return {
    ...document,
    nodes: (document.nodes ?? []).map((node) => ({ ...node, id: idOf(node.id) })),
    edges: (document.edges ?? []).map((edge) => ({
      ...edge,
      id: newId(),
      source: { ...edge.source, nodeId: idOf(edge.source.nodeId) },
      target: { ...edge.target, nodeId: idOf(edge.target.nodeId) },
    })),
  };
}

function relocated(value: Json, origin: string): Json {
  if (typeof value === "string") return value.startsWith(WRITTEN_ORIGIN) ? `${origin}/${value.slice(WRITTEN_ORIGIN.length)}` : value;
  if (Array.isArray(value)) return value.map((item) => relocated(item, origin));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, relocated(member, origin)]));
}

/** Create the flow. A description that names the flow's own id learns it afterwards. */
export async function createExample(example: Example, name: string): Promise<Flow> {
  const document = { ...instantiate(example.document, window.location.origin), name };
  const { data, etag } = await api.flows.create(document);
  if (!data.description.includes("{{flowId}}") || etag === null) return data;
  const description = data.description.replaceAll("{{flowId}}", data.id);
  const { nodes, edges, channels, settings } = data;
  try {
    return (await api.flows.put(data.id, { name, description, nodes, edges, channels, settings }, etag)).data;
  } catch {
    // The flow is there and runs; only its text still has a gap to fill in.
    return data;
  }
}
