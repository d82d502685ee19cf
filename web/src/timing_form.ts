/** Timing form: the fields of the form, and their `spec.timing`. Pure. */

import type { Timing, Weekday } from "./api/timing";
import { instantOf, MINE, rfc3339 } from "./time";

export const TIMINGS = [
  "immediately",
  "later",
  "secondly",
  "minutely",
  "hourly",
  "daily",
  "weekly",
  "monthly",
  "cron",
] as const;
export type TimingKind = (typeof TIMINGS)[number];

export const WEEKDAYS: Weekday[] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
export const WEEKS = ["First", "Second", "Third", "Fourth", "Last"] as const;

export interface TimingForm {
  kind: TimingKind;
  every: number;
  at: string;
  /** daily: every n days, or on a part of the week. */
  dailyOn: "every" | "Weekdays" | "Weekends";
  days: Weekday[];
  /** monthly: a day of the month (1 to 31, or Last), or a weekday by its position. */
  monthlyBy: "day" | "weekday";
  day: string;
  week: (typeof WEEKS)[number];
  weekday: Weekday;
  cron: string;
  timeZone: string;
  /** Local times in the schedule's zone; `later` in the person's own. Empty for none. */
  start: string;
  finish: string;
  maxRuns: string;
  later: string;
}

export function newTiming(later: string): TimingForm {
  return {
    kind: "daily",
    every: 1,
    at: "02:00",
    dailyOn: "every",
    days: ["Monday"],
    monthlyBy: "day",
    day: "1",
    week: "Last",
    weekday: "Friday",
    cron: "0 2 * * *",
    timeZone: MINE,
    start: "",
    finish: "",
    maxRuns: "",
    later,
  };
}

/** Whether the kind has a time of day or dates, which need a time zone. */
export function hasZone(kind: TimingKind): boolean {
  return kind === "daily" || kind === "weekly" || kind === "monthly" || kind === "cron";
}

export function isSchedule(kind: TimingKind): boolean {
  return kind !== "immediately" && kind !== "later";
}

export function timingOf(form: TimingForm): Timing {
  if (form.kind === "immediately") return { runImmediately: {} };
  if (form.kind === "later") return { runLater: instantField("startTime", form.later, MINE) };
  const maxRuns = Number(form.maxRuns);
  return {
    schedule: {
      ...(hasZone(form.kind) ? { timeZone: form.timeZone } : {}),
      ...recurrenceOf(form),
      ...instantField("startTime", form.start, form.timeZone),
      ...instantField("finishTime", form.finish, form.timeZone),
      ...(form.maxRuns && Number.isInteger(maxRuns) ? { maxRuns } : {}),
    },
  };
}

function instantField<Name extends string>(name: Name, local: string, zone: string): { [key in Name]?: string } {
  const instant = local ? instantOf(local, zone) : null;
  return (instant === null ? {} : { [name]: rfc3339(instant) }) as { [key in Name]?: string };
}

function recurrenceOf(form: TimingForm) {
  const { every, at } = form;
  // One is the default, and is left out so that the YAML stays short.
  const rare = every > 1 ? { every } : {};
  if (form.kind === "daily") return { daily: { at, ...(form.dailyOn === "every" ? rare : { days: form.dailyOn }) } };
  if (form.kind === "weekly")
    return { weekly: { at, days: WEEKDAYS.filter((day) => form.days.includes(day)), ...rare } };
  if (form.kind === "monthly") {
    const day = form.day === "Last" ? ("Last" as const) : Number(form.day);
    const on = form.monthlyBy === "day" ? { day } : { weekday: { week: form.week, day: form.weekday } };
    return { monthly: { at, ...on, ...rare } };
  }
  if (form.kind === "cron") return { cron: form.cron };
  return { [form.kind]: { every } };
}
