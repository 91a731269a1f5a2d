/** Measures in words: tokens whole, cost with its digits, the rest with their unit. Pure. */
import type { Metrics } from "@/shared/protocol";
import { duration } from "@/shared/ui/statusWords";
import { money } from "./rerunPlan";

/** Known ones first, the rest by name; what the timeline tells already is left out. */
export function shownMetrics(metrics: Metrics): string[] {
  const known = ["tokens", "cost"].filter((name) => name in metrics);
  return [...known, ...Object.keys(metrics).filter((name) => !["tokens", "cost", "seconds", "retries"].includes(name)).sort()];
}

export const metricLabel = (name: string): string => (name === "tokens" ? "Tokens" : name === "cost" ? "Cost" : name);

export function metricWords(name: string, metric: Metrics[string]): string {
  const { total, unit } = metric;
  if (name === "cost") return unit === null || unit === "USD" || unit === "$" ? money(total) : `${figure(total)} ${unit}`;
  if (unit === "s" || unit === "seconds") return duration(total * 1000);
  return `${figure(total)}${unit === null || name === unit ? "" : ` ${unit}`}`;
}

const figure = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 6 });
