/** Modal dialog: it opens above the page. When it closes, the focus returns, and no part of it acts later. */

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
  // This is a layout effect, because Preact cleans up other effects a frame after the dialog has left the document. The
  // browser returns the focus only while the dialog is in the document, and the next dialog may open before that frame.
  useLayoutEffect(() => {
    const opened = dialog.current;
    if (!opened) return;
    const giveBack = rememberFocus();
    opened.addEventListener("close", onClose);
    opened.showModal();
    return () => {
      // The browser delivers `close` in a later task.
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
