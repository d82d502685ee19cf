/** Modal dialog: it opens above the page, and closes without a trace: the focus goes back, and nothing of it acts later. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { rememberFocus } from "./focus";

interface Props {
  /** Id of its heading. */
  labelledBy: string;
  /** Called when the person leaves it, such as by Escape. */
  onClose: () => void;
  children: ComponentChildren;
}

export function Modal({ labelledBy, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  // A layout effect, because Preact cleans up the others a frame after the dialog has left the document. The browser
  // returns the focus only while it is there, and until then the next dialog may be open.
  useLayoutEffect(() => {
    const opened = dialog.current;
    if (!opened) return;
    const giveBack = rememberFocus();
    opened.addEventListener("close", onClose);
    opened.showModal();
    return () => {
      // `close` is an event of a later task.
      opened.removeEventListener("close", onClose);
      opened.close();
      giveBack(opened);
    };
  }, []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={labelledBy}>
      {children}
    </dialog>
  );
}
