/** Processes with their parameters, and the requests of each. */

import { useMemo } from "preact/hooks";
import type { ProcessRow } from "../api/rows";
import { href, namespace, parameter } from "../place";
import { keyOf, stores } from "../row_store";
import { SearchField } from "../search_field";
import { visible } from "../shown_text";
import { type Column, VirtualTable } from "../table";
import { t } from "../texts";

export function ProcessesPage() {
  const store = stores.processes;
  const version = store.version.value;
  const text = parameter("q");
  const rows = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return store
      .all()
      .filter((row) =>
        words.every((word) => `${row.namespace} ${row.name} ${row.description ?? ""}`.toLowerCase().includes(word)),
      )
      .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  }, [version, text]);
  const used = new Map<string, number>();
  for (const request of stores.processrequests.all()) {
    const key = `${request.namespace}/${request.process}`;
    used.set(key, (used.get(key) ?? 0) + 1);
  }
  return (
    <div class="view">
      <div class="view-head">
        <h1>{t.processes.title}</h1>
        <span class="faint">{store.complete.value ? t.processes.count(rows.length) : t.loading}</span>
      </div>
      <search class="filters">
        <SearchField label={t.processes.search} value={text} />
      </search>
      <VirtualTable
        id="processes"
        label={t.processes.label}
        rows={rows}
        columns={columns(used)}
        keyOf={keyOf}
        rowHeight={58}
        narrowHeight={112}
        empty={store.complete.value ? t.processes.empty : t.loading}
      />
    </div>
  );
}

function columns(used: Map<string, number>): Column<ProcessRow>[] {
  return [
    {
      id: "process",
      label: t.processes.process,
      cell: (row) => (
        <>
          {namespace.value === "" && <span class="faint">{row.namespace}/</span>}
          <b>{visible(row.name)}</b>
        </>
      ),
    },
    {
      id: "description",
      label: t.processes.description,
      cell: (row) => (
        <span title={visible(row.message ?? row.description ?? "")}>
          {visible(row.description ?? "")}
          {row.message && row.ready === false && <span class="bad-text"> {visible(row.message)}</span>}
          {row.steps.length > 0 && (
            <span class="faint">
              {" "}
              {t.processes.steps}: {row.steps.map((step) => visible(step.process)).join(" → ")}
            </span>
          )}
        </span>
      ),
    },
    {
      id: "parameters",
      label: t.processes.parameters,
      cell: (row) =>
        row.parameters.map((one) => (
          <code key={one.name} title={visible(one.description ?? "")}>
            {one.name}
            {one.required ? "* " : one.default === null ? " " : `=${visible(one.default)} `}
          </code>
        )),
    },
    {
      id: "phase",
      label: t.processes.state,
      cell: (row) => (
        <span class={row.ready === false ? "bad-text" : row.ready ? "good-text" : "faint"}>
          {row.ready === null ? t.processes.unknown : row.ready ? t.processes.ready : t.processes.notReady}
        </span>
      ),
    },
    {
      id: "used",
      label: t.processes.used,
      cell: (row) => <a href={href("/requests", { process: row.name })}>{used.get(keyOf(row)) ?? 0}</a>,
    },
    {
      id: "buttons",
      label: <span class="visually-hidden">{t.details}</span>,
      cell: (row) => (
        <a
          class="button small"
          href={href("/new", { process: row.name })}
          aria-label={`${t.processes.request}: ${row.name}`}
        >
          {t.processes.request}
        </a>
      ),
    },
  ];
}
