/** Fields of a backfill: a range of time in the person's own zone, and its rules. */

import { t } from "./texts";
import { MINE } from "./time";

export interface BackfillForm {
  from: string;
  to: string;
  maxActiveRuns: number;
  rerun: "Never" | "Failed" | "Always";
}

interface Props {
  form: BackfillForm;
  onChange: (form: BackfillForm) => void;
  invalid: boolean;
}

export function BackfillFields({ form, onChange, invalid }: Props) {
  return (
    <div class="fields">
      {(["from", "to"] as const).map((end) => (
        <div class="field" key={end}>
          <label for={`backfill-${end}`}>
            {t.dialog[end]} <span class="faint">({MINE})</span>
          </label>
          <input
            id={`backfill-${end}`}
            type="datetime-local"
            value={form[end]}
            aria-invalid={invalid ? "true" : undefined}
            onInput={(event) => onChange({ ...form, [end]: event.currentTarget.value })}
          />
        </div>
      ))}
      {invalid && <p class="bad-text">{t.dialog.badRange}</p>}
      <div class="field">
        <label for="backfill-parallel">{t.dialog.parallel}</label>
        <input
          id="backfill-parallel"
          type="number"
          min={1}
          max={100}
          value={form.maxActiveRuns}
          onInput={(event) => onChange({ ...form, maxActiveRuns: Math.max(1, Number(event.currentTarget.value) || 1) })}
        />
      </div>
      <div class="field">
        <label for="backfill-rerun">{t.dialog.rerun}</label>
        <select
          id="backfill-rerun"
          value={form.rerun}
          onChange={(event) => onChange({ ...form, rerun: event.currentTarget.value as BackfillForm["rerun"] })}
        >
          {Object.entries(t.dialog.reruns).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}
