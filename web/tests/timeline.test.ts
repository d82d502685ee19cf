import { describe, expect, it } from "vitest";
import type { RequestTicks } from "../src/api/timing";
import { axisLines, stepFor } from "../src/timeline/axis";
import { entriesOf, type LanesInput, lanesOf } from "../src/timeline/lanes";
import { runRow } from "./run_row";

const at = (text: string) => Date.parse(text);
const FROM = at("2027-01-01T00:00:00Z");
const TO = at("2027-01-02T00:00:00Z");

function lanes(part: Partial<LanesInput>) {
  return lanesOf({
    runs: [],
    requests: [],
    ticks: [],
    from: FROM,
    to: TO,
    now: at("2027-01-01T12:00:00Z"),
    by: "request",
    text: "",
    everywhere: false,
    ...part,
  });
}

const ran = (name: string, from: string, to: string | null, fields = {}) =>
  runRow({ name, started: `2027-01-01T${from}Z`, ended: to && `2027-01-01T${to}Z`, ...fields });

describe("lanesOf", () => {
  it("makes bars of runs, and marks of times without one", () => {
    const [lane] = lanes({
      runs: [
        ran("a", "01:00:00", "01:30:00"),
        runRow({ name: "b", phase: "Missed", scheduled: "2027-01-01T02:00:00Z" }),
      ],
    });
    expect(lane?.bars.map((bar) => bar.run.name)).toEqual(["a"]);
    expect(lane?.marks.map((mark) => [mark.kind, mark.at])).toEqual([["missed", at("2027-01-01T02:00:00Z")]]);
  });
  it("lets an open run reach until now", () => {
    const [lane] = lanes({ runs: [ran("a", "11:00:00", null, { phase: "Running" })] });
    expect(lane?.bars[0]?.to).toBe(at("2027-01-01T12:00:00Z"));
  });
  it("leaves out what lies outside of the range", () => {
    expect(lanes({ runs: [ran("a", "01:00:00", "01:30:00")], from: at("2027-01-01T05:00:00Z") })).toEqual([]);
  });
  it("gives runs at the same time different levels", () => {
    const [lane] = lanes({
      runs: [ran("a", "01:00:00", "02:00:00"), ran("b", "01:30:00", "03:00:00"), ran("c", "02:00:00", "02:10:00")],
    });
    expect(lane?.bars.map((bar) => bar.level)).toEqual([0, 1, 0]);
  });
  it("shows coming times only after now, and excluded ones", () => {
    const ticks: RequestTicks[] = [
      {
        namespace: "sales",
        name: "nightly",
        ticks: ["2027-01-01T10:00:00Z", "2027-01-01T20:00:00Z"],
        excluded: ["2027-01-01T21:00:00Z"],
        density: [],
      },
    ];
    expect(lanes({ ticks })[0]?.marks.map((mark) => mark.kind)).toEqual(["coming", "excluded"]);
  });
  it("joins the requests of a process", () => {
    const runs = [
      ran("a", "01:00:00", "02:00:00", { request: "one" }),
      ran("b", "03:00:00", "04:00:00", { request: "two" }),
    ];
    expect(lanes({ runs }).length).toBe(2);
    expect(lanes({ runs, by: "process" }).map((lane) => [lane.label, lane.bars.length])).toEqual([["report", 2]]);
  });
  it("replaces more than 500 bars by a band with their number, and keeps failures", () => {
    const runs = Array.from({ length: 1_000 }, (_, index) =>
      runRow({
        name: `r${index}`,
        phase: index === 500 ? "Failed" : "Succeeded",
        started: new Date(FROM + index * 60_000).toISOString(),
        ended: new Date(FROM + index * 60_000 + 30_000).toISOString(),
      }),
    );
    const [lane] = lanes({ runs });
    expect(lane?.bars.map((bar) => bar.run.name)).toEqual(["r500"]);
    expect(lane?.bands.reduce((sum, band) => sum + band.count, 0)).toBe(1_000);
  });
  it("has the same as rows, by time", () => {
    const runs = [ran("b", "03:00:00", "04:00:00"), ran("a", "01:00:00", "02:00:00", { request: "other" })];
    expect(entriesOf(lanes({ runs })).map((entry) => entry.run?.name)).toEqual(["a", "b"]);
  });
});

describe("axisLines", () => {
  it("counts hours from midnight of the zone, on a day of 23 hours too", () => {
    const from = at("2027-03-27T23:00:00Z");
    const lines = axisLines(from, from + 23 * 3_600_000, 800, "Europe/Madrid");
    expect(lines[0]).toMatchObject({ at: from, isDay: true });
    expect(lines.filter((line) => line.isDay).map((line) => line.at)).toEqual([from, from + 23 * 3_600_000]);
  });
  it("shows days over a month", () => {
    expect(axisLines(FROM, FROM + 31 * 86_400_000, 1_200, "UTC").every((line) => line.isDay)).toBe(true);
  });
  it("keeps labels apart", () => {
    for (const hours of [1, 6, 24, 168, 744]) {
      const [from, to] = [FROM, FROM + hours * 3_600_000];
      expect((stepFor(from, to, 1_000) / (to - from)) * 1_000).toBeGreaterThanOrEqual(84);
    }
  });
});
