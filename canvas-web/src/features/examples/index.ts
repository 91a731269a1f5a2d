/** The examples: documents, gallery, pictures. */
export { createExample, type Example, EXAMPLES, withFreshIds } from "./examples";
export { Gallery } from "./Gallery";
export { MiniGraph } from "./MiniGraph";
