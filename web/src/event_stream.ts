/** Event stream: `text/event-stream` read with fetch, because EventSource sends no header. Its data is JSON. */

export class EventStreamParser<T> {
  #rest = "";
  #data = "";

  /** Give the events that a piece of the stream completes. */
  push(text: string): T[] {
    const found: T[] = [];
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line.startsWith("data:")) {
        const data = line.slice(line[5] === " " ? 6 : 5);
        this.#data = this.#data ? `${this.#data}\n${data}` : data;
      } else if (line === "" && this.#data) {
        found.push(JSON.parse(this.#data) as T);
        this.#data = "";
      }
    }
    return found;
  }
}

/** Call `take` with the events of each piece, and return when the stream ends. It calls `onPiece` for each piece. */
export async function readEvents<T>(
  response: Response,
  take: (events: T[]) => void,
  onPiece?: () => void,
): Promise<void> {
  if (!response.body) return;
  const parser = new EventStreamParser<T>();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onPiece?.();
    const events = parser.push(value);
    if (events.length) take(events);
  }
}
