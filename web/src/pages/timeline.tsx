/** Timeline: past runs, coming times, and times that were missed, skipped or excluded; the same rows as a table. */

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Ticks, Why } from "../api/timing";
import { ActionButton } from "../button";
import { halfMinute, now } from "../clock";
import { FailureText } from "../failure_text";
import { useFetched } from "../fetched";
import { rememberFocus } from "../focus";
import { useLast } from "../last_value";
import { Phase, PhaseIcon, phaseWord } from "../phase";
import { go, href, namespace, parameter, setQuery } from "../place";
import { stores } from "../row_store";
import { SearchField } from "../search_field";
import { visible } from "../shown_text";
import { type Column, VirtualTable } from "../table";
import { t } from "../texts";
import { dateTime, localValue, MINE, rfc3339 } from "../time";
import { Time, zoneChoice } from "../time_text";
import { type Entry, entriesOf, type Lane, lanesOf, type Mark, SPANS } from "../timeline/lanes";
import { Picture } from "../timeline/picture";

const NOW_AT = 0.6;
const NAMES = Object.keys(SPANS);
const DENSE = new Set(["coming", "excluded", "missed", "skipped"]);

export function TimelinePage() {
  const spanName = SPANS[parameter("span")] ? parameter("span") : "24h";
  const span = SPANS[spanName] ?? 86_400_000;
  const at = parameter("at") ? Date.parse(parameter("at")) : halfMinute.value;
  const from = at - span * NOW_AT;
  const to = at + span * (1 - NOW_AT);
  const zone = zoneOfLanes();
  const by = parameter("lanes") === "process" ? "process" : "request";
  const text = parameter("q");
  const [chosen, setChosen] = useState<Mark | null>(null);
  // The fetched range moves in steps, so that the passing of time causes few requests.
  const step = span / 24;
  const query = {
    namespace: namespace.value ?? "",
    from: rfc3339(Math.floor(from / step) * step),
    to: rfc3339(Math.ceil(to / step) * step),
  };
  const version = stores.processrequests.version.value;
  const { value, error } = useFetched<Ticks>(namespace.value === null ? null : "ticks", query);
  const ticks = useLast(value);
  const runsVersion = stores.processruns.version.value;
  const lanes = useMemo(
    () =>
      lanesOf({
        runs: stores.processruns.all(),
        requests: stores.processrequests.all(),
        ticks: ticks?.requests ?? [],
        from,
        to,
        now: now(),
        by,
        text,
        everywhere: namespace.value === "",
      }),
    [runsVersion, version, ticks, from, to, by, text],
  );
  const entries = useMemo(() => entriesOf(lanes).filter((entry) => entry.at >= from && entry.at <= to), [lanes]);
  const move = (distance: number) => setQuery({ at: rfc3339(at + distance) });
  const zoom = (direction: 1 | -1) => setQuery({ span: NAMES[NAMES.indexOf(spanName) + direction] ?? spanName });
  return (
    <div class="view details">
      <div class="view-head">
        <h1>{t.timeline.title}</h1>
        <span class="faint">{zone}</span>
        <span class="buttons">
          <button type="button" class="button" onClick={() => move(-span / 2)}>
            ← {t.timeline.earlier}
          </button>
          <button type="button" class="button" onClick={() => setQuery({ at: null })}>
            {t.timeline.today}
          </button>
          <button type="button" class="button" onClick={() => move(span / 2)}>
            {t.timeline.later} →
          </button>
        </span>
      </div>
      <Controls spanName={spanName} by={by} text={text} />
      {error && <FailureText error={error} />}
      <Picture
        lanes={lanes}
        from={from}
        to={to}
        now={halfMinute.value}
        zone={zone}
        label={t.timeline.picture(lanes.length, dateTime(from, zone), dateTime(to, zone))}
        onMove={move}
        onZoom={zoom}
        onHit={(hit) => {
          if (!hit) setChosen(null);
          else if ("bar" in hit) go(href(`/runs/${hit.bar.run.namespace}/${hit.bar.run.name}`));
          else setChosen(hit.mark);
        }}
      />
      <Legend />
      {chosen && (
        <Chosen key={`${chosen.request} ${chosen.at}`} mark={chosen} zone={zone} onClose={() => setChosen(null)} />
      )}
      <h2>{t.timeline.table}</h2>
      <VirtualTable
        id="timeline"
        label={t.timeline.table}
        rows={entries}
        columns={columns(zone, setChosen)}
        keyOf={(entry) => `${entry.at} ${entry.namespace}/${entry.request} ${entry.what} ${entry.run?.name ?? ""}`}
        rowHeight={34}
        narrowHeight={60}
        empty={stores.processruns.complete.value ? t.timeline.nothing : t.loading}
      />
      <Dense lanes={lanes} />
    </div>
  );
}

/** Zone of the axis. With the zones of the schedules, it is the one that all requests share, else UTC. */
function zoneOfLanes(): string {
  const choice = zoneChoice();
  if (choice === "mine") return MINE;
  const zones = new Set(stores.processrequests.all().flatMap((row) => row.timeZone ?? []));
  const [only = "UTC"] = zones;
  return choice === "schedule" && zones.size === 1 ? only : "UTC";
}

function Controls({ spanName, by, text }: { spanName: string; by: string; text: string }) {
  return (
    <search class="filters">
      <SearchField label={t.requests.search} value={text} />
      <label class="inline">
        <span>{t.timeline.span}</span>
        <select value={spanName} onChange={(event) => setQuery({ span: event.currentTarget.value }, true)}>
          {NAMES.map((name) => (
            <option key={name} value={name}>
              {t.timeline.spans[name]}
            </option>
          ))}
        </select>
      </label>
      <label class="inline">
        <span>{t.timeline.lanes}</span>
        <select value={by} onChange={(event) => setQuery({ lanes: event.currentTarget.value }, true)}>
          <option value="request">{t.timeline.byRequest}</option>
          <option value="process">{t.timeline.byProcess}</option>
        </select>
      </label>
    </search>
  );
}

function Legend() {
  return (
    <p class="legend hint">
      {(["Succeeded", "Failed", "Running"] as const).map((phase) => (
        <Phase key={phase} phase={phase} />
      ))}
      <span>○ {t.timeline.coming}</span>
      <span>✕ {t.phases.Missed}</span>
      <span>| {t.phases.Skipped}</span>
      <span>⊘ {t.timeline.excluded}</span>
    </p>
  );
}

/** Lanes with too many times to draw each of them. */
function Dense({ lanes }: { lanes: Lane[] }) {
  const dense = lanes.filter((lane) => lane.bands.length);
  if (!dense.length) return null;
  return (
    <ul class="rows">
      {dense.map((lane) => (
        <li key={lane.key}>
          {visible(lane.key)}: {t.timeline.more(lane.bands.reduce((sum, band) => sum + band.count, 0))}
        </li>
      ))}
    </ul>
  );
}

/** Details of a time without a run: the reason, and a button to run it. */
function Chosen({ mark, zone, onClose }: { mark: Mark; zone: string; onClose: () => void }) {
  const query = { namespace: mark.namespace, request: mark.request, at: rfc3339(mark.at) };
  const { value, error } = useFetched<Why>("why", query);
  const notice = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const shown = notice.current;
    const giveBack = rememberFocus();
    return () => {
      if (shown) giveBack(shown);
    };
  }, []);
  const local = localValue(mark.at, MINE);
  const isPast = mark.at <= now();
  return (
    <div class="notice" role="status" ref={notice}>
      <p>
        <b>{visible(mark.request)}</b> <Time at={rfc3339(mark.at)} zone={zone} /> {entryWord(mark.kind)}
      </p>
      {error && <FailureText error={error} />}
      {!value && !error && <p class="faint">{t.loading}</p>}
      <ul>
        {value?.sentences.map((sentence) => (
          <li key={sentence}>{visible(sentence)}</li>
        ))}
      </ul>
      <p class="buttons">
        {mark.run && (
          <a class="button" href={href(`/runs/${mark.run.namespace}/${mark.run.name}`)}>
            {t.details}
          </a>
        )}
        <ActionButton
          ask={{
            action: "backfill",
            kind: "processrequests",
            targets: [{ namespace: mark.namespace, name: mark.request }],
            range: { from: local, to: localValue(mark.at + 60_000, MINE) },
          }}
          requests={[mark.request]}
          pointless={isPast ? undefined : "That time is still to come."}
        />
        <button type="button" class="button" onClick={onClose}>
          {t.close}
        </button>
      </p>
    </div>
  );
}

function entryWord(what: string): string {
  if (what === "coming") return t.timeline.coming;
  if (what === "excluded") return t.timeline.excluded;
  if (what === "missed") return t.phases.Missed;
  return what === "skipped" ? t.phases.Skipped : phaseWord(what);
}

function columns(zone: string, choose: (mark: Mark) => void): Column<Entry>[] {
  return [
    {
      id: "due",
      label: `${t.timeline.time} (${zone})`,
      cell: (entry) => <Time at={rfc3339(entry.at)} zone={zone} withZone={false} />,
    },
    {
      id: "request",
      label: t.requests.request,
      cell: (entry) => (
        <a href={href(`/requests/${entry.namespace}/${entry.request}`)}>
          {namespace.value === "" && <span class="faint">{entry.namespace}/</span>}
          {visible(entry.request)}
        </a>
      ),
    },
    {
      id: "phase",
      label: t.timeline.what,
      cell: (entry) =>
        DENSE.has(entry.what) ? (
          <button
            type="button"
            class="button small quiet"
            onClick={() => choose({ ...entry, kind: entry.what as Mark["kind"] })}
          >
            <PhaseIcon
              phase={{ missed: "Missed", skipped: "Skipped", coming: "Scheduled" }[entry.what as string] ?? "Canceled"}
            />
            {entryWord(entry.what)}
          </button>
        ) : (
          entry.run && (
            <a href={href(`/runs/${entry.run.namespace}/${entry.run.name}`)}>
              <Phase phase={entry.what} />
            </a>
          )
        ),
    },
  ];
}
