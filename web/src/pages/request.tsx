/** Request: its schedule, coming times, last runs, backfills and buttons. */

import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { ObjectDetails } from "../api/objects";
import type { RequestRow } from "../api/rows";
import type { Ticks, Why } from "../api/timing";
import { ActionButton } from "../button";
import { halfMinute } from "../clock";
import { type Condition, Conditions, Events, Facts } from "../details";
import { FailureText } from "../failure_text";
import { useFetched } from "../fetched";
import { useLast } from "../last_value";
import { valuesOf } from "../parameter_form";
import { Phase } from "../phase";
import { href } from "../place";
import { reasonWords } from "../reason_texts";
import { dueOf, isOpen, newestFirst } from "../run_filter";
import { stores } from "../row_store";
import { Block } from "../sent_texts";
import { sentence, visible } from "../shown_text";
import { Strip } from "../strip";
import { strips } from "../strips";
import { t } from "../texts";
import { duration, instantOf, localValue, rfc3339 } from "../time";
import { Relative, Time, zoneFor } from "../time_text";
import { Missing } from "./missing";
import { Next, SuspendedBy } from "./requests";

const COMING_MS = 31 * 86_400_000;
const COMING = 10;
const LAST_RUNS = 20;

interface RequestSpec {
  concurrencyPolicy?: string;
  startingDeadlineSeconds?: number;
  history?: { successful?: number; failed?: number; other?: number };
}

export function RequestPage({ namespace, name }: { namespace: string; name: string }) {
  const row = stores.processrequests.one({ namespace, name });
  const mark = row ? JSON.stringify(row) : "";
  const { value, error } = useFetched<ObjectDetails>(`objects/processrequests/${namespace}/${name}`, {}, mark);
  const last = useLast(value);
  return (
    <div class="view details">
      <p class="crumbs">
        <a href={href("/requests")}>{t.nav.requests}</a> / {visible(namespace)}
      </p>
      {error ? (
        <Missing error={error} name={name} />
      ) : last && row ? (
        <Request details={last} row={row} />
      ) : (
        <p class="empty">{t.loading}</p>
      )}
    </div>
  );
}

function Request({ details, row }: { details: ObjectDetails; row: RequestRow }) {
  const { namespace, name } = row;
  const zone = zoneFor(namespace, name);
  const values = Object.entries(valuesOf(details.object));
  const conditions = (details.object.status?.conditions ?? []) as Condition[];
  return (
    <>
      <div class="view-head">
        <h1>{visible(name)}</h1>
        <Phase phase={row.suspended ? "Suspended" : (row.phase ?? "Pending")} />
        <Buttons row={row} />
      </div>
      {row.description && <p>{visible(row.description)}</p>}
      {row.suspended && (
        <p class="notice">
          <SuspendedBy row={row} />
        </p>
      )}
      {row.message && (
        <p class="notice bad">
          <strong title={row.reason ?? undefined}>{sentence(reasonWords(row.reason ?? ""))}</strong> {visible(row.message)}
        </p>
      )}
      <Facts rows={facts(row, details.object.spec as unknown as RequestSpec)} />
      {values.length > 0 && (
        <section>
          <h2>{t.run.parameters}</h2>
          <Facts rows={values.map(([label, value]) => [label, <code key={label}>{visible(value)}</code>])} />
        </section>
      )}
      <div class="columns">
        <Coming row={row} zone={zone} />
        <LastRuns row={row} zone={zone} />
      </div>
      <Backfills row={row} zone={zone} />
      <WhyForm row={row} zone={zone} />
      <Conditions conditions={conditions} zone={zone} />
      <Events events={details.events} zone={zone} />
      <Block title={t.run.yaml} text={details.yaml} />
    </>
  );
}

function Buttons({ row }: { row: RequestRow }) {
  const ask = { kind: "processrequests" as const, targets: [{ namespace: row.namespace, name: row.name }] };
  const requests = [row.name];
  const open = stores.processruns
    .all()
    .filter((run) => run.namespace === row.namespace && run.request === row.name && isOpen(run))
    .map((run) => ({ namespace: run.namespace, name: run.name }));
  return (
    <span class="buttons">
      <ActionButton primary ask={{ action: "run", ...ask }} requests={requests} />
      {row.suspended ? (
        <ActionButton ask={{ action: "schedule", ...ask }} requests={requests} />
      ) : (
        <ActionButton ask={{ action: "unschedule", ...ask }} requests={requests} />
      )}
      <ActionButton ask={{ action: "reschedule", ...ask }} requests={requests} />
      <ActionButton
        ask={{ action: "cancel", kind: "processruns", targets: open.length ? open : ask.targets }}
        requests={requests}
        pointless={open.length ? undefined : t.requests.noneOpen}
      />
      <ActionButton
        ask={{ action: "backfill", ...ask }}
        requests={requests}
        pointless={row.timing === "Schedule" ? undefined : t.requests.noneTimed}
      />
      <ActionButton ask={{ action: "delete", ...ask }} requests={requests} />
    </span>
  );
}

function facts(row: RequestRow, spec: RequestSpec): [string, ComponentChildren][] {
  const { namespace, name } = row;
  const rows: [string, ComponentChildren][] = [
    [t.requests.schedule, visible(row.schedule ?? t.none)],
    [t.requests.next, <Next key="next" row={row} />],
    [
      t.runs.process,
      row.process ? (
        <a key="process" href={href("/processes", { q: row.process })}>
          {visible(row.process)}
        </a>
      ) : (
        t.requests.own
      ),
    ],
    [
      t.requests.last,
      <Strip key="strip" runs={strips.value.get(`${namespace}/${name}`) ?? []} zone={zoneFor(namespace, name)} />,
    ],
  ];
  if (row.engine) rows.push([t.requests.engine, t.requests.engines[row.engine] ?? row.engine]);
  const policy = spec.concurrencyPolicy ?? "Allow";
  rows.push([t.create.concurrency, t.create.policies[policy as keyof typeof t.create.policies] ?? policy]);
  if (spec.startingDeadlineSeconds !== undefined)
    rows.push([t.requests.deadline, duration(spec.startingDeadlineSeconds * 1_000)]);
  const { successful = 3, failed = 3, other = 3 } = spec.history ?? {};
  if (row.suspendedSince)
    rows.push([
      t.requests.suspendedSince,
      <Time key="suspended" at={row.suspendedSince} zone={zoneFor(namespace, name)} />,
    ]);
  rows.push([t.requests.history, `${successful} successful, ${failed} failed, ${other} other`]);
  rows.push([t.run.created, <Time key="created" at={row.created} zone={zoneFor(namespace, name)} />]);
  return rows;
}

function Coming({ row, zone }: { row: RequestRow; zone: string }) {
  const from = Math.floor(halfMinute.value / 60_000) * 60_000;
  const query = { namespace: row.namespace, request: row.name, from: rfc3339(from), to: rfc3339(from + COMING_MS) };
  const { value, error } = useFetched<Ticks>(row.suspended ? null : "ticks", query, row.next);
  const last = useLast(value);
  const found = last?.requests[0];
  const ticks = row.suspended ? [] : (found?.ticks ?? []);
  return (
    <section>
      <h2>{t.requests.upcoming}</h2>
      {error && <FailureText error={error} />}
      {row.suspended && <p class="faint">{t.requests.noNext}</p>}
      {!row.suspended && last && !ticks.length && !found?.density.length && <p class="faint">{t.requests.none}</p>}
      {found && found.density.length > 0 && (
        <p>{t.timeline.marks(found.density.reduce((sum, one) => sum + one.count, 0))}</p>
      )}
      <ul class="rows">
        {ticks.slice(0, COMING).map((tick) => (
          <li key={tick}>
            <Time at={tick} zone={zone} /> <Relative at={tick} />
          </li>
        ))}
      </ul>
      <a href={href("/timeline", { q: row.name, span: "7d" })}>{t.requests.timeline}</a>
    </section>
  );
}

function LastRuns({ row, zone }: { row: RequestRow; zone: string }) {
  const runs = stores.processruns
    .all()
    .filter((run) => run.namespace === row.namespace && run.request === row.name)
    .sort(newestFirst)
    .slice(0, LAST_RUNS);
  return (
    <section>
      <h2>{t.requests.runs}</h2>
      <ul class="rows">
        {runs.map((run) => (
          <li key={run.name}>
            <Phase phase={run.phase} />{" "}
            <a href={href(`/runs/${run.namespace}/${run.name}`)}>
              <Time at={dueOf(run)} zone={zone} />
            </a>{" "}
            <span class="faint">
              {[
                `${t.triggers[run.trigger] ?? run.trigger}${run.by ? ` ${t.runs.manual(visible(run.by))}` : ""}`,
                run.started && run.ended && duration(Date.parse(run.ended) - Date.parse(run.started)),
                run.reason && reasonWords(run.reason),
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </li>
        ))}
      </ul>
      {runs.length === 0 && <p class="faint">{t.requests.noRuns}</p>}
      <a href={href("/runs", { request: row.name })}>{t.requests.showRuns}</a>
    </section>
  );
}

function Backfills({ row, zone }: { row: RequestRow; zone: string }) {
  const found = stores.processbackfills
    .all()
    .filter((one) => one.namespace === row.namespace && one.request === row.name);
  if (!found.length) return null;
  return (
    <section>
      <h2>{t.requests.backfills}</h2>
      <ul class="rows">
        {found.map((one) => (
          <li key={one.name}>
            <Phase phase={one.phase} />{" "}
            <a href={href(`/backfills/${one.namespace}/${one.name}`)}>{visible(one.name)}</a> {one.progress}{" "}
            <span class="faint">
              <Time at={one.from} zone={zone} withZone={false} /> – <Time at={one.to} zone={zone} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Answer to why the request ran, or did not run, at a time, by the rules of the operator. */
function WhyForm({ row, zone }: { row: RequestRow; zone: string }) {
  const [local, setLocal] = useState(() => localValue(halfMinute.value, zone));
  const [at, setAt] = useState<string | null>(null);
  const { value, error } = useFetched<Why>(at ? "why" : null, {
    namespace: row.namespace,
    request: row.name,
    at: at ?? "",
  });
  return (
    <section>
      <h2>{t.requests.why}</h2>
      <p class="hint">{t.requests.whyHint}</p>
      <form
        class="buttons"
        onSubmit={(event) => {
          event.preventDefault();
          const instant = instantOf(local, zone);
          if (instant !== null) setAt(rfc3339(instant));
        }}
      >
        <input
          type="datetime-local"
          step={1}
          aria-label={`${t.requests.why} (${zone})`}
          value={local}
          onInput={(event) => setLocal(event.currentTarget.value)}
        />
        <span class="zone">{zone}</span>
        <button type="submit" class="button">
          {t.requests.why}
        </button>
      </form>
      {error && <FailureText error={error} />}
      <ul>
        {value?.sentences.map((sentence) => (
          <li key={sentence}>{visible(sentence)}</li>
        ))}
      </ul>
    </section>
  );
}
