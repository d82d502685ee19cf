/** Axis of time: the positions of its lines, in any zone. Days of 23 and 25 hours have their own length. */

import { clockTime, dayLabel, startOfDay } from "../time";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
];
const LEAST_PIXELS = 84;

export interface AxisLine {
  at: number;
  label: string;
  isDay: boolean;
}

export function stepFor(from: number, to: number, width: number): number {
  return STEPS.find((step) => (step / (to - from)) * width >= LEAST_PIXELS) ?? 7 * DAY;
}

/** Lines from `from` to `to`; those within a day count from its own midnight. */
export function axisLines(from: number, to: number, width: number, zone: string): AxisLine[] {
  const step = stepFor(from, to, width);
  const lines: AxisLine[] = [];
  let day = startOfDay(from, zone);
  for (let count = 0; day <= to && count < 400; count++) {
    const next = startOfDay(day + 30 * HOUR, zone);
    const isShown = step <= DAY || Math.round(day / DAY) % (step / DAY) === 0;
    if (isShown && day >= from) lines.push({ at: day, label: dayLabel(day, zone), isDay: true });
    if (step < DAY) {
      for (let at = day + step; at < next - step / 2 && at <= to; at += step) {
        if (at >= from) lines.push({ at, label: clockTime(at, zone), isDay: false });
      }
    }
    day = next;
  }
  return lines;
}
