/** Log lines: lines with colours, from text that arrives in pieces. The number of kept lines has a limit. */

import Anser, { type AnserJsonEntry } from "anser";
import { visible } from "../shown_text";

export const MOST_LINES = 50_000;
/** A line longer than this is cut on the screen; the download has all of it. */
const LONGEST_SHOWN = 10_000;

export interface Piece {
  text: string;
  /** Classes of colours and styles; empty for plain text. */
  classes: string;
}

export class LogLines {
  readonly lines: string[] = [];
  dropped = 0;
  #open = false;

  push(text: string): void {
    const parts = text.split("\n");
    if (this.#open && this.lines.length) this.lines[this.lines.length - 1] += parts.shift() ?? "";
    const last = parts.length ? (parts.pop() as string) : null;
    for (const part of parts) this.lines.push(part);
    if (last !== null) {
      this.#open = last !== "";
      if (last !== "") this.lines.push(last);
    }
    const over = this.lines.length - MOST_LINES;
    if (over > 0) {
      this.lines.splice(0, over);
      this.dropped += over;
    }
  }

  get text(): string {
    return this.lines.length ? `${this.lines.join("\n")}\n` : "";
  }
}

/** The visible part of a line in a terminal, in which a carriage return begins the line again. */
export function lastPrinted(line: string): string {
  const end = line.endsWith("\r") ? line.slice(0, -1) : line;
  return end.slice(end.lastIndexOf("\r") + 1);
}

const ESCAPES = /\u001b\[[0-9;:?]*[ -/]*[@-~]/g;

/** The text of a line without colours, for search. */
export function plain(line: string): string {
  return lastPrinted(line).replace(ESCAPES, (found) => (found.endsWith("m") ? "" : found));
}

/** A line as pieces. Colours and styles (SGR) are interpreted; every other escape is shown. */
export function piecesOf(line: string): Piece[] {
  const text = lastPrinted(line).slice(0, LONGEST_SHOWN);
  if (!text.includes("\u001b[")) return [{ text: visible(text), classes: "" }];
  const kept = text.replace(ESCAPES, (found) => (found.endsWith("m") ? found : visible(found)));
  return Anser.ansiToJson(kept, { use_classes: true, json: true, remove_empty: true }).map((entry) => ({
    text: visible(entry.content),
    classes: classesOf(entry),
  }));
}

function classesOf(entry: AnserJsonEntry): string {
  const names: string[] = [];
  if (entry.fg && /^ansi-[a-z-]+$/.test(entry.fg)) names.push(entry.fg);
  if (entry.bg && /^ansi-[a-z-]+$/.test(entry.bg)) names.push(entry.bg.replace("ansi-", "ansi-bg-"));
  for (const decoration of entry.decorations ?? []) names.push(`ansi-${decoration}`);
  return names.join(" ");
}

/** Indices of lines that contain a text, without regard to case. */
export function searchLines(lines: string[], text: string): number[] {
  const wanted = text.toLowerCase();
  if (!wanted) return [];
  const found: number[] = [];
  for (let index = 0; index < lines.length; index++) {
    if (
      plain(lines[index] as string)
        .toLowerCase()
        .includes(wanted)
    )
      found.push(index);
  }
  return found;
}
