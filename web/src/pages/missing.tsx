/** An object that is gone, or that the person must not see. */

import type { ApiFailure } from "../api/contract";
import { FailureText } from "../failure_text";
import { t } from "../texts";

export function Missing({ error, name }: { error: ApiFailure; name: string }) {
  return error.status === 404 ? <p class="empty">{t.gone(name)}</p> : <FailureText error={error} />;
}
