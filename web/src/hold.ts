/**
 * Hold of a list: while the pointer is over it, or it is scrolled, no row moves. New rows are counted, and wait above
 * the list. Rows that no longer match stay until the hold ends.
 */

export interface Held<T> {
  rows: T[];
  waiting: number;
}

export function heldRows<T>(
  wanted: T[],
  held: string[] | null,
  find: (key: string) => T | undefined,
  key: (row: T) => string,
): Held<T> {
  if (!held) return { rows: wanted, waiting: 0 };
  const known = new Set(held);
  const rows: T[] = [];
  for (const one of held) {
    const row = find(one);
    if (row) rows.push(row);
  }
  let waiting = 0;
  for (const row of wanted) if (!known.has(key(row))) waiting++;
  return { rows, waiting };
}
