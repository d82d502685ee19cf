import type { RunRow } from "../src/api/rows";

export function runRow(fields: Partial<RunRow> = {}): RunRow {
  return {
    namespace: "sales",
    name: "nightly-1",
    created: "2027-01-01T00:00:00Z",
    request: "nightly",
    process: "report",
    trigger: "Schedule",
    phase: "Succeeded",
    reason: null,
    scheduled: null,
    started: null,
    ended: null,
    exitCode: null,
    job: null,
    parent: null,
    by: null,
    ...fields,
  };
}
