/** The list of flows. */
export default function HomePage() {
  return null;
}
