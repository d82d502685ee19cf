/** Picture of the timeline: a canvas that stays while its lanes scroll; dragging moves the time. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { axisLines } from "./axis";
import { AXIS, draw, type Hit, hitAt, LANE, type Palette, paletteOf, type View } from "./draw";
import type { Lane } from "./lanes";

const MOST_HEIGHT = 560;
const CLICK_PIXELS = 4;
/** Pause of a wheel or touch pad after which the move is written into the address. */
const WHEEL_PAUSE_MS = 150;

interface Props {
  lanes: Lane[];
  from: number;
  to: number;
  now: number;
  zone: string;
  label: string;
  /** Called at the end of a drag, with the milliseconds by which the range moves. */
  onMove: (by: number) => void;
  onZoom: (direction: 1 | -1) => void;
  onHit: (hit: Hit) => void;
}

export function Picture(props: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const palette = useRef<Palette | null>(null);
  const drag = useRef<{ x: number; moved: number } | null>(null);
  const wheel = useRef({ moved: 0, timer: 0 });
  const frame = useRef(0);
  const newest = useRef(props);
  newest.current = props;

  const viewNow = (): View | null => {
    const element = scroller.current;
    if (!element) return null;
    const { from, to, now } = newest.current;
    const width = element.clientWidth;
    const gutter = width < 600 ? 96 : 190;
    // Dragged pixels are a move that is not in the address yet.
    const moved = (drag.current?.moved ?? 0) + wheel.current.moved;
    const shift = (moved / (width - gutter)) * (to - from);
    const shape = { width, height: element.clientHeight, gutter, scrollTop: element.scrollTop, now };
    return { from: from - shift, to: to - shift, ...shape };
  };
  const paint = () => {
    frame.current = 0;
    const view = viewNow();
    const context = canvas.current?.getContext("2d");
    if (!view || !context || !canvas.current || !scroller.current) return;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (canvas.current.width !== width || canvas.current.height !== height) {
      canvas.current.width = width;
      canvas.current.height = height;
      canvas.current.style.width = `${view.width}px`;
      canvas.current.style.height = `${view.height}px`;
    }
    palette.current ??= paletteOf(scroller.current);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { zone, lanes } = newest.current;
    draw(context, view, lanes, axisLines(view.from, view.to, view.width - view.gutter, zone), palette.current);
  };
  const repaint = () => {
    frame.current ||= requestAnimationFrame(paint);
  };
  useLayoutEffect(() => {
    const sizes = new ResizeObserver(repaint);
    if (scroller.current) sizes.observe(scroller.current);
    const theme = matchMedia("(prefers-color-scheme: dark)");
    const change = () => {
      palette.current = null;
      repaint();
    };
    theme.addEventListener("change", change);
    return () => {
      sizes.disconnect();
      theme.removeEventListener("change", change);
      cancelAnimationFrame(frame.current);
      frame.current = 0;
      clearTimeout(wheel.current.timer);
    };
  }, []);
  useLayoutEffect(repaint);

  const hit = (event: PointerEvent): Hit => {
    const view = viewNow();
    const box = canvas.current?.getBoundingClientRect();
    return view && box ? hitAt(view, newest.current.lanes, event.clientX - box.left, event.clientY - box.top) : null;
  };
  /** Move the range by the dragged pixels. */
  const moveBy = (pixels: number) => {
    const view = viewNow();
    const { from, to, onMove } = newest.current;
    if (view) onMove((-pixels / (view.width - view.gutter)) * (to - from));
  };
  /** Move the picture at once, and the range after a pause: each new range computes all lanes and its table. */
  const roll = (deltaX: number) => {
    wheel.current.moved -= deltaX;
    clearTimeout(wheel.current.timer);
    wheel.current.timer = window.setTimeout(() => {
      const { moved } = wheel.current;
      wheel.current.moved = 0;
      moveBy(moved);
    }, WHEEL_PAUSE_MS);
    repaint();
  };
  const height = Math.min(MOST_HEIGHT, AXIS + Math.max(1, props.lanes.length) * LANE + 2);
  return (
    <div
      class="timeline"
      ref={scroller}
      style={{ height: `${height}px` }}
      tabIndex={0}
      role="region"
      aria-label={props.label}
      onScroll={repaint}
      onWheel={(event) => {
        if (event.ctrlKey) {
          event.preventDefault();
          props.onZoom(event.deltaY > 0 ? 1 : -1);
        } else if (event.deltaX) {
          // Without this the browser would go back in its history.
          event.preventDefault();
          roll(event.deltaX);
        }
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        drag.current = { x: event.clientX, moved: 0 };
      }}
      onPointerMove={(event) => {
        if (!drag.current) {
          if (scroller.current) scroller.current.style.cursor = hit(event) ? "pointer" : "grab";
          return;
        }
        drag.current.moved = event.clientX - drag.current.x;
        if (Math.abs(drag.current.moved) > CLICK_PIXELS) event.currentTarget.setPointerCapture(event.pointerId);
        repaint();
      }}
      onPointerUp={(event) => {
        const moved = drag.current?.moved ?? 0;
        drag.current = null;
        if (Math.abs(moved) <= CLICK_PIXELS) props.onHit(hit(event));
        else moveBy(moved);
      }}
      onPointerCancel={() => {
        drag.current = null;
        repaint();
      }}
    >
      <canvas ref={canvas} class="timeline-canvas" />
      <div style={{ height: `${AXIS + props.lanes.length * LANE - height}px` }} aria-hidden="true" />
    </div>
  );
}
