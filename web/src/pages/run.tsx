/** Run: its facts, steps, parameters, conditions, Events and log. */

import type { ComponentChildren } from "preact";
import type { EventRow, KubernetesObject, ObjectDetails } from "../api/objects";
import type { RunPhase, RunRow } from "../api/rows";
import { ActionButton } from "../button";
import { second } from "../clock";
import { type Condition, Conditions, Events, Facts, Name } from "../details";
import { useFetched } from "../fetched";
import { useLast } from "../last_value";
import { LogViewer } from "../log/viewer";
import { wholeValues } from "../parameter_form";
import { Phase } from "../phase";
import { href } from "../place";
import { reasonWords } from "../reason_texts";
import { stores } from "../row_store";
import { Block } from "../sent_texts";
import { session } from "../session_state";
import { sentence, visible } from "../shown_text";
import { t } from "../texts";
import { duration } from "../time";
import { Time, zoneFor } from "../time_text";
import { Missing } from "./missing";

interface RunSpec {
  request: { name: string };
  trigger?: string;
  scheduledTime?: string;
  parent?: { name: string; step: string };
  cancel?: boolean;
  parameters?: { name: string; value: string; truncated?: boolean }[];
}

interface StepStatus {
  name: string;
  process: string;
  run?: string;
  phase?: RunPhase;
  startTime?: string;
  duration?: string;
  reason?: string;
  message?: string;
}

interface RunStatus {
  phase?: RunPhase;
  process?: string;
  startTime?: string;
  endTime?: string;
  job?: string;
  pod?: string;
  node?: string;
  attempts?: number;
  exitCode?: number;
  reason?: string;
  message?: string;
  summary?: { from: string; to: string; count: number };
  steps?: StepStatus[];
  conditions?: Condition[];
  requestedBy?: string;
  parameters?: { name: string; value: string; truncated?: boolean }[];
}

export function RunPage({ namespace, name }: { namespace: string; name: string }) {
  const row = stores.processruns.one({ namespace, name });
  const mark = row ? `${row.phase} ${row.started} ${row.ended} ${row.job}` : "";
  const { value, error } = useFetched<ObjectDetails>(`objects/processruns/${namespace}/${name}`, {}, mark);
  const last = useLast(value);
  return (
    <div class="view details">
      <p class="crumbs">
        <a href={href("/runs")}>{t.nav.runs}</a> / {visible(namespace)}
      </p>
      {error ? (
        <Missing error={error} name={name} />
      ) : last ? (
        <Run object={last.object} yaml={last.yaml} events={last.events} row={row} />
      ) : (
        <p class="empty">{t.loading}</p>
      )}
    </div>
  );
}

interface RunProps {
  object: KubernetesObject;
  yaml: string;
  events: EventRow[];
  row: RunRow | undefined;
}

function Run({ object, yaml, events, row }: RunProps) {
  const { namespace, name } = object.metadata;
  const spec = object.spec as unknown as RunSpec;
  const status = (object.status ?? {}) as RunStatus;
  const phase = row?.phase ?? status.phase ?? "Pending";
  const isOpen = phase === "Pending" || phase === "Running";
  const zone = zoneFor(namespace, spec.request.name);
  const target = { namespace, name };
  const request = { namespace, name: spec.request.name };
  const used = status.parameters ?? spec.parameters ?? [];
  return (
    <>
      <div class="view-head">
        <h1>{visible(name)}</h1>
        <Phase phase={phase} />
        <span class="buttons">
          <ActionButton
            ask={{ action: "cancel", kind: "processruns", targets: [target] }}
            requests={[request.name]}
            pointless={isOpen ? (spec.cancel ? t.run.canceling : undefined) : `It is ${phase}.`}
          />
          <ActionButton
            primary
            ask={{
              action: "run",
              kind: "processrequests",
              targets: [request],
              ...(used.length ? { parameters: wholeValues(used) } : {}),
            }}
            requests={[request.name]}
            label={used.length ? t.run.againSame : t.run.again}
          />
          <ActionButton ask={{ action: "delete", kind: "processruns", targets: [target] }} />
        </span>
      </div>
      {status.message && (
        <p class={`notice${phase === "Failed" || phase === "Unknown" || phase === "Missed" ? " bad" : ""}`}>
          <strong title={status.reason}>{sentence(reasonWords(status.reason ?? phase))}</strong> {visible(status.message)}
        </p>
      )}
      <Facts rows={facts(object, spec, status, zone)} />
      {status.steps && <Steps steps={status.steps} namespace={namespace} zone={zone} />}
      {used.length > 0 && (
        <section>
          <h2>{t.run.parameters}</h2>
          <Facts rows={used.map((one) => [one.name, <code key={one.name}>{visible(one.value)}</code>])} />
        </section>
      )}
      {!status.steps && (
        <section>
          <h2>{t.run.log}</h2>
          <LogViewer namespace={namespace} run={name} isOpen={isOpen} />
        </section>
      )}
      <Conditions conditions={status.conditions ?? []} zone={zone} />
      <Events events={events} zone={zone} />
      <Block title={t.run.yaml} text={yaml} />
    </>
  );
}

function facts(
  object: KubernetesObject,
  spec: RunSpec,
  status: RunStatus,
  zone: string,
): [string, ComponentChildren][] {
  const { namespace, annotations, creationTimestamp } = object.metadata;
  const by = status.requestedBy ?? annotations?.["process-operator.io/requested-by"];
  const rows: [string, ComponentChildren][] = [
    [
      t.run.request,
      <a key="request" href={href(`/requests/${namespace}/${spec.request.name}`)}>
        {visible(spec.request.name)}
      </a>,
    ],
  ];
  if (status.process) rows.push([t.run.process, visible(status.process)]);
  rows.push([t.runs.trigger, t.triggers[(spec.trigger ?? "Manual") as keyof typeof t.triggers] ?? spec.trigger]);
  if (by) rows.push([t.run.requestedBy, `${visible(by)}${session.value?.namesVouched ? "" : `. ${t.header.claim}`}`]);
  if (spec.parent)
    rows.push([
      t.run.parent,
      <a key="parent" href={href(`/runs/${namespace}/${spec.parent.name}`)}>
        {visible(spec.parent.name)}
      </a>,
    ]);
  if (spec.scheduledTime) rows.push([t.run.scheduled, <Time key="scheduled" at={spec.scheduledTime} zone={zone} />]);
  rows.push([t.run.created, <Time key="created" at={creationTimestamp} zone={zone} />]);
  if (status.startTime) rows.push([t.run.started, <Time key="started" at={status.startTime} zone={zone} />]);
  if (status.endTime) rows.push([t.run.ended, <Time key="ended" at={status.endTime} zone={zone} />]);
  if (status.startTime) {
    const end = status.endTime ? Date.parse(status.endTime) : second.value;
    rows.push([t.run.duration, duration(end - Date.parse(status.startTime))]);
  }
  if (status.exitCode !== undefined) rows.push([t.run.exitCode, status.exitCode]);
  if (status.attempts !== undefined) rows.push([t.run.attempts, status.attempts]);
  if (status.summary)
    rows.push([t.run.summary, t.run.summaryOf(status.summary.count, status.summary.from, status.summary.to)]);
  for (const [label, value] of [
    [t.run.job, status.job],
    [t.run.pod, status.pod],
    [t.run.node, status.node],
  ] as const)
    if (value) rows.push([label, <Name key={label} text={value} />]);
  return rows;
}

/** Steps as a ladder, in their order. */
function Steps({ steps, namespace, zone }: { steps: StepStatus[]; namespace: string; zone: string }) {
  return (
    <section>
      <h2>{t.run.steps}</h2>
      <ol class="ladder">
        {steps.map((step) => (
          <li key={step.name}>
            <Phase phase={step.phase ?? (step.run ? "Running" : "Pending")} />{" "}
            {step.run ? <a href={href(`/runs/${namespace}/${step.run}`)}>{visible(step.name)}</a> : visible(step.name)}{" "}
            <span class="faint">{visible(step.process)}</span>{" "}
            {step.startTime && <Time at={step.startTime} zone={zone} />} {step.duration}{" "}
            {step.message && <span class="bad-text">{visible(step.message)}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
