/** The editor of one flow. */
export default function EditorPage() {
  return null;
}
