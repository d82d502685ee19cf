/** Last value: the newest answer is kept while the next one is fetched, so that a page does not flicker. */

import { useRef } from "preact/hooks";

export function useLast<T>(value: T | null): T | null {
  const kept = useRef<T | null>(null);
  if (value) kept.current = value;
  return value ?? kept.current;
}
