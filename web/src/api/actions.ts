/** Actions: the bodies that buttons and forms send, and their results. */

import type { ApiFailure, Instant, Key, Kind } from "./contract";
import type { Timing } from "./timing";

/** `POST /api/actions/{action}` answers `ActionAnswer` with one result for each target, in their order. */
export interface ActionBody {
  /**
   * `cancel` and `delete` name the kind: processruns or processbackfills for cancel, any kind but processes for delete.
   * The other actions are for processrequests.
   */
  kind: Kind;
  targets: Key[];
  /** A server-side dry run: the API server checks everything and changes nothing. */
  dryRun: boolean;
  /** run: values that differ from the request's for this run alone. */
  parameters?: Record<string, string>;
  /** unschedule: why. */
  reason?: string;
  /** backfill. */
  backfill?: {
    from: Instant;
    to: Instant;
    maxActiveRuns: number;
    rerun: "Never" | "Failed" | "Always";
  };
}

/** `POST /api/actions/create`: a new ProcessRequest, by its fields or as YAML; exactly one of the two. */
export interface CreateBody {
  dryRun: boolean;
  namespace: string;
  request?: { name: string; spec: RequestSpec };
  yaml?: string;
}

export interface RequestSpec {
  process: { name: string };
  description?: string;
  parameters?: { name: string; value: string }[];
  timing: Timing;
  suspend?: boolean;
  concurrencyPolicy?: "Allow" | "Forbid" | "Replace" | "Queue";
  startingDeadlineSeconds?: number;
}

export interface ActionAnswer {
  results: ActionResult[];
}

export interface ActionResult extends Key {
  ok: boolean;
  /** A word for what was done, such as `canceled`, or `unchanged: it is Succeeded`. Empty after a rejection. */
  message: string;
  error: ApiFailure | null;
  /** Object that the action created. In a dry run its name may differ later. */
  created: (Key & { kind: Kind }) | null;
  /** The object or patch that was sent, as YAML. */
  yaml: string;
  /** The same as a command line of kubectl. */
  command: string;
}
