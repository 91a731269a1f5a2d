/** Time, in words and ticking. */
export { useNow } from "./clock";
export { ago, clockTime, timeOf, when } from "./words";
