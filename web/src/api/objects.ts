/** One object with its YAML and Events: `/api/objects`. */

import type { Instant } from "./contract";

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
