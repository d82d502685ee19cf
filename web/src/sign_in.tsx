/** Sign-in page: a field for a token, or a sentence about another way to sign in. */

import { useState } from "preact/hooks";
import { FailureText } from "./failure_text";
import { openSession, sessionFailure, signInNeeded } from "./session_state";
import { t } from "./texts";

export function SignInPage() {
  const needed = signInNeeded.value;
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  if (!needed) return null;
  return (
    <main class="sign-in" tabIndex={-1}>
      <h1>{t.product}</h1>
      <p role="status">{needed.message}</p>
      {sessionFailure.value && <FailureText error={sessionFailure.value} />}
      {needed.how === "key" ? null : needed.how === "none" ? (
        <>
          <p>{t.signIn.elsewhere}</p>
          <button type="button" class="button primary" onClick={() => location.reload()}>
            {t.signIn.reload}
          </button>
        </>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setBusy(true);
            void openSession(token.trim()).finally(() => {
              setBusy(false);
              setToken("");
            });
          }}
        >
          <div class="field">
            <label for="token">{t.signIn.token}</label>
            <input
              id="token"
              type="password"
              autocomplete="off"
              required
              value={token}
              aria-describedby="token-hint"
              onInput={(event) => setToken(event.currentTarget.value)}
            />
            <p class="hint" id="token-hint">
              {t.signIn.hint} <code>kubectl create token NAME</code>
            </p>
          </div>
          <button type="submit" class="button primary" aria-disabled={busy ? "true" : undefined}>
            {t.signIn.submit}
          </button>
        </form>
      )}
    </main>
  );
}
