/** Session of the person: their name, the namespaces that they may read, and the buttons that they may press. */

import { signal } from "@preact/signals";
import type { ApiFailure } from "./api/contract";
import type { Access, Namespaces, Session } from "./api/session";
import { failure, get, post, RejectedError, remove } from "./client";
import { setServerTime } from "./clock";
import { namespace, setQuery } from "./place";

export const session = signal<Session | null>(null);
export const namespaces = signal<Namespaces>({ names: null, all: false });
/** Null while a session exists or is being fetched. `key`: the address of local mode has the credentials. */
export const signInNeeded = signal<{ how: "token" | "none" | "key"; message: string } | null>(null);
export const sessionFailure = signal<ApiFailure | null>(null);

export async function openSession(token?: string): Promise<void> {
  sessionFailure.value = null;
  try {
    const found = token === undefined ? await get<Session>("session") : await post<Session>("session", { token });
    setServerTime(found.now);
    namespaces.value = await get<Namespaces>("namespaces");
    if (namespace.peek() === null) setQuery({ ns: found.namespace });
    accesses.clear();
    signInNeeded.value = null;
    session.value = found;
  } catch (error) {
    if (error instanceof RejectedError && error.failure.status === 401) expired(error);
    else sessionFailure.value = failure(error);
  }
}

export function expired(error?: RejectedError): void {
  session.value = null;
  const how = error?.failure.reason === "KeyRequired" ? "key" : (error?.signIn ?? "token");
  signInNeeded.value = { how, message: error?.message ?? "The session has ended." };
}

export async function signOut(): Promise<void> {
  await remove("session");
  session.value = null;
  signInNeeded.value = { how: "token", message: "You are signed out." };
}

const accesses = new Map<string, { value: ReturnType<typeof signal<Access | null>>; fetchedAt: number }>();
const ACCESS_MS = 300_000;

/** Rights in a namespace, or for one request of it. Null until the server has answered. */
export function access(inNamespace: string, request?: string): Access | null {
  const key = `${inNamespace}/${request ?? ""}`;
  let entry = accesses.get(key);
  if (!entry || Date.now() - entry.fetchedAt > ACCESS_MS) {
    entry = { value: entry?.value ?? signal<Access | null>(null), fetchedAt: Date.now() };
    accesses.set(key, entry);
    const { value } = entry;
    void get<Access>("access", { namespace: inNamespace, request }).then(
      (found) => {
        value.value = found;
      },
      () => accesses.delete(key),
    );
  }
  return entry.value.value ?? null;
}
