/** Fetched value: an answer of the server that a component shows. It is fetched again when its address changes. */

import { useEffect, useState } from "preact/hooks";
import type { ApiFailure } from "./api/contract";
import { failure, get } from "./client";

export interface Fetched<T> {
  value: T | null;
  error: ApiFailure | null;
}

/** `again` fetches the value once more, without the mark of a first load. A null path fetches nothing. */
export function useFetched<T>(
  path: string | null,
  query: Record<string, string | number | string[] | null> = {},
  again: unknown = 0,
): Fetched<T> {
  const address = path === null ? null : `${path}?${JSON.stringify(query)}`;
  const [state, setState] = useState<Fetched<T> & { address: string | null }>({
    value: null,
    error: null,
    address: null,
  });
  useEffect(() => {
    if (path === null) return;
    const controller = new AbortController();
    get<T>(path, query, controller.signal).then(
      (value) => setState({ value, error: null, address }),
      (error) => {
        if (!controller.signal.aborted) setState({ value: null, error: failure(error), address });
      },
    );
    return () => controller.abort();
  }, [address, again]);
  return state.address === address ? state : { value: null, error: null };
}
