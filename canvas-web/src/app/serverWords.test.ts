import { describe, expect, it } from "vitest";
import type { Part } from "@/shared/protocol";
import { serverWords } from "./serverWords";

const PARTS: Part[] = ["registry", "orchestrator", "stream"];

describe("the words while a part of the server is missing", () => {
  it("name the part, what works and what waits", () => {
    expect(serverWords(["registry"])).toEqual({
      title: "The registry does not answer.",
      works: "Runs go on, and you can look at them and cancel them.",
      waits: "Flows cannot be opened or saved; your edits are kept in this browser.",
    });
    expect(serverWords(["stream"]).works).toBe("Runs go on, and everything else works.");
    expect(serverWords(PARTS).title).toBe("The registry, the orchestrator and the stream of events do not answer.");
  });

  it("never promise what is missing, and never leave a part out", () => {
    for (let mask = 1; mask < 8; mask += 1) {
      const missing = PARTS.filter((_, place) => (mask & (1 << place)) !== 0);
      const { title, works, waits } = serverWords(missing);
      if (missing.includes("registry")) expect(works).not.toMatch(/draw|everything/);
      if (missing.includes("orchestrator")) expect(works).not.toMatch(/cancel|everything/);
      expect(waits.match(/\.( |$)/g)).toHaveLength(missing.length);
      expect(title).toMatch(missing.length > 1 ? /do not answer\.$/ : /does not answer\.$/);
    }
  });
});
