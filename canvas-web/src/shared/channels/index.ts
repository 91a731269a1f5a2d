/** The project's channels, which join flows. */
export { ChannelElsewhere } from "./ChannelElsewhere";
