/** Times of events, as milliseconds since the epoch with the server's microseconds kept. Pure. */

const cache = { text: "", ms: 0 };

/** Milliseconds, with microseconds behind the point: bars of nodes that take 80 µs need them. */
export function timeOf(text: string): number {
  if (cache.text === text) return cache.ms;
  const whole = Date.parse(text);
  const fraction = /\.\d{3}(\d+)/.exec(text)?.[1];
  cache.text = text;
  cache.ms = fraction === undefined ? whole : whole + Number(`0.${fraction}`);
  return cache.ms;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** "14:06:51" */
export function clockTime(ms: number): string {
  return clock.format(ms);
}

/** "14:06:51" today, "yesterday, 14:06", "9 Nov, 14:06", "9 Nov 2025, 14:06". */
export function when(ms: number, now: number): string {
  const then = new Date(ms);
  const today = new Date(now);
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime();
  if (ms >= midnight) return clock.format(ms);
  const short = clock.format(ms).slice(0, 5);
  if (ms >= midnight - 86_400_000) return `yesterday, ${short}`;
  return `${(then.getFullYear() === today.getFullYear() ? day : dayAndYear).format(ms)}, ${short}`;
}

/** "just now", "4 min ago", "2 h ago", "yesterday", "9 Nov". */
export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - ms) / 1000));
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  const text = when(ms, now);
  if (text.startsWith("yesterday")) return "yesterday";
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return text.split(",")[0] ?? text;
}

/** "Fri, 27 Nov 2026, 09:00" as the clock on the wall shows it there. */
export function dueTime(text: string, timeZone: string): string {
  const options: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone }).format(Date.parse(text));
  } catch {
    // A zone this browser does not know: UTC, and it says so.
    return `${new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(Date.parse(text))} UTC`;
  }
}

/** "in 4 min", "in 2 h", "in 3 days". */
export function ahead(ms: number, now: number): string {
  const seconds = Math.floor((ms - now) / 1000);
  if (seconds <= 0) return "now";
  if (seconds < 60) return `in ${seconds} s`;
  if (seconds < 3600) return `in ${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `in ${Math.floor(seconds / 3600)} h`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "in 1 day" : `in ${days} days`;
}
