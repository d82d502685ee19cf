/** Times as text. The zone is mine, the schedule's, or UTC, and is always written. */

export type ZoneChoice = "mine" | "schedule" | "utc";

export const MINE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(
  kind: string,
  zone: string,
  options: Intl.DateTimeFormatOptions,
  locale = "sv-SE",
): Intl.DateTimeFormat {
  const key = `${kind} ${zone}`;
  let found = formats.get(key);
  if (!found) {
    try {
      found = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
    } catch {
      // A browser with older zone data than the cluster's.
      found = new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" });
    }
    formats.set(key, found);
  }
  return found;
}

const FULL: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
};

/** The zone in which a time is shown: `schedule` means UTC if there is no schedule. */
export function zoneOf(choice: ZoneChoice, scheduleZone: string | null | undefined): string {
  if (choice === "mine") return MINE;
  return choice === "utc" ? "UTC" : (scheduleZone ?? "UTC");
}

/** Such as 2027-03-28 03:00:00. */
export function dateTime(instant: number, zone: string): string {
  return format("full", zone, FULL).format(instant);
}

export function clockTime(instant: number, zone: string): string {
  return format("clock", zone, { hour: "2-digit", minute: "2-digit" }).format(instant);
}

export function dayLabel(instant: number, zone: string): string {
  return format("day", zone, { weekday: "short", day: "numeric", month: "short" }, "en-GB").format(instant);
}

/** Offset such as +02:00; empty for UTC. */
export function offsetOf(instant: number, zone: string): string {
  const parts = format("offset", zone, { timeZoneName: "longOffset" }, "en-US").formatToParts(instant);
  return parts.find((part) => part.type === "timeZoneName")?.value.replace("GMT", "") ?? "";
}

const UNITS: [string, number][] = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
];

/** A duration with its two largest units, such as 1m30s. */
export function duration(milliseconds: number): string {
  let rest = Math.max(0, Math.round(milliseconds / 1_000));
  if (rest === 0) return "0s";
  let text = "";
  let count = 0;
  for (const [unit, size] of UNITS) {
    const number = Math.floor(rest / size);
    if (number > 0 || count > 0) count++;
    if (number > 0) text += `${number}${unit}`;
    rest -= number * size;
    if (count === 2) break;
  }
  return text;
}

/** Such as `in 3h20m` and `5m ago`. */
export function relative(instant: number, present: number): string {
  const distance = instant - present;
  if (Math.abs(distance) < 1_000) return "now";
  return distance > 0 ? `in ${duration(distance)}` : `${duration(-distance)} ago`;
}

/** Start of the day of an instant in a zone, in milliseconds. Days of 23 and 25 hours are correct. */
export function startOfDay(instant: number, zone: string): number {
  let guess = instant;
  for (let round = 0; round < 3; round++) {
    const [hour = 0, minute = 0, second = 0] = format("hms", zone, {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    })
      .format(guess)
      .split(":")
      .map(Number);
    const back = ((hour * 60 + minute) * 60 + second) * 1_000;
    const next = guess - back - (guess % 1_000);
    if (sameDay(next, instant, zone)) {
      if (back === 0) return next;
      guess = next;
    } else {
      // A clock change is between them, so midnight is later by its size.
      guess = next + 3_600_000;
      if (sameDay(guess, instant, zone)) return guess;
    }
  }
  return guess;
}

function sameDay(one: number, other: number, zone: string): boolean {
  return dateTime(one, zone).slice(0, 10) === dateTime(other, zone).slice(0, 10);
}

/** An instant from a local date and time in a zone (`2027-03-28T02:30`), or null if the text is not a date and time. */
export function instantOf(local: string, zone: string): number | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?$/.exec(local);
  if (!found) return null;
  const [, year, month, day, hour, minute, second] = found.map(Number);
  const wall = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second || 0);
  if (Number.isNaN(wall)) return null;
  let guess = wall;
  for (let round = 0; round < 2; round++) guess = wall - wallOffset(guess, zone);
  return guess;
}

function wallOffset(instant: number, zone: string): number {
  const shown = dateTime(instant, zone).replace(" ", "T");
  return Date.parse(`${shown}Z`) - (instant - (instant % 1_000));
}

/** The value of an `<input type="datetime-local">`. */
export function localValue(instant: number, zone: string): string {
  return dateTime(instant, zone).replace(" ", "T").slice(0, 16);
}

/** RFC 3339 in UTC without fractions. */
export function rfc3339(instant: number): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, "Z");
}
