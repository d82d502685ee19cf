/** Failure in the words of the API server, with the fields that it names. */

import type { ApiFailure } from "./api/contract";
import { visible } from "./shown_text";
import { t } from "./texts";

export function FailureText({ error, onRetry }: { error: ApiFailure; onRetry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <p>
        <strong>{error.reason || t.failed}</strong> {visible(error.message)}
      </p>
      {error.fields.length > 0 && (
        <ul>
          {error.fields.map((field) => (
            <li key={field.path}>
              <code>{visible(field.path)}</code> {visible(field.message)}
            </li>
          ))}
        </ul>
      )}
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          {t.retry}
        </button>
      )}
    </div>
  );
}
