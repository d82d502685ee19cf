/** Process Request: the schedules in words, with their next times, last runs and suspensions. */

import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { outcomeOf } from "../action_state";
import type { RequestRow } from "../api/rows";
import { ActionButton } from "../button";
import { Phase } from "../phase";
import { href, namespace, parameter, setQuery } from "../place";
import { byName, filterRequests, STATES, type State } from "../request_filter";
import { keyOf, stores } from "../row_store";
import { SearchField } from "../search_field";
import { selectionOf } from "../selection";
import { session } from "../session_state";
import { visible } from "../shown_text";
import { isOpen } from "../run_filter";
import { Strip } from "../strip";
import { strips } from "../strips";
import { type Column, VirtualTable } from "../table";
import { t } from "../texts";
import { Relative, Time, zoneFor } from "../time_text";

export function RequestsPage() {
  const store = stores.processrequests;
  const sorted = useComputed(() => store.all().sort(byName));
  const all = sorted.value;
  const wanted = parameter("state") as State;
  const state: State = STATES.includes(wanted) ? wanted : "All";
  const [text, process] = [parameter("q"), parameter("process")];
  const found = useMemo(() => filterRequests(all, state, text, process), [all, state, text, process]);
  const selection = selectionOf(() => found.rows.map(keyOf));
  const chosen = [...selection.selected].flatMap((key) => store.rows.get(key) ?? []);
  return (
    <div class="view">
      <div class="view-head">
        <h1>{t.requests.title}</h1>
        <span class="faint">{store.complete.value ? t.requests.count(found.rows.length, all.length) : t.loading}</span>
        <a class="button primary" href={href("/new")}>
          {t.nav.create}
        </a>
      </div>
      <fieldset class="counts">
        <legend class="visually-hidden">{t.requests.state}</legend>
        {STATES.map((one) => (
          <button
            type="button"
            key={one}
            class="count"
            aria-pressed={state === one}
            onClick={() => setQuery({ state: one === "All" ? null : one }, true)}
          >
            <b>{found.counts[one].toLocaleString("en")}</b> {t.requests.filters[one]}
          </button>
        ))}
      </fieldset>
      <search class="filters">
        <SearchField label={t.requests.search} value={text} />
        {process && (
          <button type="button" class="button small" onClick={() => setQuery({ process: null }, true)}>
            {t.runs.process}: {visible(process)} ✕
          </button>
        )}
      </search>
      <Selected requests={chosen} />
      <VirtualTable
        id="requests"
        label={t.requests.label}
        rows={found.rows}
        columns={columns()}
        keyOf={keyOf}
        rowHeight={58}
        narrowHeight={190}
        selection={selection}
        empty={!store.complete.value ? t.loading : all.length ? t.requests.emptyFilter : t.requests.empty}
      />
    </div>
  );
}

function bare({ namespace: inNamespace, name }: RequestRow) {
  return { namespace: inNamespace, name };
}

function Selected({ requests }: { requests: RequestRow[] }) {
  if (!requests.length) return null;
  const kind = "processrequests" as const;
  const active = requests.filter((one) => !one.suspended);
  const suspended = requests.filter((one) => one.suspended);
  const timed = requests.filter((one) => one.timing === "Schedule");
  const keys = new Set(requests.map(keyOf));
  const open = stores.processruns
    .all()
    .filter((run) => isOpen(run) && keys.has(`${run.namespace}/${run.request}`))
    .map(({ namespace: inNamespace, name }) => ({ namespace: inNamespace, name }));
  return (
    <div class="selected">
      <b>{t.runs.selected(requests.length)}</b>
      <ActionButton ask={{ action: "run", kind, targets: requests.map(bare) }} />
      <ActionButton
        ask={{ action: "unschedule", kind, targets: active.map(bare) }}
        pointless={active.length ? undefined : "All of these are suspended."}
      />
      <ActionButton
        ask={{ action: "schedule", kind, targets: suspended.map(bare) }}
        pointless={suspended.length ? undefined : "None of these is suspended."}
      />
      <ActionButton ask={{ action: "reschedule", kind, targets: requests.map(bare) }} />
      <ActionButton
        ask={{ action: "cancel", kind: "processruns", targets: open }}
        pointless={open.length ? undefined : t.requests.noneOpen}
      />
      <ActionButton
        ask={{ action: "backfill", kind, targets: timed.map(bare) }}
        pointless={timed.length ? undefined : t.requests.noneTimed}
      />
      <ActionButton ask={{ action: "delete", kind, targets: requests.map(bare) }} />
      <button type="button" class="button" onClick={() => setQuery({ sel: null })}>
        {t.runs.clear}
      </button>
    </div>
  );
}

function columns(): Column<RequestRow>[] {
  const everywhere = namespace.value === "";
  return [
    {
      id: "request",
      label: t.requests.request,
      cell: (row) => (
        <>
          <a href={href(`/requests/${row.namespace}/${row.name}`)}>
            {everywhere && <span class="faint">{row.namespace}/</span>}
            {visible(row.name)}
          </a>
          <br />
          <span class="faint">{row.process ? visible(row.process) : t.requests.own}</span>
        </>
      ),
    },
    {
      id: "phase",
      label: t.requests.state,
      cell: (row) => <Phase phase={row.suspended ? "Suspended" : (row.phase ?? "Pending")} />,
    },
    { id: "schedule", label: t.requests.schedule, cell: (row) => <Schedule row={row} /> },
    { id: "next", label: t.requests.next, cell: (row) => <Next row={row} /> },
    {
      id: "strip",
      label: t.requests.last,
      cell: (row) => <Strip runs={strips.value.get(keyOf(row)) ?? []} zone={zoneFor(row.namespace, row.name)} />,
    },
    { id: "buttons", label: <span class="visually-hidden">{t.details}</span>, cell: (row) => <RowButtons row={row} /> },
  ];
}

/** The schedule in words, and the error of the request. */
function Schedule({ row }: { row: RequestRow }) {
  const outcome = outcomeOf("processrequests", row);
  return (
    <>
      <span title={row.schedule ?? undefined}>{visible(row.schedule ?? t.none)}</span>
      <br />
      {outcome ? (
        <span class={outcome.ok ? "good-text" : "bad-text"}>{visible(outcome.message)}</span>
      ) : row.suspended ? (
        <SuspendedBy row={row} />
      ) : row.message && row.phase === "Invalid" ? (
        <span class="bad-text" title={visible(row.message)}>
          {visible(row.message)}
        </span>
      ) : (
        row.waiting > 0 && <span class="faint">{t.requests.waiting(row.waiting)}</span>
      )}
    </>
  );
}

export function SuspendedBy({ row }: { row: RequestRow }) {
  const text = visible(t.requests.suspendedBy(row.suspendedBy, row.suspendReason));
  const isClaim = row.suspendedBy !== null && !session.value?.namesVouched;
  return (
    <span class="faint" title={isClaim ? `${text}. ${t.header.claim}` : text}>
      {text}
    </span>
  );
}

export function Next({ row }: { row: RequestRow }) {
  if (row.suspended) return <span class="phase-Suspended phase">{t.requests.noNext}</span>;
  if (!row.next) return <span class="faint">{row.phase === "Invalid" ? t.requests.noneInvalid : t.requests.none}</span>;
  return (
    <>
      <Time at={row.next} zone={zoneFor(row.namespace, row.name)} />
      <br />
      <Relative at={row.next} />
    </>
  );
}

function RowButtons({ row }: { row: RequestRow }) {
  const targets = [bare(row)];
  const kind = "processrequests" as const;
  return (
    <span class="buttons">
      <ActionButton small ask={{ action: "run", kind, targets }} requests={[row.name]} />
      {row.suspended ? (
        <ActionButton small ask={{ action: "schedule", kind, targets }} requests={[row.name]} />
      ) : (
        <ActionButton small ask={{ action: "unschedule", kind, targets }} requests={[row.name]} />
      )}
    </span>
  );
}
