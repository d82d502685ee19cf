/**
 * Focus: it stays near a control that leaves the page, and returns to the control that opened a dialog or a notice.
 *
 * The browser moves the focus to the body when its element is removed. A person at the keyboard then starts at the top
 * of the page again, and a screen reader stops reading.
 */

const FOCUSABLE =
  'a[href],button:not([disabled]),input:not([disabled]),select:not([disabled]),textarea:not([disabled]),summary,[tabindex="0"]';

/** A control, or the nearest one to its place after it was removed. */
interface Spot {
  element: Element | null;
}

const focused: Spot = { element: null };
const spots = new Set<Spot>([focused]);

/** Start to follow the focus of the document. */
export function keepFocus(): void {
  const observer = new MutationObserver(follow);
  observer.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("focusin", (event) => {
    focused.element = event.target as Element;
  });
  document.addEventListener("focusout", () => {
    queueMicrotask(() => {
      follow(observer.takeRecords());
      // The person left a control that still exists on purpose, such as by a click beside it.
      if (isNowhere() && focused.element?.isConnected) focused.element = null;
    });
  });
}

/** Remember which control has the focus. The returned function restores it, if it is lost or within `inside`. */
export function rememberFocus(): (inside: Element) => void {
  const spot: Spot = { element: isNowhere() ? null : document.activeElement };
  spots.add(spot);
  return (inside) => {
    spots.delete(spot);
    if (isNowhere() || inside.contains(document.activeElement)) give(spot.element ?? content());
  };
}

function isNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

function give(element: Element | null): void {
  if (element instanceof HTMLElement) element.focus({ preventScroll: true });
}

function content(): Element | null {
  return document.querySelector("main");
}

function follow(records: MutationRecord[]): void {
  for (const spot of spots) {
    const { element } = spot;
    if (!element) continue;
    const isRemoved = !element.isConnected;
    if (isRemoved) spot.element = nearest(element, records);
    if (spot !== focused || !isNowhere()) continue;
    // An element that is moved within the document loses the focus as well.
    if (isRemoved || removalOf(element, records)) give(spot.element);
  }
}

function removalOf(element: Node, records: MutationRecord[]): MutationRecord | undefined {
  return records.findLast((record) => [...record.removedNodes].some((node) => node.contains(element)));
}

/** The control that is nearest to the place of a removed one. */
function nearest(removed: Node, records: MutationRecord[]): Element | null {
  let gone = removed;
  // A parent may have been removed after its child.
  for (const _ of records) {
    const record = removalOf(gone, records);
    if (!record) break;
    if (record.target.isConnected) return beside(record);
    gone = record.target;
  }
  return content();
}

/** The next control, else the one before, in the smallest part of the page that has one. */
function beside(record: MutationRecord): Element | null {
  let parent = record.target as Element | null;
  let { nextSibling: after, previousSibling: before } = record;
  while (parent && parent !== document.body) {
    // Rows leave a list when it is scrolled. The list gets the focus, so that the keyboard still scrolls it.
    const whole = parent.getAttribute("role") === "rowgroup" ? parent.closest("[tabindex]") : parent;
    if (whole?.hasAttribute("tabindex")) return whole;
    const found = control(after, "nextSibling") ?? control(before, "previousSibling");
    if (found) return found;
    [after, before, parent] = [parent.nextSibling, parent.previousSibling, parent.parentElement];
  }
  return content();
}

function control(start: Node | null, direction: "nextSibling" | "previousSibling"): Element | null {
  for (let node = start; node; node = node[direction]) {
    if (!(node instanceof Element)) continue;
    const found = [node, ...node.querySelectorAll(FOCUSABLE)].filter(
      (one) => one.matches(FOCUSABLE) && one.checkVisibility(),
    );
    const nearestOne = direction === "nextSibling" ? found[0] : found.at(-1);
    if (nearestOne) return nearestOne;
  }
  return null;
}
