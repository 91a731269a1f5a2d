/** Versions of one flow. */
export default function VersionsPage() {
  return null;
}
