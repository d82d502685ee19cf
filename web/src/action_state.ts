/** Actions: the question that is open, what was done to which row, and whether a button may be pressed. */

import { signal } from "@preact/signals";
import type { Access, Action, ActionAnswer, ActionBody, CreateBody, Key, Kind, Permission } from "./api";
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
/** What the last action said about a row, by kind and key. */
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

/** Whether a button may be pressed for all targets; else the missing right in words. */
export function permission(action: Action, targets: Key[], requests: string[] = []): Permission {
  const asked: (Access | null)[] =
    requests.length === 1 && targets[0]
      ? [access(targets[0].namespace, requests[0])]
      : [...new Set(targets.map((target) => target.namespace))].map((name) => access(name));
  for (const found of asked) {
    if (!found) return { allowed: false, missing: t.dialog.noRights };
    if (!found.actions[action].allowed) return found.actions[action];
  }
  return { allowed: true, missing: "" };
}
