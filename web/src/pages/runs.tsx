/** Process Monitor: the runs, with filters, counts that are filters, and buttons for selected ones. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { outcomeOf } from "../action_state";
import type { RunPhase, RunRow } from "../api/rows";
import { ActionButton } from "../button";
import { halfMinute, second } from "../clock";
import { heldRows } from "../hold";
import { Phase, PhaseIcon } from "../phase";
import { href, listParameter, namespace, parameter, setQuery } from "../place";
import { reasonWords } from "../reason_texts";
import { keyOf, stores } from "../row_store";
import { dueOf, filterRuns, isOpen, newestFirst, PHASES, TRIGGERS, valuesOf, windowStart } from "../run_filter";
import { SearchField } from "../search_field";
import { selectionOf } from "../selection";
import { session } from "../session_state";
import { sentence, visible } from "../shown_text";
import { type Column, VirtualTable } from "../table";
import { t } from "../texts";
import { dateTime, duration } from "../time";
import { Time, zoneChoice, zoneFor } from "../time_text";

export function RunsPage() {
  const store = stores.processruns;
  const sorted = useComputed(() => store.all().sort(newestFirst));
  const held = useSignal<string[] | null>(null);
  const all = sorted.value;
  const window = parameter("within");
  const since = windowStart(window, halfMinute.value);
  const filter = {
    phases: listParameter("phase"),
    process: parameter("process"),
    request: parameter("request"),
    trigger: parameter("trigger"),
    since: since || parameter("since"),
    until: parameter("until"),
    text: parameter("q"),
  };
  const filterKey = JSON.stringify(filter);
  const found = useMemo(() => filterRuns(all, filter), [all, filterKey]);
  const steady = JSON.stringify({ ...filter, since: window });
  useEffect(() => {
    held.value = null;
  }, [steady, namespace.value]);
  const shown = heldRows(found.rows, held.value, (key) => store.rows.get(key), keyOf);
  const selection = selectionOf(() => shown.rows.map(keyOf));
  const chosen = [...selection.selected].flatMap((key) => store.rows.get(key) ?? []);
  const isFiltered = steady !== '{"phases":[],"process":"","request":"","trigger":"","since":"","until":"","text":""}';

  return (
    <div class="view">
      <div class="view-head">
        <h1>{t.runs.title}</h1>
        <span class="faint">{store.complete.value ? t.runs.count(found.rows.length, all.length) : t.loading}</span>
        <a class="button primary" href={href("/new")}>
          {t.nav.create}
        </a>
      </div>
      <PhaseCounts counts={found.counts} />
      <Filters rows={all} isFiltered={isFiltered} />
      <Selected runs={chosen} />
      <VirtualTable
        id="runs"
        above={
          shown.waiting > 0 && (
            <button
              type="button"
              class="waiting"
              onClick={() => {
                held.value = found.rows.map(keyOf);
                document.querySelector(".table-runs")?.scrollTo({ top: 0 });
              }}
            >
              {t.runs.waiting(shown.waiting)}
            </button>
          )
        }
        label={t.runs.label}
        rows={shown.rows}
        columns={columns()}
        keyOf={keyOf}
        rowHeight={36}
        narrowHeight={88}
        selection={selection}
        rowClass={(row) => `is-${row.phase}`}
        onHold={(isHeld) => {
          if (isHeld && held.value === null && store.complete.value) held.value = found.rows.map(keyOf);
          else if (!isHeld && held.value !== null) held.value = null;
        }}
        empty={!store.complete.value ? t.loading : all.length ? t.runs.emptyFilter : t.runs.empty}
      />
    </div>
  );
}

/** Counts by phase; each is a filter. */
function PhaseCounts({ counts }: { counts: Record<RunPhase, number> }) {
  const chosen = listParameter("phase");
  const total = PHASES.reduce((sum, phase) => sum + counts[phase], 0);
  const toggle = (phase: string) =>
    setQuery(
      { phase: (chosen.includes(phase) ? chosen.filter((one) => one !== phase) : [...chosen, phase]).join(",") },
      true,
    );
  return (
    <fieldset class="counts">
      <legend class="visually-hidden">{t.runs.phase}</legend>
      <button
        type="button"
        class="count"
        aria-pressed={chosen.length === 0}
        onClick={() => setQuery({ phase: null }, true)}
      >
        <b>{total.toLocaleString("en")}</b> {t.runs.allPhases}
      </button>
      {PHASES.map((phase) => (
        <button
          type="button"
          key={phase}
          class={`count phase-${phase}`}
          aria-pressed={chosen.includes(phase)}
          onClick={() => toggle(phase)}
        >
          <PhaseIcon phase={phase} />
          <b>{counts[phase].toLocaleString("en")}</b> {t.phases[phase]}
        </button>
      ))}
    </fieldset>
  );
}

function Filters({ rows, isFiltered }: { rows: RunRow[]; isFiltered: boolean }) {
  const processes = useMemo(() => valuesOf(rows, "process"), [rows]);
  const requests = useMemo(() => valuesOf(rows, "request"), [rows]);
  return (
    <search class="filters">
      <SearchField label={t.runs.text} value={parameter("q")} />
      <Choice name="process" label={t.runs.process} values={processes} />
      <Choice name="request" label={t.runs.request} values={requests} />
      <label class="inline">
        <span>{t.runs.trigger}</span>
        <select
          value={parameter("trigger")}
          onChange={(event) => setQuery({ trigger: event.currentTarget.value }, true)}
        >
          <option value="">{t.runs.any}</option>
          {TRIGGERS.map((trigger) => (
            <option key={trigger} value={trigger}>
              {t.triggers[trigger]}
            </option>
          ))}
        </select>
      </label>
      <label class="inline">
        <span>{t.runs.window}</span>
        <select
          value={parameter("within")}
          onChange={(event) => setQuery({ within: event.currentTarget.value, since: null, until: null }, true)}
        >
          {Object.entries(t.runs.windows).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {isFiltered && (
        <button
          type="button"
          class="button small"
          onClick={() =>
            setQuery(
              {
                q: null,
                phase: null,
                process: null,
                request: null,
                trigger: null,
                within: null,
                since: null,
                until: null,
              },
              true,
            )
          }
        >
          {t.runs.clear}
        </button>
      )}
    </search>
  );
}

function Choice({ name, label, values }: { name: string; label: string; values: string[] }) {
  const value = parameter(name);
  const all = value && !values.includes(value) ? [value, ...values] : values;
  return (
    <label class="inline">
      <span>{label}</span>
      <select value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value }, true)}>
        <option value="">{t.runs.any}</option>
        {all.map((one) => (
          <option key={one} value={one}>
            {visible(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Selected({ runs }: { runs: RunRow[] }) {
  if (!runs.length) return null;
  const open = runs.filter(isOpen);
  const requests = [
    ...new Map(
      runs.map((run) => [`${run.namespace}/${run.request}`, { namespace: run.namespace, name: run.request }]),
    ).values(),
  ];
  return (
    <div class="selected">
      <b>{t.runs.selected(runs.length)}</b>
      <ActionButton
        ask={{ action: "cancel", kind: "processruns", targets: open.map(bare) }}
        pointless={open.length ? undefined : "None of these is open."}
      />
      <ActionButton ask={{ action: "run", kind: "processrequests", targets: requests }} label={t.run.again} />
      <ActionButton ask={{ action: "delete", kind: "processruns", targets: runs.map(bare) }} />
      <button type="button" class="button" onClick={() => setQuery({ sel: null })}>
        {t.runs.clear}
      </button>
    </div>
  );
}

function bare({ namespace, name }: RunRow) {
  return { namespace, name };
}

function columns(): Column<RunRow>[] {
  const everywhere = namespace.value === "";
  const perSchedule = zoneChoice() === "schedule";
  const zoneNote = perSchedule ? "" : ` (${zoneFor("", "")})`;
  return [
    { id: "phase", label: t.runs.phase, cell: (row) => <Phase phase={row.phase} /> },
    {
      id: "due",
      label: `${t.runs.due}${zoneNote}`,
      cell: (row) => (
        <a href={href(`/runs/${row.namespace}/${row.name}`)}>
          <Time at={dueOf(row)} zone={zoneFor(row.namespace, row.request)} withZone={perSchedule} />
        </a>
      ),
    },
    {
      id: "request",
      label: t.runs.request,
      cell: (row) => (
        <a href={href(`/requests/${row.namespace}/${row.request}`)} title={row.name}>
          {everywhere && <span class="faint">{row.namespace}/</span>}
          {visible(row.request)}
        </a>
      ),
    },
    { id: "process", label: t.runs.process, cell: (row) => visible(row.process ?? "–") },
    {
      id: "by",
      label: t.runs.by,
      cell: (row) => (
        <>
          {t.triggers[row.trigger] ?? row.trigger}
          {row.by && (
            <span class="faint" title={session.value?.namesVouched ? undefined : t.header.claim}>
              {" "}
              {t.runs.manual(visible(row.by))}
              {!session.value?.namesVouched && " ?"}
            </span>
          )}
        </>
      ),
    },
    { id: "start", label: t.runs.start, cell: (row) => <Start row={row} /> },
    { id: "duration", label: t.runs.duration, cell: (row) => <Duration row={row} /> },
    { id: "exit", label: t.runs.exit, cell: (row) => row.exitCode ?? "" },
    { id: "reason", label: t.runs.reason, cell: (row) => <Reason row={row} /> },
  ];
}

/** The time of day of the start, without the date, because most runs start on the day on which they are due. */
function Start({ row }: { row: RunRow }) {
  if (!row.started) return null;
  const zone = zoneFor(row.namespace, row.request);
  const [day = "", time] = dateTime(Date.parse(row.started), zone).split(" ");
  const isSameDay = dateTime(Date.parse(dueOf(row)), zone).startsWith(day);
  return (
    <time dateTime={row.started} title={`${day} ${time} ${zone}`}>
      {isSameDay ? time : `${day.slice(5)} ${time}`}
    </time>
  );
}

function Duration({ row }: { row: RunRow }) {
  if (!row.started) return null;
  const end = row.ended ? Date.parse(row.ended) : second.value;
  return <span class="number">{duration(end - Date.parse(row.started))}</span>;
}

function Reason({ row }: { row: RunRow }) {
  const outcome = outcomeOf("processruns", row);
  return (
    <>
      {outcome && <span class={outcome.ok ? "good-text" : "bad-text"}>{visible(outcome.message)} </span>}
      {row.reason && <span title={visible(row.reason)}>{sentence(reasonWords(row.reason))}</span>}
    </>
  );
}
