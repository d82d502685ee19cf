/** Screen: its width, and whether the person wants less motion. */

import { signal } from "@preact/signals";

const narrow = matchMedia("(max-width: 760px)");

export const isNarrow = signal(narrow.matches);

export function watchScreen(): void {
  narrow.addEventListener("change", () => {
    isNarrow.value = narrow.matches;
  });
}
