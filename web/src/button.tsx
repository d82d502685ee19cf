/** Action button: it opens the dialog of its action, or is disabled and names the missing right. */

import { permission, type Question, question } from "./action_state";
import { t } from "./texts";

interface Props {
  ask: Question;
  /** Names of the requests, for rights that are given for one request. */
  requests?: string[];
  primary?: boolean;
  small?: boolean;
  label?: string;
  /** Reason for which the button is useless now, such as a run that has ended. */
  pointless?: string | undefined;
}

export function ActionButton({ ask, requests, primary, small, label, pointless }: Props) {
  const found = permission(ask.action, ask.targets, requests);
  const why = pointless ?? (found.allowed ? "" : found.missing);
  return (
    <button
      type="button"
      class={`button${primary ? " primary" : ""}${small ? " small" : ""}`}
      // Not `disabled`: the reason must be reachable by keyboard and screen reader.
      aria-disabled={why ? "true" : undefined}
      title={why || t.hints[ask.action]}
      aria-label={why ? `${label ?? t.actions[ask.action]}. ${why}` : undefined}
      onClick={(event) => {
        // Safari does not focus a button that is clicked, but the focus must return to it when the dialog closes.
        event.currentTarget.focus();
        if (!why) question.value = ask;
      }}
    >
      {label ?? t.actions[ask.action]}
    </button>
  );
}
