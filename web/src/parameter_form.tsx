/** Parameter form: a field for each parameter that the Process declares, with the values of earlier runs to choose from. */

import { useEffect, useState } from "preact/hooks";
import type { KubernetesObject, ObjectDetails } from "./api/objects";
import type { Parameter, RunRow } from "./api/rows";
import { get } from "./client";
import { newestFirst } from "./run_filter";
import { stores } from "./row_store";
import { visible } from "./shown_text";
import { t } from "./texts";

export type Values = Record<string, string>;

interface NamedValue {
  name: string;
  value: string;
  /** Only the beginning of the value is known. */
  truncated?: boolean;
}

/** The values of a request's spec. */
export function valuesOf(object: KubernetesObject | undefined): Values {
  const given = (object?.spec.parameters ?? []) as NamedValue[];
  return Object.fromEntries(given.map(({ name, value }) => [name, value]));
}

export function parametersOf(namespace: string, process: string | null): Parameter[] {
  return (process && stores.processes.one({ namespace, name: process })?.parameters) || [];
}

/** Values of a run to use again, without those of which only the beginning is known. */
export function wholeValues(used: NamedValue[]): Values {
  return Object.fromEntries(used.filter((one) => !one.truncated).map(({ name, value }) => [name, value]));
}

export function missingOf(parameters: Parameter[], values: Values): string[] {
  return parameters.filter((one) => one.required && values[one.name] === undefined).map((one) => one.name);
}

interface Recent {
  run: RunRow;
  values: Values;
}

/** Values of the newest manual runs. */
export function useRecent(namespace: string, request: string, enabled: boolean): Recent[] {
  const [recent, setRecent] = useState<Recent[]>([]);
  useEffect(() => {
    if (!enabled) return;
    let current = true;
    const runs = [...stores.processruns.rows.values()]
      .filter((row) => row.namespace === namespace && row.request === request && row.trigger === "Manual")
      .sort(newestFirst)
      .slice(0, 3);
    const fetched = runs.map(async (run): Promise<Recent> => {
      const { object } = await get<ObjectDetails>(`objects/processruns/${namespace}/${run.name}`);
      const status = (object.status?.parameters ?? object.spec.parameters ?? []) as NamedValue[];
      return { run, values: wholeValues(status) };
    });
    void Promise.allSettled(fetched).then((all) => {
      if (!current) return;
      setRecent(
        all.flatMap((one) => (one.status === "fulfilled" && Object.keys(one.value.values).length ? [one.value] : [])),
      );
    });
    return () => {
      current = false;
    };
  }, [namespace, request, enabled]);
  return recent;
}

interface Props {
  id: string;
  parameters: Parameter[];
  /** Values that are used if the person types none. */
  base: Values;
  values: Values;
  onChange: (values: Values) => void;
  errors?: Values;
}

export function ParameterFields({ id, parameters, base, values, onChange, errors = {} }: Props) {
  return (
    <div class="fields">
      {parameters.map((one) => {
        const field = `${id}-${one.name}`;
        const error = errors[one.name];
        const isSet = values[one.name] !== undefined;
        const fallback = base[one.name] ?? one.default ?? "";
        return (
          <div class="field" key={one.name}>
            <label for={field}>
              <code>{visible(one.name)}</code>
              {one.required && <span class="faint"> {t.processes.required}</span>}
            </label>
            <span class="joined">
              <ValueInput
                id={field}
                parameter={one}
                value={values[one.name] ?? fallback}
                isSet={isSet}
                invalid={error !== undefined}
                onInput={(value) => onChange({ ...values, [one.name]: value })}
              />
              {isSet && (
                <button
                  type="button"
                  class="button small quiet"
                  aria-label={`${t.dialog.reset}: ${one.name}`}
                  title={t.dialog.reset}
                  onClick={() =>
                    onChange(Object.fromEntries(Object.entries(values).filter(([name]) => name !== one.name)))
                  }
                >
                  ↺
                </button>
              )}
            </span>
            <p id={`${field}-hint`} class={error ? "hint bad-text" : "hint"}>
              {error ? visible(error) : visible(one.description ?? "")}
              {!error && one.default !== null && (
                <span class="faint"> {t.processes.defaultIs(visible(one.default))}</span>
              )}
            </p>
          </div>
        );
      })}
    </div>
  );
}

interface ValueProps {
  id: string;
  parameter: Parameter;
  value: string;
  isSet: boolean;
  invalid: boolean;
  onInput: (value: string) => void;
}

/** A select box where the Process limits the values, else a line of text. */
function ValueInput({ id, parameter, value, isSet, invalid, onInput }: ValueProps) {
  const common = {
    id,
    class: isSet ? "changed" : "",
    "aria-describedby": `${id}-hint`,
    "aria-invalid": invalid ? ("true" as const) : undefined,
  };
  if (!parameter.enum) {
    return (
      <input
        {...common}
        type="text"
        value={value}
        maxLength={4096}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    );
  }
  const values = parameter.enum.includes(value) ? parameter.enum : [value, ...parameter.enum];
  return (
    <select {...common} value={value} onChange={(event) => onInput(event.currentTarget.value)}>
      {values.map((one) => (
        <option key={one} value={one}>
          {visible(one) || t.none}
        </option>
      ))}
    </select>
  );
}
