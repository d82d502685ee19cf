/** Place of the view: path and query of the address. A link contains all state that is kept here. */

import { computed, signal } from "@preact/signals";

export interface Place {
  path: string;
  query: URLSearchParams;
}

function read(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const place = signal<Place>(
  typeof location === "undefined" ? { path: "/", query: new URLSearchParams() } : read(),
);

/** Parameters that belong to the whole page and stay when the person opens another view. */
const GLOBAL = ["ns", "tz"];

/** An address within the page, with the global parameters kept. */
export function href(path: string, parameters: Record<string, string | null | undefined> = {}): string {
  return addressOf(path, place.value.query, parameters);
}

export function addressOf(
  path: string,
  current: URLSearchParams,
  parameters: Record<string, string | null | undefined>,
): string {
  const query = new URLSearchParams();
  for (const name of GLOBAL) {
    const value = current.get(name);
    if (value !== null) query.set(name, value);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export function go(address: string, replace = false): void {
  const { path } = place.value;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  place.value = read();
  if (place.value.path !== path) document.querySelector("main")?.scrollTo(0, 0);
}

/** Change parameters of the present view. Typing replaces the entry of the history, so that "back" leaves the view. */
export function setQuery(parameters: Record<string, string | null>, push = false): void {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(text ? `${place.value.path}?${text}` : place.value.path, !push);
}

export function parameter(name: string): string {
  return place.value.query.get(name) ?? "";
}

/** Several values of one parameter, separated by commas. */
export function listParameter(name: string): string[] {
  return parameter(name).split(",").filter(Boolean);
}

/** Namespace of the view; null until the session says with which one the page starts; empty for all. */
export const namespace = computed<string | null>(() => place.value.query.get("ns"));

/** Follow links within the page without loading it again. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    place.value = read();
  });
  document.addEventListener("click", (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
