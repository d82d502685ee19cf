/** Action dialog: names the objects, has fields for its input, shows the dry run, and sends the action. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { act, type Question, question, remember } from "./action_state";
import type { ActionAnswer, ActionBody } from "./api/actions";
import type { ApiFailure } from "./api/contract";
import type { ObjectDetails } from "./api/objects";
import { askLater } from "./ask_later";
import { failure } from "./client";
import { now } from "./clock";
import { FailureText } from "./failure_text";
import { useFetched } from "./fetched";
import { Modal } from "./modal";
import { missingOf, ParameterFields, parametersOf, useRecent, type Values, valuesOf } from "./parameter_form";
import { keyOf, stores } from "./row_store";
import { SentTexts } from "./sent_texts";
import { visible } from "./shown_text";
import { t } from "./texts";
import { instantOf, localValue, MINE, rfc3339 } from "./time";
import { BackfillFields, type BackfillForm } from "./backfill_fields";

const DRY_RUN_DELAY_MS = 350;
const SHOWN_NAMES = 12;

export function ActionDialog() {
  const asked = question.value;
  return asked ? <OpenDialog key={JSON.stringify(asked)} asked={asked} /> : null;
}

function OpenDialog({ asked }: { asked: Question }) {
  const single = asked.targets.length === 1 ? asked.targets[0] : undefined;
  const [reason, setReason] = useState("");
  const [values, setValues] = useState<Values>(asked.parameters ?? {});
  const [range, setRange] = useState<BackfillForm>(() => rangeOf(asked));
  const [checked, setChecked] = useState<{ answer: ActionAnswer | null; error: ApiFailure | null } | null>(null);
  const [state, setState] = useState<"asking" | "working" | "done">("asking");

  const hasForm = asked.action === "run" && single !== undefined;
  const row = hasForm ? stores.processrequests.one(single) : undefined;
  const parameters = hasForm ? parametersOf(single.namespace, row?.process ?? null) : [];
  const details = useFetched<ObjectDetails>(
    hasForm && parameters.length ? `objects/processrequests/${single.namespace}/${single.name}` : null,
  );
  const base = useMemo(() => valuesOf(details.value?.object), [details.value]);
  const recent = useRecent(single?.namespace ?? "", single?.name ?? "", hasForm && parameters.length > 0);
  const missing = details.value ? missingOf(parameters, { ...base, ...values }) : [];
  const body = bodyOf(asked, reason, values, range);

  // A late answer must not close the dialog that is open by then.
  const close = () => {
    if (question.peek() === asked) question.value = null;
  };

  // The server checks each version of the form by a dry run, a moment after the last change.
  const text = body && !missing.length ? JSON.stringify({ ...body, dryRun: true }) : "";
  useEffect(() => {
    setChecked(null);
    if (!text || state !== "asking") return;
    return askLater(
      DRY_RUN_DELAY_MS,
      (signal) => act(asked.action, JSON.parse(text) as ActionBody, signal),
      (answer) => setChecked({ answer, error: null }),
      (error) => setChecked({ answer: null, error }),
    );
  }, [text, state, asked.action]);

  const rejections = checked?.answer?.results.filter((one) => !one.ok) ?? [];
  const isAccepted =
    checked?.answer !== null && checked?.answer !== undefined && rejections.length < asked.targets.length;
  const errors = Object.fromEntries(
    rejections
      .flatMap((one) => one.error?.fields ?? [])
      .map((field) => [field.path.replace(/^parameters\./, ""), field.message]),
  );

  const send = async () => {
    if (!body || !isAccepted || state !== "asking") return;
    setState("working");
    try {
      const answer = await act(asked.action, { ...body, dryRun: false });
      remember(asked.kind, answer);
      setChecked({ answer, error: null });
      if (answer.results.every((one) => one.ok)) close();
      else setState("done");
    } catch (error) {
      setChecked({ answer: null, error: failure(error) });
      setState("done");
    }
  };

  return (
    <Modal labelledBy="dialog-title" onClose={close}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <h2 id="dialog-title">{t.actions[asked.action]}</h2>
        <p>{t.questions[asked.action](asked.targets.length, row)}</p>
        <ul class="names">
          {asked.targets.slice(0, SHOWN_NAMES).map((target) => (
            <li key={keyOf(target)}>
              <code>{visible(keyOf(target))}</code>
            </li>
          ))}
          {asked.targets.length > SHOWN_NAMES && <li>{t.dialog.more(asked.targets.length - SHOWN_NAMES)}</li>}
        </ul>
        {asked.action === "unschedule" && (
          <div class="field">
            <label for="dialog-reason">{t.dialog.reason}</label>
            <input
              id="dialog-reason"
              type="text"
              maxLength={1024}
              value={reason}
              aria-describedby="dialog-reason-hint"
              onInput={(event) => setReason(event.currentTarget.value)}
            />
            <p class="hint" id="dialog-reason-hint">
              {t.dialog.reasonHint}
            </p>
          </div>
        )}
        {asked.action === "backfill" && <BackfillFields form={range} onChange={setRange} invalid={!body} />}
        {hasForm && parameters.length > 0 && (
          <fieldset>
            <legend>{t.dialog.parameters}</legend>
            {recent.length > 0 && (
              <p class="buttons">
                {t.dialog.last}
                {recent.map((one) => (
                  <button
                    type="button"
                    class="button small"
                    key={one.run.name}
                    onClick={() => setValues(differing(one.values, base))}
                  >
                    {one.run.name}
                  </button>
                ))}
                <button type="button" class="button small" onClick={() => setValues({})}>
                  {t.dialog.lastNone}
                </button>
              </p>
            )}
            {details.value ? (
              <ParameterFields
                id="run"
                parameters={parameters}
                base={base}
                values={values}
                onChange={setValues}
                errors={errors}
              />
            ) : details.error ? (
              <FailureText error={details.error} />
            ) : (
              <p>{t.dialog.loading}</p>
            )}
          </fieldset>
        )}
        <div class="check-result" aria-live="polite">
          {missing.length > 0 && <p class="bad-text">{t.dialog.missing(missing.join(", "))}</p>}
          {text && !checked && <p class="faint">{state === "working" ? t.dialog.doing : t.dialog.checking}</p>}
          {checked?.error && <FailureText error={checked.error} />}
          {rejections.map((one) => one.error && <FailureText key={keyOf(one)} error={one.error} />)}
          {state === "asking" && isAccepted && !rejections.length && <p class="good-text">{t.dialog.accepted}</p>}
        </div>
        {checked?.answer && <SentTexts results={checked.answer.results} />}
        <p class="buttons end">
          <button type="button" class="button" onClick={close}>
            {state === "done" ? t.close : t.dialog.cancel}
          </button>
          {state !== "done" && (
            <button
              type="submit"
              class={`button primary${asked.action === "delete" || asked.action === "cancel" ? " danger" : ""}`}
              aria-disabled={isAccepted && state === "asking" ? undefined : "true"}
            >
              {t.actions[asked.action]}
            </button>
          )}
        </p>
      </form>
    </Modal>
  );
}

function differing(values: Values, base: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => base[name] !== value));
}

function rangeOf(asked: Question): BackfillForm {
  const present = now();
  return {
    from: asked.range?.from ?? localValue(present - 86_400_000, MINE),
    to: asked.range?.to ?? localValue(present, MINE),
    maxActiveRuns: 1,
    rerun: "Never",
  };
}

/** The body to send, or null while the form is not complete. */
function bodyOf(asked: Question, reason: string, values: Values, range: BackfillForm): ActionBody | null {
  const body: ActionBody = { kind: asked.kind, targets: asked.targets, dryRun: false };
  if (asked.action === "run" && Object.keys(values).length) body.parameters = values;
  if (asked.action === "unschedule" && reason.trim()) body.reason = reason.trim();
  if (asked.action === "backfill") {
    const from = instantOf(range.from, MINE);
    const to = instantOf(range.to, MINE);
    if (from === null || to === null || from > to) return null;
    body.backfill = { from: rfc3339(from), to: rfc3339(to), maxActiveRuns: range.maxActiveRuns, rerun: range.rerun };
  }
  return body;
}
