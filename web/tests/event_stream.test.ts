import { describe, expect, it } from "vitest";
import { EventStreamParser } from "../src/event_stream";

describe("EventStreamParser", () => {
  it("puts events together that arrive in any pieces", () => {
    const text = 'event: x\ndata: {"a":1}\n\n: beat\n\ndata: {"a":2}\r\n\r\ndata: {"a":\ndata: 3}\n\n';
    for (let size = 1; size <= text.length; size++) {
      const parser = new EventStreamParser<{ a: number }>();
      const found: { a: number }[] = [];
      for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
      expect(found).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    }
  });
  it("gives nothing for an event that is not complete", () => {
    const parser = new EventStreamParser();
    expect(parser.push('data: {"a":1}\n')).toEqual([]);
  });
});
