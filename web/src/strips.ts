/** Strips: the last ten runs of each request. */

import { computed } from "@preact/signals";
import type { RunRow } from "./api/rows";
import { newestFirst } from "./run_filter";
import { stores } from "./row_store";

const LENGTH = 10;

/** The newest runs by `namespace/request`, the newest last. Steps belong to their run, not to the strip. */
export function stripsOf(rows: RunRow[]): Map<string, RunRow[]> {
  const found = new Map<string, RunRow[]>();
  for (const row of [...rows].sort(newestFirst)) {
    if (row.trigger === "Step") continue;
    const key = `${row.namespace}/${row.request}`;
    const strip = found.get(key);
    if (!strip) found.set(key, [row]);
    else if (strip.length < LENGTH) strip.unshift(row);
  }
  return found;
}

export const strips = computed(() => stripsOf(stores.processruns.all()));
