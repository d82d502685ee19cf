/** Drawing of the timeline on a canvas: only the visible lanes. Colours come from the custom properties. */

import type { RunPhase } from "../api/rows";
import type { AxisLine } from "./axis";
import type { Bar, Lane, Mark, MarkKind } from "./lanes";

export const LANE = 34;
export const AXIS = 26;

export interface View {
  from: number;
  to: number;
  width: number;
  height: number;
  /** Width of the labels at the left. */
  gutter: number;
  scrollTop: number;
  now: number;
}

export interface Palette {
  text: string;
  faint: string;
  line: string;
  ground: string;
  raised: string;
  accent: string;
  bad: string;
  good: string;
  busy: string;
  warn: string;
  font: string;
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  // A custom property with light-dark() is computed by a real property only.
  const probe = document.createElement("span");
  element.appendChild(probe);
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["text", "faint", "line", "ground", "raised", "accent", "bad", "good", "busy", "warn"] as const;
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)])) as Omit<Palette, "font">;
  probe.remove();
  return { ...colours, font: `13px ${style.fontFamily}` };
}

export function xOf(view: View, at: number): number {
  return view.gutter + ((at - view.from) / (view.to - view.from)) * (view.width - view.gutter);
}

export function timeAt(view: View, x: number): number {
  return view.from + ((x - view.gutter) / (view.width - view.gutter)) * (view.to - view.from);
}

export function draw(
  context: CanvasRenderingContext2D,
  view: View,
  lanes: Lane[],
  lines: AxisLine[],
  palette: Palette,
): void {
  context.clearRect(0, 0, view.width, view.height);
  context.font = palette.font;
  context.textBaseline = "middle";
  drawAxis(context, view, lines, palette);
  const first = Math.max(0, Math.floor(view.scrollTop / LANE));
  const last = Math.min(lanes.length, Math.ceil((view.scrollTop + view.height - AXIS) / LANE));
  context.save();
  context.beginPath();
  context.rect(0, AXIS, view.width, view.height - AXIS);
  context.clip();
  for (let index = first; index < last; index++) {
    const lane = lanes[index];
    if (lane) drawLane(context, view, lane, AXIS + index * LANE - view.scrollTop, palette);
  }
  context.restore();
  const now = xOf(view, view.now);
  if (now >= view.gutter && now <= view.width) {
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    stroke(context, now, AXIS - 6, now, view.height);
  }
}

function drawAxis(context: CanvasRenderingContext2D, view: View, lines: AxisLine[], palette: Palette): void {
  context.lineWidth = 1;
  for (const line of lines) {
    const x = Math.round(xOf(view, line.at)) + 0.5;
    if (x < view.gutter || x > view.width) continue;
    context.strokeStyle = palette.line;
    stroke(context, x, line.isDay ? AXIS - 8 : AXIS, x, view.height);
    context.fillStyle = line.isDay ? palette.text : palette.faint;
    if (x + 4 + context.measureText(line.label).width < view.width) context.fillText(line.label, x + 4, AXIS / 2);
  }
  context.strokeStyle = palette.line;
  stroke(context, 0, AXIS + 0.5, view.width, AXIS + 0.5);
}

function drawLane(context: CanvasRenderingContext2D, view: View, lane: Lane, top: number, palette: Palette): void {
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  stroke(context, 0, top + LANE - 0.5, view.width, top + LANE - 0.5);
  context.save();
  context.beginPath();
  context.rect(view.gutter, top, view.width - view.gutter, LANE);
  context.clip();
  if (lane.suspended)
    hatch(context, Math.max(view.gutter, xOf(view, view.now)), top + 4, view.width, LANE - 8, palette.faint);
  const most = Math.max(1, ...lane.bands.map((band) => band.count));
  for (const band of lane.bands) {
    const x = xOf(view, band.from);
    const width = Math.max(1, xOf(view, band.to) - x);
    context.fillStyle = palette.faint;
    context.globalAlpha = 0.25 + 0.6 * (band.count / most);
    context.fillRect(x, top + 6, width, LANE - 12);
    context.globalAlpha = 1;
    if (width > 26) {
      context.fillStyle = palette.text;
      context.fillText(String(band.count), x + 3, top + LANE / 2);
    }
  }
  for (const bar of lane.bars) drawBar(context, view, bar, top, palette);
  drawMarks(context, view, lane.marks, top + LANE / 2, palette);
  context.restore();
  drawLabel(context, view, lane, top, palette);
}

function drawLabel(context: CanvasRenderingContext2D, view: View, lane: Lane, top: number, palette: Palette): void {
  context.fillStyle = palette.raised;
  context.fillRect(0, top, view.gutter - 1, LANE - 1);
  context.save();
  context.beginPath();
  context.rect(0, top, view.gutter - 8, LANE);
  context.clip();
  context.fillStyle = lane.suspended ? palette.warn : palette.text;
  context.fillText(lane.suspended ? `❚❚ ${lane.label}` : lane.label, 8, top + LANE / 2);
  context.restore();
}

const COLOURS: Partial<Record<RunPhase, keyof Palette>> = {
  Succeeded: "good",
  Failed: "bad",
  Unknown: "bad",
  Running: "busy",
  Pending: "busy",
  Missed: "warn",
};

/** Box of a bar within its lane, in pixels. */
export function barBox(view: View, bar: Bar): { x: number; y: number; width: number; height: number } {
  const x = xOf(view, bar.from);
  return { x, y: 5 + bar.level * 8, width: Math.max(4, xOf(view, bar.to) - x), height: 24 - bar.level * 8 };
}

function drawBar(context: CanvasRenderingContext2D, view: View, bar: Bar, top: number, palette: Palette): void {
  const box = barBox(view, bar);
  if (box.x > view.width || box.x + box.width < view.gutter) return;
  const colour = palette[COLOURS[bar.run.phase] ?? "faint"];
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  const isOpen = bar.run.phase === "Running" || bar.run.phase === "Pending";
  context.globalAlpha = isOpen ? 0.45 : 0.9;
  context.fillRect(box.x, top + box.y, box.width, box.height);
  context.globalAlpha = 1;
  if (isOpen) context.strokeRect(box.x, top + box.y, box.width, box.height);
  if (bar.run.phase === "Failed" || bar.run.phase === "Unknown")
    hatch(context, box.x, top + box.y, box.x + box.width, box.height, palette.ground);
}

/**
 * Shapes as well as colours: missed is a cross, skipped a bar, coming a hollow circle, excluded a slashed one. The marks
 * of a kind are one path, because each stroke costs more than its shape.
 */
function drawMarks(context: CanvasRenderingContext2D, view: View, marks: Mark[], y: number, palette: Palette): void {
  context.lineWidth = 2;
  const size = 5;
  for (const kind of ["coming", "excluded", "skipped", "missed"] as const) {
    context.strokeStyle = kind === "missed" ? palette.warn : kind === "coming" ? palette.accent : palette.faint;
    context.beginPath();
    for (const mark of marks) {
      if (mark.kind !== kind) continue;
      const x = xOf(view, mark.at);
      if (x < view.gutter - size || x > view.width + size) continue;
      addMark(context, x, y, kind, size);
    }
    context.stroke();
  }
}

function addMark(context: CanvasRenderingContext2D, x: number, y: number, kind: MarkKind, size: number): void {
  if (kind === "skipped") {
    context.moveTo(x, y - size - 2);
    context.lineTo(x, y + size + 2);
    return;
  }
  if (kind !== "missed") {
    context.moveTo(x + size, y);
    context.arc(x, y, size, 0, 2 * Math.PI);
  }
  if (kind !== "coming") {
    context.moveTo(x - size, y + size);
    context.lineTo(x + size, y - size);
  }
  if (kind === "missed") {
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
  }
}

function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  right: number,
  height: number,
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, right - x, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = x - height; at < right; at += 7) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}

function stroke(context: CanvasRenderingContext2D, x: number, y: number, toX: number, toY: number): void {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(toX, toY);
  context.stroke();
}

export type Hit = { bar: Bar } | { mark: Mark } | null;

/** Item at a point of the canvas. Marks come first, because they are small. */
export function hitAt(view: View, lanes: Lane[], x: number, y: number): Hit {
  if (x < view.gutter || y < AXIS) return null;
  const lane = lanes[Math.floor((y - AXIS + view.scrollTop) / LANE)];
  if (!lane) return null;
  let nearest: Mark | null = null;
  for (const mark of lane.marks) {
    const distance = Math.abs(xOf(view, mark.at) - x);
    if (distance <= 8 && (!nearest || distance < Math.abs(xOf(view, nearest.at) - x))) nearest = mark;
  }
  if (nearest) return { mark: nearest };
  for (let index = lane.bars.length - 1; index >= 0; index--) {
    const bar = lane.bars[index];
    if (!bar) continue;
    const box = barBox(view, bar);
    if (x >= box.x - 2 && x <= box.x + box.width + 2) return { bar };
  }
  return null;
}
