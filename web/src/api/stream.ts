/** Events of `/api/stream`, which keep the rows equal to the cluster. */

import type { ApiFailure, Instant, Key, Kind } from "./contract";
import type { Rows } from "./rows";

/**
 * `GET /api/stream?namespace=NS` (`text/event-stream`; an empty namespace means all). For each kind the server sends
 * `snapshot` chunks of at most 500 rows, in the order of their names, then `change` with the rows that differ. A kind
 * whose watch breaks gets `state` with `live: false`, and a whole new snapshot if the watch cannot continue. A comment
 * line keeps the stream open, at least every 15 s.
 */
export type StreamEvent = SnapshotEvent | ChangeEvent | StateEvent | EndEvent;

export interface SnapshotEvent<K extends Kind = Kind> {
  type: "snapshot";
  kind: K;
  /** True in the first chunk: rows of an earlier snapshot that the chunks until `last` do not name were deleted. */
  first: boolean;
  last: boolean;
  rows: Rows[K][];
}

export interface ChangeEvent<K extends Kind = Kind> {
  type: "change";
  kind: K;
  rows: Rows[K][];
  removed: Key[];
}

export interface StateEvent {
  type: "state";
  kind: Kind;
  live: boolean;
  /** Time since which `live` has its value. */
  since: Instant;
  /** Null while it is live. A rejection (403) stays until the stream is opened again. */
  error: ApiFailure | null;
}

/** The last event; the page opens the stream again, except after `Unauthorized`. */
export interface EndEvent {
  type: "end";
  reason: "Deadline" | "Unauthorized" | "SlowReader" | "Shutdown";
}
