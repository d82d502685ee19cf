/** Delayed question to the server: it waits for a pause in typing. A later change, or a page that closes, drops it. */

import type { ApiFailure } from "./api/contract";
import { failure } from "./client";

/** Ask after `delayMs`. The returned function drops the question and its answer; it is the cleanup of an effect. */
export function askLater<T>(
  delayMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
  answered: (answer: T) => void,
  failed: (error: ApiFailure) => void,
): () => void {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    ask(controller.signal).then(answered, (error) => {
      if (!controller.signal.aborted) failed(failure(error));
    });
  }, delayMs);
  return () => {
    clearTimeout(timer);
    controller.abort();
  };
}
