/**
 * Contract between the Process Monitor's page and its server (`operator/process_operator/monitor/`), for all calls.
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
