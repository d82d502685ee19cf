/** Search field of a list: what is typed stands in the address as `q`. */

import { setQuery } from "./place";

export function SearchField({ label, value }: { label: string; value: string }) {
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      value={value}
      onInput={(event) => setQuery({ q: event.currentTarget.value })}
    />
  );
}
