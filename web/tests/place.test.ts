import { describe, expect, it } from "vitest";
import { addressOf } from "../src/place";

describe("addressOf", () => {
  it("keeps namespace and zone, and drops what belongs to the old view", () => {
    expect(addressOf("/requests", new URLSearchParams("ns=sales&tz=utc&phase=Failed"), {})).toBe(
      "/requests?ns=sales&tz=utc",
    );
  });
  it("keeps an empty namespace, which means all", () => {
    expect(addressOf("/runs", new URLSearchParams("ns="), { phase: "Failed", q: "" })).toBe("/runs?ns=&phase=Failed");
  });
});
