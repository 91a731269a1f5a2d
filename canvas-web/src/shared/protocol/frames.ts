/** Cut a text/event-stream into messages. Pure; feed it the chunks as they come. */

export interface SseMessage {
  id: string | null;
  data: string;
}

export function createSseReader(): (chunk: string) => SseMessage[] {
  let rest = "";
  let id: string | null = null;
  let data: string[] = [];
  return (chunk) => {
    const messages: SseMessage[] = [];
    rest += chunk;
    // A lone CR at the very end may be half of a CRLF: it waits for the next chunk.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) messages.push({ id, data: data.join("\n") });
        data = [];
        continue;
      }
      if (line.startsWith(":")) continue;
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") data.push(value);
      else if (field === "id") id = value;
    }
    return messages;
  };
}
