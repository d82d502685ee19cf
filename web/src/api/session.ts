/** Session and rights: `/api/session`, `/api/namespaces` and `/api/access`. */

import type { Instant } from "./contract";

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

/** `GET /api/namespaces`. `names` is null if the person must not list namespaces. */
export interface Namespaces {
  names: string[] | null;
  /** Whether the person may list runs and requests over all namespaces. */
  all: boolean;
}

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
