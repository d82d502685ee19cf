/** Filter of requests: by typed words and by state. */

import type { RequestRow } from "./api/rows";

export const STATES = ["All", "Active", "Suspended", "Invalid", "failed"] as const;
export type State = (typeof STATES)[number];

export interface FilteredRequests {
  rows: RequestRow[];
  counts: Record<State, number>;
}

function isIn(state: State, row: RequestRow): boolean {
  if (state === "All") return true;
  if (state === "Suspended") return row.suspended;
  if (state === "failed") return row.lastRun?.phase === "Failed" || row.lastRun?.phase === "Unknown";
  return row.phase === state;
}

export function filterRequests(rows: RequestRow[], state: State, text: string, process: string): FilteredRequests {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const counts = Object.fromEntries(STATES.map((one) => [one, 0])) as Record<State, number>;
  const found: RequestRow[] = [];
  for (const row of rows) {
    if (process && row.process !== process) continue;
    const searched =
      `${row.namespace} ${row.name} ${row.process ?? ""} ${row.schedule ?? ""} ${row.phase ?? ""} ${row.suspendReason ?? ""} ${
        row.suspendedBy ?? ""
      } ${row.suspended ? "suspended" : ""}`.toLowerCase();
    if (!words.every((word) => searched.includes(word))) continue;
    for (const one of STATES) if (isIn(one, row)) counts[one]++;
    if (isIn(state, row)) found.push(row);
  }
  return { rows: found, counts };
}

/** Sorted by namespace and name: a list of schedules does not jump when one of them runs. */
export function byName(one: RequestRow, other: RequestRow): number {
  const a = `${one.namespace}/${one.name}`;
  const b = `${other.namespace}/${other.name}`;
  return a < b ? -1 : a > b ? 1 : 0;
}
