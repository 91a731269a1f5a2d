import { describe, expect, it } from "vitest";
import { createSseReader } from "./frames";

describe("the event-stream reader", () => {
  it("finds the same messages however the stream is cut", () => {
    const stream = ': hello\n\nid: 1\ndata: {"a":\ndata: 1}\n\nid: 2\r\ndata: two\r\n\r\n: ping\n\nid:3\ndata:three\n\n';
    const whole = createSseReader()(stream);
    expect(whole).toEqual([
      { id: "1", data: '{"a":\n1}' },
      { id: "2", data: "two" },
      { id: "3", data: "three" },
    ]);
    for (const size of [1, 2, 3, 7]) {
      const read = createSseReader();
      const found = [];
      for (let at = 0; at < stream.length; at += size) found.push(...read(stream.slice(at, at + size)));
      expect(found).toEqual(whole);
    }
  });
});
