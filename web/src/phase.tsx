/** Phase as a mark with a shape, a word and a colour, so that no person depends on one of them alone. */

import type { RunPhase } from "./api/rows";
import { t } from "./texts";

const SHAPES: Record<string, string> = {
  Succeeded: "M3 8.5l3.2 3.2L13 5",
  Failed: "M4 4l8 8M12 4l-8 8",
  Running: "M5 3.5l7 4.5-7 4.5z",
  Active: "M5 3.5l7 4.5-7 4.5z",
  Pending: "M4 8h.5M8 8h.5M12 8h.5",
  Missed: "M8 3.5V8l3 2M8 1.5a6.5 6.5 0 100 13 6.5 6.5 0 000-13z",
  Scheduled: "M8 3.5V8l3 2M8 1.5a6.5 6.5 0 100 13 6.5 6.5 0 000-13z",
  Skipped: "M3 4l5 4-5 4zM9 4l5 4-5 4z",
  Canceled: "M3.5 3.5l9 9M8 1.5a6.5 6.5 0 100 13 6.5 6.5 0 000-13z",
  Suspended: "M5.5 3.5v9M10.5 3.5v9",
  Invalid: "M8 2v7M8 12.5v.5",
  Finished: "M4 14V2.5h8l-2 3 2 3H4",
  Unknown: "M5.5 6a2.5 2.5 0 115 0c0 2-2.5 2-2.5 3.5M8 12.5v.5",
};

export function PhaseIcon({ phase }: { phase: string }) {
  return (
    <svg class={`icon phase-${phase}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[phase] ?? SHAPES.Unknown} />
    </svg>
  );
}

export function Phase({ phase }: { phase: string }) {
  return (
    <span class={`phase phase-${phase}`}>
      <PhaseIcon phase={phase} />
      <span>{phaseWord(phase)}</span>
    </span>
  );
}

export function phaseWord(phase: string): string {
  return t.phases[phase as RunPhase] ?? phase;
}
