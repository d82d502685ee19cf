/** Filter of runs: pure functions over the rows of the page. */

import type { RunPhase, RunRow, Trigger } from "./api/rows";

export const PHASES: RunPhase[] = [
  "Running",
  "Pending",
  "Succeeded",
  "Failed",
  "Missed",
  "Skipped",
  "Canceled",
  "Unknown",
];

export const TRIGGERS: Trigger[] = ["Schedule", "Manual", "Immediate", "Later", "CatchUp", "Backfill", "Step"];

export interface RunFilter {
  phases: string[];
  process: string;
  request: string;
  trigger: string;
  /** Limits of the due time as RFC 3339 in UTC; empty for none. */
  since: string;
  until: string;
  text: string;
}

/** The tick of a run, else its creation. */
export function dueOf(row: RunRow): string {
  return row.scheduled ?? row.created;
}

export function newestFirst(one: RunRow, other: RunRow): number {
  const a = dueOf(one);
  const b = dueOf(other);
  if (a !== b) return a < b ? 1 : -1;
  if (one.created !== other.created) return one.created < other.created ? 1 : -1;
  return one.name < other.name ? 1 : one.name > other.name ? -1 : 0;
}

export interface Filtered {
  rows: RunRow[];
  /** Number of rows by phase that match all other filters. */
  counts: Record<RunPhase, number>;
}

export function filterRuns(rows: RunRow[], filter: RunFilter): Filtered {
  const counts = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<RunPhase, number>;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const phases = new Set(filter.phases);
  const found: RunRow[] = [];
  for (const row of rows) {
    if (filter.process && row.process !== filter.process) continue;
    if (filter.request && row.request !== filter.request) continue;
    if (filter.trigger && row.trigger !== filter.trigger) continue;
    const due = dueOf(row);
    if (filter.since && due < filter.since) continue;
    if (filter.until && due > filter.until) continue;
    if (words.length && !hasWords(row, words)) continue;
    counts[row.phase] = (counts[row.phase] ?? 0) + 1;
    if (phases.size && !phases.has(row.phase)) continue;
    found.push(row);
  }
  return { rows: found, counts };
}

const searched = new WeakMap<RunRow, string>();

function hasWords(row: RunRow, words: string[]): boolean {
  let text = searched.get(row);
  if (text === undefined) {
    const parts = [row.namespace, row.name, row.request, row.process, row.phase, row.reason, row.trigger, row.by];
    text = parts.join(" ").toLowerCase();
    searched.set(row, text);
  }
  for (const word of words) if (!text.includes(word)) return false;
  return true;
}

/** Values that occur, for a select box. */
export function valuesOf(rows: RunRow[], field: "process" | "request"): string[] {
  const found = new Set<string>();
  for (const row of rows) if (row[field]) found.add(row[field]);
  return [...found].sort();
}

/** `1h`, `24h`, `7d` as the start of a time window. */
export function windowStart(window: string, now: number): string {
  const found = /^(\d+)([hd])$/.exec(window);
  if (!found) return "";
  const hours = Number(found[1]) * (found[2] === "d" ? 24 : 1);
  return new Date(now - hours * 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Whether a run has not ended. */
export function isOpen(run: RunRow): boolean {
  return run.phase === "Pending" || run.phase === "Running";
}
