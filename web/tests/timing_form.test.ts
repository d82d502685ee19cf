import { describe, expect, it } from "vitest";
import { newTiming, type TimingForm, timingOf } from "../src/timing_form";

const timing = (part: Partial<TimingForm>) =>
  timingOf({ ...newTiming("2027-01-01T10:00"), timeZone: "Europe/Madrid", ...part });

describe("timingOf", () => {
  it("makes the kinds without a schedule", () => {
    expect(timing({ kind: "immediately" })).toEqual({ runImmediately: {} });
    expect(timing({ kind: "later" }).runLater?.startTime).toMatch(/^2\d{3}-\d\d-\d\dT\d\d:00:00Z$/);
  });
  it("makes intervals without a zone", () => {
    expect(timing({ kind: "minutely", every: 15 })).toEqual({ schedule: { minutely: { every: 15 } } });
  });
  it("leaves out an interval of one", () => {
    expect(timing({ kind: "daily" })).toEqual({ schedule: { timeZone: "Europe/Madrid", daily: { at: "02:00" } } });
    expect(timing({ kind: "daily", every: 3 }).schedule?.daily).toEqual({ at: "02:00", every: 3 });
    expect(timing({ kind: "daily", every: 3, dailyOn: "Weekdays" }).schedule?.daily).toEqual({
      at: "02:00",
      days: "Weekdays",
    });
  });
  it("sorts the days of the week", () => {
    expect(timing({ kind: "weekly", days: ["Friday", "Monday"] }).schedule?.weekly?.days).toEqual(["Monday", "Friday"]);
  });
  it("makes both kinds of monthly", () => {
    expect(timing({ kind: "monthly", day: "Last" }).schedule?.monthly).toEqual({ at: "02:00", day: "Last" });
    expect(timing({ kind: "monthly", monthlyBy: "weekday" }).schedule?.monthly).toEqual({
      at: "02:00",
      weekday: { week: "Last", day: "Friday" },
    });
  });
  it("reads the limits in the schedule's zone", () => {
    const { schedule } = timing({ kind: "cron", start: "2027-07-01T02:00", finish: "2027-12-01T02:00", maxRuns: "5" });
    expect(schedule).toEqual({
      timeZone: "Europe/Madrid",
      cron: "0 2 * * *",
      startTime: "2027-07-01T00:00:00Z",
      finishTime: "2027-12-01T01:00:00Z",
      maxRuns: 5,
    });
  });
});
