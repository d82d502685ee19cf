/** Search field of a list: the address has its text as `q`. */

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
