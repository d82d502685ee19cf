import { describe, expect, it } from "vitest";
import { safeLink, visible } from "../src/shown_text";

describe("safeLink", () => {
  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "https://user:pass@host/",
    "/relative",
    "",
    " java\nscript:x",
  ])("rejects %j", (address) => expect(safeLink(address)).toBeNull());
  it("accepts http and https", () => expect(safeLink("https://logs.example/x?q=1")?.host).toBe("logs.example"));
});

describe("visible", () => {
  it("shows bidirectional and control characters", () => {
    expect(visible("a\u202eb\u0007")).toBe("a[U+202E]b[U+0007]");
  });
  it("leaves other scripts as they are", () => expect(visible("Año نهاية 終")).toBe("Año نهاية 終"));
});
