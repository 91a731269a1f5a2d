/** Small pieces of text that several run screens share. Pure. */
import { duration } from "@/shared/ui/statusWords";

/** "+412 ms" from the run's start; empty where it is not known. */
export function offset(at: number, startedAt: number | null): string {
  return startedAt === null ? "" : `+${duration(Math.max(0, at - startedAt)).replace("< 1 ms", "0 ms")}`;
}

/** The last four letters of an id: what a person reads out. Ids of one moment begin alike. */
export function shortId(id: string): string {
  return id.slice(-4);
}

export function bytesOf(size: number): string {
  if (size < 1024) return `${size} B`;
  return size < 1024 * 1024 ? `${Math.ceil(size / 1024)} KiB` : `${(size / 1024 / 1024).toFixed(1)} MiB`;
}

const ONES = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/** "one node", "two nodes", "13 nodes". */
export function many(count: number, one: string, several = `${one}s`): string {
  return `${ONES[count] ?? count} ${count === 1 ? one : several}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
