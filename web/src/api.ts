/**
 * Contract between the Process Monitor's page and its server (`operator/process_operator/monitor/`).
 *
 * Every path starts with `/api`. Instants are RFC 3339 in UTC with `Z`. A field that may be absent in the cluster is
 * `null` here, so that a missing key is an error of the server. Every call sends `X-Process-Monitor: 1`, and in local
 * mode `X-Process-Monitor-Key`. An answer with a status of 400 or more has the body `ErrorBody`.
 */

export type Instant = string;

/** Plural names of the four kinds, as the API server has them in its paths. */
export type Kind = "processruns" | "processrequests" | "processbackfills" | "processes";

export interface Key {
  namespace: string;
  name: string;
}

// ---------------------------------------------------------------------------------------------------- errors

/** Rejection by the API server as it is, or by the monitor. */
export interface ApiFailure {
  /** HTTP status. */
  status: number;
  /** `reason` of the API server's Status, such as Forbidden, Invalid, NotFound; the monitor's own are CamelCase too. */
  reason: string;
  message: string;
  /** Rejected fields: path such as `spec.timing.schedule.daily.at`, or `parameters.NAME` for an input. */
  fields: FieldFailure[];
}

export interface FieldFailure {
  path: string;
  message: string;
}

export interface ErrorBody {
  error: ApiFailure;
  /** With status 401 only: `token` shows the form for a pasted token, `none` tells the person to sign in elsewhere. */
  signIn?: "token" | "none";
}

// --------------------------------------------------------------------------------------------------- session

/** `GET /api/session`; `POST /api/session` with `SignIn` answers the same; `DELETE /api/session` answers 204. */
export interface Session {
  mode: "local" | "cluster";
  user: string;
  groups: string[];
  /** Name of the kubeconfig's context and cluster in local mode; empty in the cluster. */
  context: string;
  cluster: string;
  /** Namespace with which the page starts. */
  namespace: string;
  version: string;
  /** Clock of the server, against which the page measures its own. */
  now: Instant;
  /** Whether the cluster has the admission policy that checks the names in `by`. Without it they are a claim. */
  namesVouched: boolean;
  /** Whether the person signed in with a pasted token, so that "Sign out" is possible. */
  canSignOut: boolean;
}

export interface SignIn {
  token: string;
}

/** `GET /api/namespaces`. `names` is null where the person must not list namespaces. */
export interface Namespaces {
  names: string[] | null;
  /** Whether the person may list runs and requests over all namespaces. */
  all: boolean;
}

// ---------------------------------------------------------------------------------------------------- access

export type Action = "run" | "cancel" | "schedule" | "unschedule" | "reschedule" | "backfill" | "delete" | "create";

export interface Permission {
  allowed: boolean;
  /** The missing right as a sentence, such as `You need the right "create jobs" in namespace sales`. Empty if allowed. */
  missing: string;
}

/**
 * `GET /api/access?namespace=NS[&request=NAME]`. Custom verbs can be granted for one request by its name, so the page of
 * a request asks with `request`.
 */
export interface Access {
  namespace: string;
  request: string | null;
  actions: Record<Action, Permission>;
  /** `get pods/log`, for the live log. */
  logs: Permission;
}

// ---------------------------------------------------------------------------------------------------- stream

/**
 * `GET /api/stream?namespace=NS` (`text/event-stream`; an empty namespace means all). For each kind the server sends
 * `snapshot` chunks of at most 500 rows, in the order of their names, then `change` for what differs. A kind whose watch breaks gets
 * `state` with `live: false`, and a whole new snapshot if the watch cannot continue. A comment line keeps the stream
 * open, at least every 15 s.
 */
export type StreamEvent = SnapshotEvent | ChangeEvent | StateEvent | EndEvent;

export interface Rows {
  processruns: RunRow;
  processrequests: RequestRow;
  processbackfills: BackfillRow;
  processes: ProcessRow;
}

export type AnyRow = Rows[Kind];

export interface SnapshotEvent<K extends Kind = Kind> {
  type: "snapshot";
  kind: K;
  /** True in the first chunk: rows of an earlier snapshot that the chunks until `last` do not name are gone. */
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
  /** Since when the kind is live, or is not. */
  since: Instant;
  /** Null while it is live. A rejection (403) stays until the stream is opened again. */
  error: ApiFailure | null;
}

/** The last event; the page opens the stream again, except after `Unauthorized`. */
export interface EndEvent {
  type: "end";
  reason: "Deadline" | "Unauthorized" | "SlowReader" | "Shutdown";
}

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

// --------------------------------------------------------------------------------------------------- objects

/** `GET /api/objects/{kind}/{namespace}/{name}`: one object as the API server has it, without managedFields. */
export interface ObjectDetails<T = KubernetesObject> {
  object: T;
  yaml: string;
  events: EventRow[];
}

export interface EventRow {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  count: number;
  first: Instant;
  last: Instant;
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    creationTimestamp: Instant;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; name: string }[];
  };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}

// ----------------------------------------------------------------------------------------------------- ticks

/**
 * `GET /api/ticks?namespace=NS&from=INSTANT&to=INSTANT[&request=NAME]...`: coming times of the requests of a scope (an
 * empty namespace means all), for the Timeline. A range is at most 62 days.
 */
export interface Ticks {
  from: Instant;
  to: Instant;
  requests: RequestTicks[];
}

export interface RequestTicks extends Key {
  /** Times at which a run will start, ascending; empty while the request is suspended. At most 500. */
  ticks: Instant[];
  /** Instead of `ticks`, if there are more than 500 in the range: their number in each of at most 200 equal spans. */
  density: { from: Instant; to: Instant; count: number }[];
  /** Times that exclude or excludeFrom leaves out, at most 500, past and future. */
  excluded: Instant[];
}

/** `POST /api/preview`: the coming times of a timing that is not saved. Changes nothing. */
export interface PreviewQuestion {
  namespace: string;
  /** `spec.timing` as the person typed it. */
  timing: Timing;
  /** Number of times, at most 50. */
  count: number;
}

export interface Preview {
  /** The timing in words; empty if it cannot be read. */
  words: string;
  times: PreviewTime[];
  /** What is wrong, with paths under `spec.timing`. Then `times` is empty. */
  errors: FieldFailure[];
  /** What holds but may surprise, as sentences: an unknown zone's nearest name, a clock change. */
  hints: string[];
}

export interface PreviewTime {
  at: Instant;
  /** Wall time in the schedule's zone with offset, such as 2027-03-28T03:00:00+02:00. */
  local: string;
  /** What moved it, such as `moved by a clock change from 02:30:00`; null if nothing did. */
  remark: string | null;
}

/** `spec.timing` of a ProcessRequest, in its own field names. */
export interface Timing {
  runImmediately?: Record<string, never>;
  runLater?: { startTime?: Instant; after?: string; endTime?: Instant; within?: string };
  schedule?: Schedule;
}

export type Weekday = "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday" | "Sunday";

export interface Schedule {
  startTime?: Instant;
  finishTime?: Instant;
  timeZone?: string;
  secondly?: { every: number };
  minutely?: { every: number };
  hourly?: { every: number };
  daily?: { at: string; every?: number; days?: "Weekdays" | "Weekends" };
  weekly?: { at: string; days: Weekday[]; every?: number };
  monthly?: {
    at: string;
    day?: number | "Last";
    weekday?: { week: "First" | "Second" | "Third" | "Fourth" | "Last"; day: Weekday };
    every?: number;
  };
  cron?: string;
  jitter?: string;
  exclude?: string[];
  maxRuns?: number;
}

// ------------------------------------------------------------------------------------------------------- why

/** `GET /api/why?namespace=NS&request=NAME&at=INSTANT`: why a request ran, or did not run, at an instant. */
export interface Why {
  at: Instant;
  sentences: string[];
}

// ------------------------------------------------------------------------------------------------------ logs

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
   * Whether the log has more text before what is sent. Null for a live log: it may have more if it begins with as many
   * lines as `tail`.
   */
  truncated: boolean | null;
  /** Why there is no log, or only a part, as a sentence; null if all is there. */
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
  /** Finished: the log is whole. Limit: 10 MiB were sent. Changed: open again, the run went on or its record is there. */
  reason: "Finished" | "Limit" | "Changed" | "Unauthorized" | "Shutdown" | "Failed";
  error: ApiFailure | null;
}

// --------------------------------------------------------------------------------------------------- actions

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
  /** What was sent, as YAML: a whole object, or the patch. */
  yaml: string;
  /** The same as a command line of kubectl. */
  command: string;
}
