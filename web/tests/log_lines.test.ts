import { describe, expect, it } from "vitest";
import { LogLines, lastPrinted, MOST_LINES, piecesOf, searchLines } from "../src/log/log_lines";

describe("LogLines", () => {
  it("joins a line that arrives in pieces", () => {
    const log = new LogLines();
    log.push("one\ntw");
    log.push("o\nthree\n");
    log.push("four");
    expect(log.lines).toEqual(["one", "two", "three", "four"]);
  });
  it("keeps empty lines", () => {
    const log = new LogLines();
    log.push("a\n\nb\n");
    log.push("\n");
    expect(log.lines).toEqual(["a", "", "b", ""]);
  });
  it("drops the oldest lines over the limit, and counts them", () => {
    const log = new LogLines();
    log.push("x\n".repeat(MOST_LINES));
    log.push("last\n");
    expect(log.lines.length).toBe(MOST_LINES);
    expect(log.lines.at(-1)).toBe("last");
    expect(log.dropped).toBe(1);
  });
});

describe("piecesOf", () => {
  it("follows colours and styles", () => {
    expect(piecesOf("a \u001b[1;31mred\u001b[0m b")).toEqual([
      { text: "a ", classes: "" },
      { text: "red", classes: "ansi-red ansi-bold" },
      { text: " b", classes: "" },
    ]);
  });
  it("shows every other escape and bidirectional control", () => {
    const text = piecesOf("x\u001b[2J\u001b]8;;javascript:alert(1)\u0007y\u202ez")
      .map((piece) => piece.text)
      .join("");
    expect(text).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(text).toContain("U+202E");
    expect(text).toContain("[2J");
  });
  it("gives markup as text", () => {
    expect(piecesOf("<script>alert(1)</script>")).toEqual([{ text: "<script>alert(1)</script>", classes: "" }]);
  });
  it("never makes a class of what the log says", () => {
    const all = piecesOf('\u001b[38;5;200mx\u001b[38;2;1;2;3my"><b>\u001b[0m');
    for (const piece of all) expect(piece.classes).toMatch(/^(ansi-[a-z-]+ ?)*$/);
  });
});

describe("lastPrinted", () => {
  it("shows a progress bar as a terminal does", () => {
    expect(lastPrinted("10%\r50%\r100%")).toBe("100%");
    expect(lastPrinted("windows line\r")).toBe("windows line");
  });
});

describe("searchLines", () => {
  it("ignores case and colours", () => {
    expect(searchLines(["ok", "an \u001b[31mEr\u001b[1mror\u001b[0m", "error"], "error")).toEqual([1, 2]);
  });
});
