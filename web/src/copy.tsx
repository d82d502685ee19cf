/** Copy button for a name or text. */

import { useState } from "preact/hooks";
import { t } from "./texts";

export function Copy({ text, label }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  return (
    <button
      type="button"
      class="button small quiet"
      aria-label={label ?? t.copyName(text)}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 1_500);
        });
      }}
    >
      {done ? t.copied : t.copy}
    </button>
  );
}
