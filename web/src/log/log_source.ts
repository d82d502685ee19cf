/** Log source: reads the log of a run, live or from its record, and opens it again while the run is open. */

import { batch, type Signal, signal } from "@preact/signals";
import type { ApiFailure } from "../api/contract";
import type { LogEvent, LogInfo } from "../api/log";
import { apiPath, failure, request } from "../client";
import { readEvents } from "../event_stream";
import { LogLines } from "./log_lines";

const AGAIN_MS = 2_000;

export class LogSource {
  lines = new LogLines();
  readonly version: Signal<number> = signal(0);
  readonly info: Signal<LogInfo | null> = signal(null);
  readonly end: Signal<string | null> = signal(null);
  readonly error: Signal<ApiFailure | null> = signal(null);
  #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly namespace: string,
    readonly run: string,
    readonly tail: number,
    readonly follow: boolean,
  ) {
    void this.#read();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  async #read(): Promise<void> {
    const query = { tail: this.tail, follow: this.follow ? 1 : null };
    const fresh = new LogLines();
    let isFirst = true;
    try {
      const path = apiPath(`logs/${this.namespace}/${this.run}`, query);
      const response = await request("GET", path, undefined, this.#controller.signal);
      await readEvents<LogEvent>(response, (events) =>
        batch(() => {
          // The earlier text is shown until the new text arrives.
          if (isFirst) this.lines = fresh;
          isFirst = false;
          this.error.value = null;
          for (const event of events) this.#take(event);
          this.version.value++;
        }),
      );
      if (this.end.value === "Changed") this.#again();
      else if (this.end.value === null && this.follow) this.#again();
    } catch (error) {
      if (this.#controller.signal.aborted) return;
      this.error.value = failure(error);
      if (this.follow && (this.error.value.status === 0 || this.error.value.status >= 500)) this.#again();
    }
  }

  #take(event: LogEvent): void {
    if (event.type === "info") {
      this.info.value = event;
      this.end.value = null;
    } else if (event.type === "text") this.lines.push(event.text);
    else {
      this.end.value = event.reason;
      this.error.value = event.error;
    }
  }

  #again(): void {
    this.#timer = setTimeout(() => void this.#read(), AGAIN_MS);
  }
}
