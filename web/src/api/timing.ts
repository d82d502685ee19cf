/** Timing: coming times of requests, the preview of a timing, and why a request ran or did not run. */

import type { FieldFailure, Instant, Key } from "./contract";

/**
 * `GET /api/ticks?namespace=NS&from=INSTANT&to=INSTANT[&request=NAME]...`: coming times of the requests of a scope (an
 * empty namespace means all), for the Timeline. A range is at most 62 days.
 */
export interface Ticks {
  from: Instant;
  to: Instant;
  requests: RequestTicks[];
}

export interface RequestTicks extends Key {
  /** Times at which a run will start, ascending; empty while the request is suspended. At most 500. */
  ticks: Instant[];
  /** Instead of `ticks`, if there are more than 500 in the range: their number in each of at most 200 equal spans. */
  density: { from: Instant; to: Instant; count: number }[];
  /** Times that exclude or excludeFrom leaves out, at most 500, past and future. */
  excluded: Instant[];
}

/** `POST /api/preview`: the coming times of a timing that is not saved. Changes nothing. */
export interface PreviewQuestion {
  namespace: string;
  /** `spec.timing` as the person typed it. */
  timing: Timing;
  /** Number of times, at most 50. */
  count: number;
}

export interface Preview {
  /** The timing in words; empty if it cannot be read. */
  words: string;
  times: PreviewTime[];
  /** Errors with paths under `spec.timing`. If there is one, `times` is empty. */
  errors: FieldFailure[];
  /** Hints as sentences, such as the nearest name of an unknown zone, or a clock change. */
  hints: string[];
}

export interface PreviewTime {
  at: Instant;
  /** Wall time in the schedule's zone with offset, such as 2027-03-28T03:00:00+02:00. */
  local: string;
  /** Reason of a moved time, such as `moved by a clock change from 02:30:00`; null for a time that was not moved. */
  remark: string | null;
}

/** `spec.timing` of a ProcessRequest, in its own field names. */
export interface Timing {
  runImmediately?: Record<string, never>;
  runLater?: { startTime?: Instant; after?: string; endTime?: Instant; within?: string };
  schedule?: Schedule;
}

export type Weekday = "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday" | "Sunday";

export interface Schedule {
  startTime?: Instant;
  finishTime?: Instant;
  timeZone?: string;
  secondly?: { every: number };
  minutely?: { every: number };
  hourly?: { every: number };
  daily?: { at: string; every?: number; days?: "Weekdays" | "Weekends" };
  weekly?: { at: string; days: Weekday[]; every?: number };
  monthly?: {
    at: string;
    day?: number | "Last";
    weekday?: { week: "First" | "Second" | "Third" | "Fourth" | "Last"; day: Weekday };
    every?: number;
  };
  cron?: string;
  jitter?: string;
  exclude?: string[];
  maxRuns?: number;
}

/** `GET /api/why?namespace=NS&request=NAME&at=INSTANT`: why a request ran, or did not run, at an instant. */
export interface Why {
  at: Instant;
  sentences: string[];
}
