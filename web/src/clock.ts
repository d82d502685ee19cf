/** Clock of the page: the server's time, because a person's machine may be wrong by minutes. */

import { signal } from "@preact/signals";

let offset = 0;

export function setServerTime(instant: string): void {
  const wrong = Date.parse(instant) - Date.now();
  // The answer needs some time on its way, so a small difference is ignored.
  offset = Math.abs(wrong) > 2_000 ? wrong : 0;
}

export function now(): number {
  return Date.now() + offset;
}

/** The present in milliseconds. It changes each second, for times that are shown relative to it. */
export const second = signal(now());
/** The present in milliseconds. It changes each half minute. */
export const halfMinute = signal(now());

export function startClock(): void {
  setInterval(() => {
    if (document.visibilityState === "hidden") return;
    second.value = now();
    if (second.value - halfMinute.value >= 30_000) halfMinute.value = second.value;
  }, 1_000);
}
