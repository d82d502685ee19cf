import { describe, expect, it } from "vitest";
import { dateTime, duration, instantOf, offsetOf, relative, startOfDay, zoneOf } from "../src/time";

const at = (text: string) => Date.parse(text);
const HOUR = 3_600_000;

describe("dateTime", () => {
  it("writes the wall time of a zone", () => {
    expect(dateTime(at("2027-03-28T01:30:00Z"), "Europe/Madrid")).toBe("2027-03-28 03:30:00");
    expect(dateTime(at("2027-03-28T01:30:00Z"), "UTC")).toBe("2027-03-28 01:30:00");
  });
  it("falls back to UTC in a zone that the browser does not know", () => {
    expect(dateTime(at("2027-01-01T00:00:00Z"), "Mars/Olympus")).toBe("2027-01-01 00:00:00");
  });
});

describe("zoneOf", () => {
  it("takes UTC where there is no schedule", () => {
    expect(zoneOf("schedule", null)).toBe("UTC");
    expect(zoneOf("schedule", "Asia/Kolkata")).toBe("Asia/Kolkata");
    expect(zoneOf("utc", "Asia/Kolkata")).toBe("UTC");
  });
});

describe("duration", () => {
  it.each([
    [0, "0s"],
    [90_000, "1m30s"],
    [3_600_000, "1h"],
    [3_661_000, "1h1m"],
    [86_400_000 + 30_000, "1d"],
  ])("%d ms", (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });
});

describe("relative", () => {
  it("tells past from future", () => {
    expect(relative(at("2027-01-01T01:00:00Z"), at("2027-01-01T00:00:00Z"))).toBe("in 1h");
    expect(relative(at("2027-01-01T00:00:00Z"), at("2027-01-01T00:05:00Z"))).toBe("5m ago");
  });
});

describe("startOfDay", () => {
  it.each([
    ["2027-03-28T12:00:00Z", "Europe/Madrid", 23],
    ["2027-10-31T12:00:00Z", "Europe/Madrid", 25],
    ["2027-06-01T12:00:00Z", "Europe/Madrid", 24],
    ["2027-06-01T23:59:59Z", "Asia/Kolkata", 24],
    // The clock jumps from 00:00 to 01:00 here, so that the day begins at 01:00.
    ["2018-11-04T12:00:00Z", "America/Sao_Paulo", 23],
  ])("of %s in %s has a day of %i hours", (text, zone, hours) => {
    const start = startOfDay(at(text), zone);
    const next = startOfDay(start + 30 * HOUR, zone);
    expect((next - start) / HOUR).toBe(hours);
    expect(dateTime(start, zone).slice(0, 10)).toBe(dateTime(at(text), zone).slice(0, 10));
    expect(dateTime(start - 1_000, zone).slice(0, 10)).not.toBe(dateTime(start, zone).slice(0, 10));
  });
});

describe("instantOf", () => {
  it("reads a local time in a zone", () => {
    expect(instantOf("2027-07-01T02:30", "Europe/Madrid")).toBe(at("2027-07-01T00:30:00Z"));
    expect(instantOf("2027-01-01T02:30", "Europe/Madrid")).toBe(at("2027-01-01T01:30:00Z"));
    expect(instantOf("tomorrow", "Europe/Madrid")).toBeNull();
  });
});

describe("offsetOf", () => {
  it("follows the clock change", () => {
    expect(offsetOf(at("2027-07-01T00:00:00Z"), "Europe/Madrid")).toBe("+02:00");
    expect(offsetOf(at("2027-01-01T00:00:00Z"), "Europe/Madrid")).toBe("+01:00");
  });
});
