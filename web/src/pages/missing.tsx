/** Missing object: it was deleted, or the person must not see it. */

import type { ApiFailure } from "../api/contract";
import { FailureText } from "../failure_text";
import { t } from "../texts";

export function Missing({ error, name }: { error: ApiFailure; name: string }) {
  return error.status === 404 ? <p class="empty">{t.gone(name)}</p> : <FailureText error={error} />;
}
