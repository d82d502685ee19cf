/** Actions: the open question, the last result for each row, and the permission to press a button. */

import { signal } from "@preact/signals";
import type { ActionAnswer, ActionBody, CreateBody } from "./api/actions";
import type { Key, Kind } from "./api/contract";
import type { Access, Action, Permission } from "./api/session";
import { post } from "./client";
import { keyOf } from "./row_store";
import { access } from "./session_state";
import { t } from "./texts";

export interface Question {
  action: Exclude<Action, "create">;
  kind: Kind;
  targets: Key[];
  /** Values to begin with: parameters of an earlier run, or the range of a backfill. */
  parameters?: Record<string, string>;
  range?: { from: string; to: string };
}

export const question = signal<Question | null>(null);
/** Results of the last action by kind and key of the row. */
export const outcomes = signal<ReadonlyMap<string, { ok: boolean; message: string }>>(new Map());

export function outcomeOf(kind: Kind, key: Key): { ok: boolean; message: string } | undefined {
  return outcomes.value.get(`${kind} ${keyOf(key)}`);
}

export function remember(kind: Kind, answer: ActionAnswer): void {
  const next = new Map(outcomes.value);
  for (const result of answer.results) {
    next.set(`${kind} ${keyOf(result)}`, { ok: result.ok, message: result.error?.message ?? result.message });
  }
  outcomes.value = next;
}

export function act(action: Action, body: ActionBody | CreateBody, signal?: AbortSignal): Promise<ActionAnswer> {
  return post<ActionAnswer>(`actions/${action}`, body, signal);
}

/**
 * Whether a button may be pressed for all targets; else the missing right in words. The page asks for the right on one
 * request only if the person lacks that of the namespace, because a list has thousands of requests.
 */
export function permission(action: Action, targets: Key[], requests: string[] = []): Permission {
  const [request] = requests.length === 1 ? requests : [];
  for (const name of new Set(targets.map((target) => target.namespace))) {
    const whole = access(name);
    const isEnough = whole === null || whole.actions[action].allowed || request === undefined;
    const found = isEnough ? rightOf(action, whole) : rightOf(action, access(name, request));
    if (!found.allowed) return found;
  }
  return { allowed: true, missing: "" };
}

function rightOf(action: Action, found: Access | null): Permission {
  return found?.actions[action] ?? { allowed: false, missing: t.dialog.noRights };
}
