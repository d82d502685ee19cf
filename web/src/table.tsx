/** Table of many rows: virtual, with a head that stays, a selection, and arrow keys between the rows. */

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { isNarrow } from "./screen";
import { t } from "./texts";
import { useVirtual } from "./virtual";

export interface Column<T> {
  id: string;
  label: ComponentChildren;
  cell: (row: T) => ComponentChildren;
}

export interface TableProps<T> {
  id: string;
  label: string;
  rows: T[];
  columns: Column<T>[];
  keyOf: (row: T) => string;
  rowHeight: number;
  /** Height on a narrow screen, on which a row has several lines. */
  narrowHeight: number;
  empty: ComponentChildren;
  selection?: { selected: Set<string>; toggle: (key: string, on: boolean) => void; all: (on: boolean) => void };
  /** Called with true while the person works in the list, so that rows must not move. */
  onHold?: (held: boolean) => void;
  rowClass?: (row: T) => string;
  /** Lies over the upper edge of the rows, so that it moves none of them. */
  above?: ComponentChildren;
}

const HEAD = 36;

export function VirtualTable<T>(props: TableProps<T>) {
  const { rows, columns, keyOf, selection } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const pointer = useRef(false);
  const narrow = isNarrow.value;
  const list = useVirtual({
    count: rows.length,
    scroller,
    rowHeight: narrow ? props.narrowHeight : props.rowHeight,
    keyOf: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
    head: narrow ? 0 : HEAD,
  });
  const tell = () => props.onHold?.(pointer.current || (scroller.current?.scrollTop ?? 0) > 4);
  const arrow = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = (event.target as Element).closest<HTMLElement>("[aria-rowindex]");
    if (!step || !row || (event.target as Element).closest("input[type=text],select")) return;
    const index = Number(row.getAttribute("aria-rowindex")) - 2 + step;
    if (index < 0 || index >= rows.length) return;
    event.preventDefault();
    list.scrollToIndex(index);
    const link = () => scroller.current?.querySelector<HTMLElement>(`[aria-rowindex="${index + 2}"] a`);
    // A drawn row gets the focus at once, so that the next press of the key starts from it, however fast it follows.
    const drawn = link();
    if (drawn) drawn.focus();
    else
      requestAnimationFrame(() => {
        if (scroller.current?.contains(document.activeElement)) link()?.focus();
      });
  };
  const isAll = selection !== undefined && rows.length > 0 && rows.every((row) => selection.selected.has(keyOf(row)));
  return (
    <div
      class="table-area"
      onPointerEnter={() => {
        pointer.current = true;
        tell();
      }}
      onPointerLeave={() => {
        pointer.current = false;
        tell();
      }}
    >
      {props.above}
      <div
        class={`table table-${props.id}${selection ? " has-selection" : ""}`}
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label={props.label}
        onScroll={tell}
        onKeyDown={arrow}
      >
        <div role="table" aria-label={props.label} aria-rowcount={rows.length + 1}>
          <div role="rowgroup" class="head">
            <div role="row" class="row" aria-rowindex={1}>
              {selection && (
                <span role="columnheader" class="cell cell-select">
                  <input
                    type="checkbox"
                    aria-label={t.runs.select("all rows")}
                    checked={isAll}
                    onChange={(event) => selection.all(event.currentTarget.checked)}
                  />
                </span>
              )}
              {columns.map((column) => (
                <span role="columnheader" key={column.id} class={`cell cell-${column.id}`}>
                  {column.label}
                </span>
              ))}
            </div>
          </div>
          <div role="rowgroup" class="body" style={{ height: `${list.getTotalSize()}px` }}>
            {list.getVirtualItems().map((item) => {
              const row = rows[item.index];
              if (row === undefined) return null;
              const key = keyOf(row);
              return (
                <div
                  role="row"
                  key={key}
                  class={`row ${props.rowClass?.(row) ?? ""}`}
                  aria-rowindex={item.index + 2}
                  style={{ height: `${item.size}px`, transform: `translateY(${item.start}px)` }}
                >
                  {selection && (
                    <span role="cell" class="cell cell-select">
                      <input
                        type="checkbox"
                        aria-label={t.runs.select(key)}
                        checked={selection.selected.has(key)}
                        onChange={(event) => selection.toggle(key, event.currentTarget.checked)}
                      />
                    </span>
                  )}
                  {columns.map((column) => (
                    <span role="cell" key={column.id} class={`cell cell-${column.id}`}>
                      {column.cell(row)}
                    </span>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
        {rows.length === 0 && <p class="empty">{props.empty}</p>}
      </div>
    </div>
  );
}
