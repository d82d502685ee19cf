/** Virtual list: only the visible rows are in the document. */

import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
  Virtualizer,
  type VirtualizerOptions,
} from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useState } from "preact/hooks";

export type List = Virtualizer<HTMLElement, HTMLElement>;
export type Item = VirtualItem;

export interface ListOptions {
  count: number;
  scroller: { readonly current: HTMLElement | null };
  rowHeight: number;
  overscan?: number;
  keyOf?: (index: number) => string | number;
  /** Height of the part above the rows that stays in the scroller. */
  head?: number;
}

export function useVirtual(options: ListOptions): List {
  const [, renderAgain] = useReducer<number, void>((count) => count + 1, 0);
  const all: VirtualizerOptions<HTMLElement, HTMLElement> = {
    count: options.count,
    getScrollElement: () => options.scroller.current,
    estimateSize: () => options.rowHeight,
    overscan: options.overscan ?? 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    scrollMargin: 0,
    scrollPaddingStart: options.head ?? 0,
    useAnimationFrameWithResizeObserver: true,
    onChange: () => renderAgain(),
    ...(options.keyOf ? { getItemKey: options.keyOf } : {}),
  };
  const [list] = useState(() => new Virtualizer(all));
  list.setOptions(all);
  useLayoutEffect(() => list._didMount(), [list]);
  useLayoutEffect(() => list._willUpdate());
  useLayoutEffect(() => list.measure(), [list, options.rowHeight]);
  return list;
}
