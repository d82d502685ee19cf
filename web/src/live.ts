/** Live connection: keeps the stores equal to the cluster, and reports the time at which it broke. */

import { batch, effect, signal } from "@preact/signals";
import type { Kind } from "./api/contract";
import type { StreamEvent } from "./api/stream";
import { apiPath, failure, RejectedError, request } from "./client";
import { now } from "./clock";
import { readEvents } from "./event_stream";
import { namespace } from "./place";
import { KINDS, storeOf } from "./row_store";
import { expired, session } from "./session_state";

const SILENCE_MS = 40_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

/** Null while the connection is open; else the time at which it broke, and the cause. */
export const broken = signal<{ since: number; message: string } | null>(null);

let controller: AbortController | null = null;
let wake: (() => void) | null = null;
let lastBeat = 0;

/** Follow the namespace of the view, as long as the page is open. */
export function keepLive(): void {
  let scope: string | null = null;
  effect(() => {
    const wanted = session.value ? namespace.value : null;
    if (wanted === scope) return;
    scope = wanted;
    controller?.abort();
    for (const kind of KINDS) storeOf(kind).clear();
    broken.value = null;
    if (wanted !== null) void follow(wanted);
  });
  const now_ = () => wake?.();
  addEventListener("online", now_);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") checkSilence();
  });
  setInterval(checkSilence, 5_000);
}

/** Close a silent connection. After a laptop slept, its connection looks open but delivers nothing. */
function checkSilence(): void {
  if (wake) wake();
  else if (lastBeat && Date.now() - lastBeat > SILENCE_MS) controller?.abort("silence");
}

async function follow(scope: string): Promise<void> {
  let delay = FIRST_DELAY_MS;
  while (namespace.peek() === scope && session.peek()) {
    const mine = new AbortController();
    controller = mine;
    let message = "the server closed the connection";
    try {
      lastBeat = Date.now();
      const response = await request("GET", apiPath("stream", { namespace: scope }), undefined, mine.signal);
      delay = FIRST_DELAY_MS;
      broken.value = null;
      let isOver = false;
      await readEvents<StreamEvent>(
        response,
        (events) => {
          if (controller !== mine) return;
          isOver = events.some((event) => event.type === "end" && event.reason === "Unauthorized");
          apply(events);
        },
        () => {
          lastBeat = Date.now();
        },
      );
      if (isOver) return expired();
    } catch (error) {
      if (controller !== mine) return;
      if (error instanceof RejectedError && error.failure.status === 401) return expired(error);
      message = mine.signal.aborted ? "the server was silent" : failure(error).message;
    }
    if (controller !== mine) return;
    lastBeat = 0;
    broken.value ??= { since: now(), message };
    await pause(delay * (0.5 + Math.random()));
    delay = Math.min(delay * 2, LONGEST_DELAY_MS);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      wake = null;
      resolve();
    }
    wake = done;
  });
}

export function apply(events: StreamEvent[]): void {
  const changed = new Set<Kind>();
  batch(() => {
    for (const event of events) {
      if (event.type === "snapshot") storeOf(event.kind).snapshot(event);
      else if (event.type === "change") storeOf(event.kind).change(event);
      else if (event.type === "state") storeOf(event.kind).state.value = event;
      if (event.type === "snapshot" || event.type === "change") changed.add(event.kind);
    }
    for (const kind of changed) storeOf(kind).version.value++;
  });
}
