/** Rows: fields of an object that a list shows, by kind. */

import type { Instant, Key, Kind } from "./contract";

export type RunPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Missed" | "Skipped" | "Canceled" | "Unknown";

export type Trigger = "Immediate" | "Later" | "Schedule" | "CatchUp" | "Backfill" | "Manual" | "Step";

export interface RunRow extends Key {
  created: Instant;
  request: string;
  process: string | null;
  trigger: Trigger;
  phase: RunPhase;
  reason: string | null;
  scheduled: Instant | null;
  started: Instant | null;
  ended: Instant | null;
  exitCode: number | null;
  job: string | null;
  /** Run whose step this is. */
  parent: string | null;
  /** Annotation `requested-by`. */
  by: string | null;
}

export type RequestPhase =
  | "Pending"
  | "Scheduled"
  | "Active"
  | "Suspended"
  | "Succeeded"
  | "Failed"
  | "Canceled"
  | "Finished"
  | "Invalid";

export interface RequestRow extends Key {
  created: Instant;
  description: string | null;
  /** Null for a request with its own jobTemplate. */
  process: string | null;
  /** `status.schedule`: the timing in words, with its zone. */
  schedule: string | null;
  /** `spec.timing.schedule.timeZone`; null without a schedule. */
  timeZone: string | null;
  timing: "Schedule" | "Later" | "Immediately";
  phase: RequestPhase | null;
  suspended: boolean;
  /** `status.suspendedSince`; null unless the request is suspended and the operator has observed it. */
  suspendedSince: Instant | null;
  suspendedBy: string | null;
  suspendReason: string | null;
  next: Instant | null;
  lastRunTime: Instant | null;
  lastRun: { name: string; phase: RunPhase } | null;
  active: number;
  waiting: number;
  engine: "CronJob" | "Operator" | null;
  /** Reason and message of the condition that is bad (Accepted, then Ready); null if there is none. */
  reason: string | null;
  message: string | null;
}

export type BackfillPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Canceled";

export interface BackfillRow extends Key {
  created: Instant;
  request: string;
  phase: BackfillPhase;
  /** Such as 12/31. */
  progress: string | null;
  failed: number;
  active: number;
  from: Instant;
  to: Instant;
  reason: string | null;
  by: string | null;
}

export interface Parameter {
  name: string;
  description: string | null;
  required: boolean;
  default: string | null;
  /** Allowed values, for a select box; null if any is. */
  enum: string[] | null;
  /** Regular expression (RE2) that the whole value must match; null if any value is allowed. */
  pattern: string | null;
}

export interface ProcessRow extends Key {
  created: Instant;
  description: string | null;
  /** Null until the operator has observed it. */
  ready: boolean | null;
  reason: string | null;
  message: string | null;
  parameters: Parameter[];
  steps: { name: string; process: string }[];
  concurrencyPolicy: "Allow" | "Forbid" | "Queue";
}

export interface Rows {
  processruns: RunRow;
  processrequests: RequestRow;
  processbackfills: BackfillRow;
  processes: ProcessRow;
}

export type AnyRow = Rows[Kind];
