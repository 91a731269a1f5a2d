/** Time, in words and ticking. */
export { useNow } from "./clock";
export { ago, ahead, clockTime, dueTime, timeOf, when } from "./words";
