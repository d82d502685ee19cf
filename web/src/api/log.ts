/** Events of `/api/logs`: the log of a run. */

import type { ApiFailure } from "./contract";

/**
 * `GET /api/logs/{namespace}/{run}?tail=LINES[&follow=1]` (`text/event-stream`): first `info`, then `text` until `end`.
 * The record of an ended run comes from the run's status; an open run's log comes from its pod (`get pods/log`).
 */
export type LogEvent = LogInfo | LogText | LogEnd;

export interface LogInfo {
  type: "info";
  source: "record" | "live" | "none";
  container: string | null;
  pod: string | null;
  /**
   * Whether the log has more text before the text that is sent. Null for a live log, which may have more if it begins
   * with as many lines as `tail`.
   */
  truncated: boolean | null;
  /** Why there is no log, or only a part, as a sentence; null if the log is complete. */
  remark: string | null;
  /** Address in the cluster's log store, `status.log.url`; null if the administrator has set none. */
  url: string | null;
}

export interface LogText {
  type: "text";
  /** Whole lines with their ends, except at the end of the log. At most 64 KiB. */
  text: string;
}

export interface LogEnd {
  type: "end";
  /**
   * Finished: the log is complete. Limit: 10 MiB were sent. Changed: open again, because the run continued or has a
   * record.
   */
  reason: "Finished" | "Limit" | "Changed" | "Unauthorized" | "Shutdown" | "Failed";
  error: ApiFailure | null;
}
