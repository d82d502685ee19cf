/** Row store: the rows of one kind, from the snapshots and changes of the stream. */

import { signal } from "@preact/signals";
import type { Key, Kind } from "./api/contract";
import type { AnyRow, Rows } from "./api/rows";
import type { ChangeEvent, SnapshotEvent, StateEvent } from "./api/stream";

export function keyOf(row: Key): string {
  return `${row.namespace}/${row.name}`;
}

export class RowStore<K extends Kind> {
  readonly rows = new Map<string, Rows[K]>();
  /** Number that grows with each batch of changes. A component that reads it is drawn again. */
  readonly version = signal(0);
  /** Whether a whole snapshot has arrived since the scope was chosen. */
  readonly complete = signal(false);
  readonly state = signal<StateEvent | null>(null);
  #named: Set<string> | null = null;

  snapshot(event: SnapshotEvent<K>): void {
    if (event.first) this.#named = new Set();
    for (const row of event.rows) {
      const key = keyOf(row);
      this.rows.set(key, row);
      this.#named?.add(key);
    }
    if (!event.last) return;
    if (this.#named) {
      for (const key of this.rows.keys()) if (!this.#named.has(key)) this.rows.delete(key);
    }
    this.#named = null;
    this.complete.value = true;
  }

  change(event: ChangeEvent<K>): void {
    for (const row of event.rows) {
      const key = keyOf(row);
      this.rows.set(key, row);
      this.#named?.add(key);
    }
    for (const key of event.removed) {
      this.rows.delete(keyOf(key));
      this.#named?.delete(keyOf(key));
    }
  }

  clear(): void {
    this.rows.clear();
    this.#named = null;
    this.complete.value = false;
    this.state.value = null;
    this.version.value++;
  }

  /** All rows; reading it subscribes to changes. */
  all(): Rows[K][] {
    void this.version.value;
    return [...this.rows.values()];
  }

  one(key: Key): Rows[K] | undefined {
    void this.version.value;
    return this.rows.get(keyOf(key));
  }
}

export const stores: { [K in Kind]: RowStore<K> } = {
  processruns: new RowStore<"processruns">(),
  processrequests: new RowStore<"processrequests">(),
  processbackfills: new RowStore<"processbackfills">(),
  processes: new RowStore<"processes">(),
};

export const KINDS = Object.keys(stores) as Kind[];

/** The store of any kind, for events whose kind is known only when they arrive. */
export function storeOf(kind: Kind): RowStore<Kind> {
  return stores[kind] as unknown as RowStore<Kind>;
}

export type { AnyRow };
