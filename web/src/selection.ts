/** Selection of rows, kept in the address. */

import { listParameter, setQuery } from "./place";

const MOST = 200;

export function selectionOf(visibleKeys: () => string[]) {
  const selected = new Set(listParameter("sel"));
  const write = (keys: Iterable<string>) => setQuery({ sel: [...keys].slice(0, MOST).join(",") });
  return {
    selected,
    toggle(key: string, on: boolean) {
      const next = new Set(selected);
      if (on) next.add(key);
      else next.delete(key);
      write(next);
    },
    all(on: boolean) {
      write(on ? visibleKeys() : []);
    },
  };
}
