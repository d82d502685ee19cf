/** Lanes of the timeline: runs as bars, times without a run as marks, and density for too many of them. Pure. */

import type { RequestRow, RunPhase, RunRow } from "../api/rows";
import type { RequestTicks } from "../api/timing";
import { dueOf } from "../run_filter";

const MOST_MARKS = 500;
const BUCKETS = 200;

export interface Bar {
  from: number;
  to: number;
  /** Row within the lane, from 0, so that runs at the same time lie side by side. */
  level: number;
  run: RunRow;
}

export type MarkKind = "missed" | "skipped" | "coming" | "excluded";

export interface Mark {
  at: number;
  kind: MarkKind;
  request: string;
  namespace: string;
  run: RunRow | null;
}

export interface Band {
  from: number;
  to: number;
  count: number;
}

export interface Lane {
  key: string;
  label: string;
  suspended: boolean;
  bars: Bar[];
  marks: Mark[];
  bands: Band[];
}

export interface LanesInput {
  runs: RunRow[];
  requests: RequestRow[];
  ticks: RequestTicks[];
  from: number;
  to: number;
  now: number;
  by: "request" | "process";
  text: string;
  /** Labels contain the namespace, if the runs have several. */
  everywhere: boolean;
}

const LEVELS = 3;
const WITHOUT_RUN: Partial<Record<RunPhase, MarkKind>> = { Missed: "missed", Skipped: "skipped" };

export function lanesOf(input: LanesInput): Lane[] {
  const lanes = new Map<string, Lane>();
  const process = new Map(input.requests.map((one) => [`${one.namespace}/${one.name}`, one.process ?? one.name]));
  const words = input.text.toLowerCase().split(/\s+/).filter(Boolean);
  const lane = (namespace: string, request: string, processName: string | null): Lane | null => {
    const name = input.by === "request" ? request : (processName ?? process.get(`${namespace}/${request}`) ?? request);
    const key = `${namespace}/${name}`;
    if (!words.every((word) => key.toLowerCase().includes(word))) return null;
    let found = lanes.get(key);
    if (!found) {
      found = { key, label: input.everywhere ? key : name, suspended: false, bars: [], marks: [], bands: [] };
      lanes.set(key, found);
    }
    return found;
  };
  for (const row of input.requests) {
    const found = lane(row.namespace, row.name, row.process);
    if (found && row.suspended && input.by === "request") found.suspended = true;
  }
  for (const run of input.runs) addRun(input, run, lane);
  for (const one of input.ticks) {
    const found = lane(one.namespace, one.name, null);
    if (!found) continue;
    const mark = { request: one.name, namespace: one.namespace, run: null };
    for (const tick of one.ticks) {
      const at = Date.parse(tick);
      if (at > input.now) found.marks.push({ ...mark, at, kind: "coming" });
    }
    for (const tick of one.excluded) found.marks.push({ ...mark, at: Date.parse(tick), kind: "excluded" });
    for (const part of one.density)
      found.bands.push({ from: Date.parse(part.from), to: Date.parse(part.to), count: part.count });
  }
  const all = [...lanes.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
  for (const one of all) {
    level(one.bars);
    thin(one, input.from, input.to);
  }
  return all;
}

function addRun(
  input: LanesInput,
  run: RunRow,
  lane: (namespace: string, request: string, process: string | null) => Lane | null,
): void {
  if (run.trigger === "Step" && input.by === "request") return;
  const due = Date.parse(dueOf(run));
  const from = run.started ? Date.parse(run.started) : due;
  const to = run.ended ? Date.parse(run.ended) : run.started ? input.now : from;
  if (to < input.from || from > input.to) return;
  const kind = WITHOUT_RUN[run.phase];
  const found = lane(run.namespace, run.request, run.process);
  if (kind && !run.started) found?.marks.push({ at: due, kind, request: run.request, namespace: run.namespace, run });
  else found?.bars.push({ from, to: Math.max(to, from), level: 0, run });
}

/** Give runs at the same time different levels, up to the number of levels. */
function level(bars: Bar[]): void {
  bars.sort((one, other) => one.from - other.from);
  const ends: number[] = [];
  for (const bar of bars) {
    const free = ends.findIndex((end) => end <= bar.from);
    bar.level = free >= 0 ? free : Math.min(ends.length, LEVELS - 1);
    ends[bar.level] = Math.max(ends[bar.level] ?? 0, bar.to);
  }
}

/** Replace the bars of a lane that has too many by a band of numbers. Failed runs stay visible. */
function thin(lane: Lane, from: number, to: number): void {
  if (lane.bars.length + lane.marks.length <= MOST_MARKS) return;
  const size = (to - from) / BUCKETS;
  const counts = new Map<number, number>();
  const count = (at: number) => {
    const bucket = Math.max(0, Math.min(BUCKETS - 1, Math.floor((at - from) / size)));
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  };
  for (const bar of lane.bars) count(bar.from);
  for (const mark of lane.marks) count(mark.at);
  const isBad = (phase: RunPhase) => phase === "Failed" || phase === "Unknown";
  lane.bars = lane.bars.filter((bar) => isBad(bar.run.phase)).slice(-MOST_MARKS);
  lane.marks = lane.marks.filter((mark) => mark.kind === "missed").slice(-MOST_MARKS);
  for (const [bucket, number] of counts)
    lane.bands.push({ from: from + bucket * size, to: from + (bucket + 1) * size, count: number });
}

export interface Entry {
  at: number;
  request: string;
  namespace: string;
  what: MarkKind | RunPhase;
  run: RunRow | null;
}

/** The same as rows of a table, the earliest first. */
export function entriesOf(lanes: Lane[]): Entry[] {
  const found: Entry[] = [];
  for (const lane of lanes) {
    for (const { from, run } of lane.bars)
      found.push({ at: from, request: run.request, namespace: run.namespace, what: run.phase, run });
    for (const { at, request, namespace, kind, run } of lane.marks)
      found.push({ at, request, namespace, what: kind, run });
  }
  return found.sort((one, other) => one.at - other.at);
}

export const SPANS: Record<string, number> = {
  "1h": 3_600_000,
  "6h": 6 * 3_600_000,
  "24h": 24 * 3_600_000,
  "7d": 7 * 24 * 3_600_000,
  "31d": 31 * 24 * 3_600_000,
};
