/** Whether motion is unwelcome. */
export const reduced = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
/** How long the view travels to a node or around a new layout. */
export const travel = () => (reduced() ? 0 : 220);
