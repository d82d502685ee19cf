/** Fields of a timing, by its kind. */

import type { ComponentChildren } from "preact";
import { t } from "./texts";
import { MINE } from "./time";
import { hasZone, isSchedule, TIMINGS, type TimingForm, type TimingKind, WEEKDAYS, WEEKS } from "./timing_form";

interface Props {
  form: TimingForm;
  onChange: (form: TimingForm) => void;
  /** Errors by the last part of their path. */
  errors: Record<string, string>;
}

export function TimingFields({ form, onChange, errors }: Props) {
  const set = (part: Partial<TimingForm>) => onChange({ ...form, ...part });
  const { kind } = form;
  const isTimed = kind === "daily" || kind === "weekly" || kind === "monthly";
  return (
    <>
      <Field id="kind" label={t.create.timing}>
        <select
          id="kind"
          value={kind}
          onChange={(event) => set({ kind: event.currentTarget.value as TimingKind, every: 1 })}
        >
          {TIMINGS.map((one) => (
            <option key={one} value={one}>
              {t.create.kinds[one]}
            </option>
          ))}
        </select>
      </Field>
      {kind === "later" && (
        <Field id="later" label={`${t.create.startAt} (${MINE})`} error={errors.startTime}>
          <input
            id="later"
            type="datetime-local"
            value={form.later}
            onInput={(event) => set({ later: event.currentTarget.value })}
          />
        </Field>
      )}
      {kind === "daily" && (
        <Field id="dailyOn" label={t.create.on}>
          <select
            id="dailyOn"
            value={form.dailyOn}
            onChange={(event) => set({ dailyOn: event.currentTarget.value as TimingForm["dailyOn"] })}
          >
            <option value="every">{t.create.everyDay}</option>
            <option value="Weekdays">{t.create.weekdays}</option>
            <option value="Weekends">{t.create.weekends}</option>
          </select>
        </Field>
      )}
      {isSchedule(kind) && kind !== "cron" && !(kind === "daily" && form.dailyOn !== "every") && (
        <Field id="every" label={`${t.create.every} (${t.create.units[kind]})`} error={errors.every}>
          <input
            id="every"
            type="number"
            min={1}
            value={form.every}
            onInput={(event) => set({ every: Math.max(1, Math.floor(Number(event.currentTarget.value)) || 1) })}
          />
        </Field>
      )}
      {kind === "weekly" && (
        <fieldset>
          <legend>{t.create.days}</legend>
          <div class="days">
            {WEEKDAYS.map((day) => (
              <label key={day} class="inline">
                <input
                  type="checkbox"
                  checked={form.days.includes(day)}
                  onChange={(event) =>
                    set({
                      days: event.currentTarget.checked ? [...form.days, day] : form.days.filter((one) => one !== day),
                    })
                  }
                />
                {day}
              </label>
            ))}
          </div>
          {errors.days && <p class="hint bad-text">{errors.days}</p>}
        </fieldset>
      )}
      {kind === "monthly" && <MonthlyFields form={form} set={set} errors={errors} />}
      {isTimed && (
        <Field id="at" label={t.create.at} error={errors.at}>
          <input id="at" type="time" value={form.at} onInput={(event) => set({ at: event.currentTarget.value })} />
        </Field>
      )}
      {kind === "cron" && (
        <Field id="cron" label={t.create.cron} error={errors.cron}>
          <input
            id="cron"
            type="text"
            value={form.cron}
            spellcheck={false}
            autocomplete="off"
            maxLength={256}
            onInput={(event) => set({ cron: event.currentTarget.value })}
          />
        </Field>
      )}
      {hasZone(kind) && <ZoneField form={form} set={set} errors={errors} />}
      {isSchedule(kind) && <LimitFields form={form} set={set} errors={errors} />}
    </>
  );
}

interface PartProps {
  form: TimingForm;
  set: (part: Partial<TimingForm>) => void;
  errors: Record<string, string>;
}

function MonthlyFields({ form, set, errors }: PartProps) {
  return (
    <>
      <Field id="monthlyBy" label={t.create.dayOrWeekday}>
        <select
          id="monthlyBy"
          value={form.monthlyBy}
          onChange={(event) => set({ monthlyBy: event.currentTarget.value as TimingForm["monthlyBy"] })}
        >
          <option value="day">{t.create.byDay}</option>
          <option value="weekday">{t.create.byWeekday}</option>
        </select>
      </Field>
      {form.monthlyBy === "day" ? (
        <Field id="day" label={t.create.day} error={errors.day}>
          <select id="day" value={form.day} onChange={(event) => set({ day: event.currentTarget.value })}>
            {Array.from({ length: 31 }, (_, index) => String(index + 1)).map((day) => (
              <option key={day} value={day}>
                {day}
              </option>
            ))}
            <option value="Last">{t.create.last}</option>
          </select>
        </Field>
      ) : (
        <div class="field joined">
          <select
            aria-label={t.create.on}
            value={form.week}
            onChange={(event) => set({ week: event.currentTarget.value as TimingForm["week"] })}
          >
            {WEEKS.map((week) => (
              <option key={week} value={week}>
                {t.create.weeks[week]}
              </option>
            ))}
          </select>
          <select
            aria-label={t.create.byWeekday}
            value={form.weekday}
            onChange={(event) => set({ weekday: event.currentTarget.value as TimingForm["weekday"] })}
          >
            {WEEKDAYS.map((day) => (
              <option key={day} value={day}>
                {day}
              </option>
            ))}
          </select>
        </div>
      )}
    </>
  );
}

function ZoneField({ form, set, errors }: PartProps) {
  return (
    <Field id="zone" label={t.create.zone} error={errors.timeZone}>
      <input
        id="zone"
        type="text"
        list="zones"
        value={form.timeZone}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => set({ timeZone: event.currentTarget.value })}
      />
      <datalist id="zones">
        {Intl.supportedValuesOf("timeZone").map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </Field>
  );
}

function LimitFields({ form, set, errors }: PartProps) {
  return (
    <details class="block">
      <summary>{`${t.create.start}, ${t.create.finish.toLowerCase()}`}</summary>
      {(["start", "finish"] as const).map((end) => (
        <Field
          key={end}
          id={end}
          label={`${t.create[end]} (${form.timeZone})`}
          error={errors[end === "start" ? "startTime" : "finishTime"]}
        >
          <input
            id={end}
            type="datetime-local"
            value={form[end]}
            onInput={(event) => set({ [end]: event.currentTarget.value })}
          />
        </Field>
      ))}
      <Field id="maxRuns" label={t.create.maxRuns} error={errors.maxRuns}>
        <input
          id="maxRuns"
          type="number"
          min={1}
          value={form.maxRuns}
          onInput={(event) => set({ maxRuns: event.currentTarget.value })}
        />
      </Field>
    </details>
  );
}

interface FieldProps {
  id: string;
  label: string;
  error?: string | undefined;
  hint?: string;
  children: ComponentChildren;
}

export function Field({ id, label, error, hint, children }: FieldProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {error ? <p class="hint bad-text">{error}</p> : hint && <p class="hint">{hint}</p>}
    </div>
  );
}
