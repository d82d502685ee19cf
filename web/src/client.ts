/** Client of the monitor's API: headers, errors, and the secret of local mode. */

import type { ApiFailure, ErrorBody } from "./api/contract";
import { t } from "./texts";

const KEY = "process-monitor-key";

/** Remove the secret of local mode from the address (`#key=...`), so that no history and no bookmark has it. */
export function takeKey(): void {
  const found = /^#key=([\w-]+)$/.exec(location.hash);
  if (!found?.[1]) return;
  sessionStorage.setItem(KEY, found[1]);
  history.replaceState(null, "", location.pathname + location.search);
}

export class RejectedError extends Error {
  readonly failure: ApiFailure;
  readonly signIn: "token" | "none" | undefined;

  constructor(body: ErrorBody) {
    super(body.error.message);
    this.failure = body.error;
    this.signIn = body.signIn;
  }
}

type Query = Record<string, string | number | string[] | null | undefined>;

export function apiPath(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return `/api/${path}${text ? `?${text}` : ""}`;
}

export async function request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers({ "X-Process-Monitor": "1" });
  const key = sessionStorage.getItem(KEY);
  if (key) headers.set("X-Process-Monitor-Key", key);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ?? null,
    cache: "no-store",
    // The monitor never redirects. A proxy in front of it does so when its session has ended.
    redirect: "manual",
  });
  if (response.type === "opaqueredirect") throw new RejectedError(signedOut(t.signIn.ended));
  if (!response.ok) throw new RejectedError(await failureOf(response));
  return response;
}

async function failureOf(response: Response): Promise<ErrorBody> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as ErrorBody;
    if (typeof body.error?.message === "string") return body;
  } catch {
    // A proxy between page and server answers with a page of its own.
  }
  const message = `The server answered ${response.status} ${response.statusText}`.trim();
  if (response.status === 401) return signedOut(message);
  return { error: { status: response.status, reason: "BadAnswer", message, fields: [] } };
}

/** An identity-aware proxy wants a sign-in, which only the load of a page can begin. */
function signedOut(message: string): ErrorBody {
  return { error: { status: 401, reason: "Unauthorized", message, fields: [] }, signIn: "none" };
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await request("GET", apiPath(path, query), undefined, signal);
  return (await response.json()) as T;
}

export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const response = await request("POST", apiPath(path), body, signal);
  return (await response.json()) as T;
}

export async function remove(path: string): Promise<void> {
  await request("DELETE", apiPath(path));
}

/** The failure of a call, also of one that never reached the server. */
export function failure(error: unknown): ApiFailure {
  if (error instanceof RejectedError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { status: 0, reason: "Unreachable", message: `The server cannot be reached: ${message}`, fields: [] };
}
