/** New request: a form with the coming times of its timing, or YAML. The API server checks both by a dry run first. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { act, permission } from "../action_state";
import type { ActionAnswer, CreateBody, RequestSpec } from "../api/actions";
import type { ApiFailure } from "../api/contract";
import { askLater } from "../ask_later";
import { failure } from "../client";
import { now } from "../clock";
import { ComingTimes, useComing } from "../coming_times";
import { FailureText } from "../failure_text";
import { missingOf, ParameterFields, parametersOf, type Values } from "../parameter_form";
import { go, href, namespace, parameter, setQuery } from "../place";
import { stores } from "../row_store";
import { SentTexts } from "../sent_texts";
import { session } from "../session_state";
import { visible } from "../shown_text";
import { t } from "../texts";
import { localValue, MINE } from "../time";
import { Field, TimingFields } from "../timing_fields";
import { hasZone, newTiming, type TimingForm, timingOf } from "../timing_form";

const CHECK_DELAY_MS = 500;
type Policy = NonNullable<RequestSpec["concurrencyPolicy"]>;

export function CreatePage() {
  const inNamespace = namespace.value || session.value?.namespace || "";
  const isYaml = parameter("as") === "yaml";
  const right = permission("create", [{ namespace: inNamespace, name: "" }]);
  return (
    <div class="view details">
      <p class="crumbs">
        <a href={href("/requests")}>{t.nav.requests}</a> / {visible(inNamespace)}
      </p>
      <div class="view-head">
        <h1>{t.create.title}</h1>
        <span class="tabs buttons">
          <button type="button" class="button" aria-pressed={!isYaml} onClick={() => setQuery({ as: null })}>
            {t.create.form}
          </button>
          <button type="button" class="button" aria-pressed={isYaml} onClick={() => setQuery({ as: "yaml" })}>
            {t.create.yaml}
          </button>
        </span>
      </div>
      {right.missing && <p class="notice">{right.missing}</p>}
      {isYaml ? (
        <YamlForm inNamespace={inNamespace} allowed={right.allowed} />
      ) : (
        <Form inNamespace={inNamespace} allowed={right.allowed} />
      )}
    </div>
  );
}

interface Checked {
  answer: ActionAnswer | null;
  error: ApiFailure | null;
}

/** A dry run of the typed request, a moment after the last change. */
function useChecked(body: CreateBody | null): Checked | null {
  const [checked, setChecked] = useState<Checked | null>(null);
  const text = body ? JSON.stringify(body) : "";
  useEffect(() => {
    setChecked(null);
    if (!text) return;
    return askLater(
      CHECK_DELAY_MS,
      (signal) => act("create", { ...(JSON.parse(text) as CreateBody), dryRun: true }, signal),
      (answer) => setChecked({ answer, error: answer.results[0]?.error ?? null }),
      (error) => setChecked({ answer: null, error }),
    );
  }, [text]);
  return checked;
}

function Form({ inNamespace, allowed }: { inNamespace: string; allowed: boolean }) {
  const [name, setName] = useState("");
  const [timing, setTiming] = useState<TimingForm>(() => newTiming(localValue(now() + 3_600_000, MINE)));
  const [values, setValues] = useState<Values>({});
  const [policy, setPolicy] = useState<Policy>("Allow");
  const [suspend, setSuspend] = useState(false);
  const process = parameter("process");
  const processes = stores.processes
    .all()
    .filter((row) => row.namespace === inNamespace)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const parameters = parametersOf(inNamespace, process);
  const missing = missingOf(parameters, values);
  const coming = useComing(inNamespace, timing.kind === "immediately" ? null : timingOf(timing));
  const timingErrors = useMemo(
    () =>
      Object.fromEntries((coming.preview?.errors ?? []).map((one) => [one.path.split(".").pop() ?? "", one.message])),
    [coming.preview],
  );
  const spec: RequestSpec = {
    process: { name: process },
    ...(Object.keys(values).length
      ? { parameters: Object.entries(values).map(([one, value]) => ({ name: one, value })) }
      : {}),
    timing: timingOf(timing),
    ...(policy === "Allow" ? {} : { concurrencyPolicy: policy }),
    ...(suspend ? { suspend } : {}),
  };
  const body =
    name && process && !missing.length ? { dryRun: false, namespace: inNamespace, request: { name, spec } } : null;
  const checked = useChecked(allowed ? body : null);
  const errors = Object.fromEntries(
    (checked?.error?.fields ?? []).map((field) => [field.path.replace(/^parameters\./, ""), field.message]),
  );
  return (
    <div class="columns">
      <div>
        <Field id="name" label={t.create.name} hint={t.create.nameHint} error={errors["metadata.name"]}>
          <input
            id="name"
            type="text"
            value={name}
            maxLength={253}
            required
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </Field>
        <Field id="process" label={t.create.process}>
          <select id="process" value={process} onChange={(event) => setQuery({ process: event.currentTarget.value })}>
            <option value="">{t.create.choose}</option>
            {processes.map((row) => (
              <option key={row.name} value={row.name}>
                {visible(row.name)}
              </option>
            ))}
          </select>
        </Field>
        {parameters.length > 0 && (
          <fieldset>
            <legend>{t.processes.parameters}</legend>
            <ParameterFields
              id="create"
              parameters={parameters}
              base={{}}
              values={values}
              onChange={setValues}
              errors={errors}
            />
            {missing.length > 0 && <p class="faint">{t.dialog.missing(missing.join(", "))}</p>}
          </fieldset>
        )}
        <TimingFields form={timing} onChange={setTiming} errors={timingErrors} />
        <Field id="policy" label={t.create.concurrency}>
          <select id="policy" value={policy} onChange={(event) => setPolicy(event.currentTarget.value as Policy)}>
            {Object.entries(t.create.policies).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </Field>
        <label class="inline">
          <input type="checkbox" checked={suspend} onChange={(event) => setSuspend(event.currentTarget.checked)} />
          {t.create.suspend}
        </label>
      </div>
      <div>
        <ComingTimes coming={coming} atOnce={timing.kind === "immediately"} />
        {hasZone(timing.kind) && <p class="faint">{`${t.requests.zone}: ${timing.timeZone}`}</p>}
        <CheckResult checked={checked} waits={body !== null && allowed} />
        <Submit body={body} ready={checked?.answer?.results[0]?.ok === true} />
      </div>
    </div>
  );
}

const EXAMPLE = (namespace: string) => `apiVersion: process-operator.io/v1alpha1
kind: ProcessRequest
metadata:
  name: nightly-report
  namespace: ${namespace}
spec:
  process:
    name: report
  timing:
    schedule:
      daily:
        at: "02:00"
      timeZone: ${MINE}
`;

function YamlForm({ inNamespace, allowed }: { inNamespace: string; allowed: boolean }) {
  const [yaml, setYaml] = useState(() => EXAMPLE(inNamespace));
  const body = yaml.trim() ? { dryRun: false, namespace: inNamespace, yaml } : null;
  const checked = useChecked(allowed ? body : null);
  return (
    <>
      <textarea
        class="yaml"
        aria-label={t.create.yaml}
        spellcheck={false}
        value={yaml}
        onInput={(event) => setYaml(event.currentTarget.value)}
      />
      <CheckResult checked={checked} waits={body !== null && allowed} />
      <Submit body={body} ready={checked?.answer?.results[0]?.ok === true} />
    </>
  );
}

function CheckResult({ checked, waits }: { checked: Checked | null; waits: boolean }) {
  return (
    <div class="check-result" aria-live="polite">
      {waits && !checked && <p class="faint">{t.dialog.checking}</p>}
      {checked?.error && <FailureText error={checked.error} />}
      {checked && !checked.error && <p class="good-text">{t.dialog.accepted}</p>}
      {checked?.answer && <SentTexts results={checked.answer.results} />}
    </div>
  );
}

function Submit({ body, ready }: { body: CreateBody | null; ready: boolean }) {
  const [error, setError] = useState<ApiFailure | null>(null);
  const [busy, setBusy] = useState(false);
  const create = async () => {
    if (!body || !ready || busy) return;
    setBusy(true);
    try {
      const [made] = (await act("create", body)).results;
      if (made?.ok) go(href(`/requests/${made.namespace}/${made.name}`));
      else setError(made?.error ?? null);
    } catch (rejection) {
      setError(failure(rejection));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {error && <FailureText error={error} />}
      <p class="buttons end">
        <button
          type="button"
          class="button primary"
          aria-disabled={ready ? undefined : "true"}
          onClick={() => void create()}
        >
          {t.create.create}
        </button>
      </p>
    </>
  );
}
