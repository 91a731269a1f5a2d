/** Three levels of detail by zoom: full, reading (bigger type), signal (state alone). */
export type Level = "full" | "reading" | "signal";

export function levelOf(zoom: number): Level {
  return zoom >= 0.85 ? "full" : zoom >= 0.4 ? "reading" : "signal";
}
