/** Backfill: its range, progress and runs. */

import type { ObjectDetails } from "../api/objects";
import { ActionButton } from "../button";
import { type Condition, Conditions, Events, Facts } from "../details";
import { useFetched } from "../fetched";
import { useLast } from "../last_value";
import { Phase } from "../phase";
import { href } from "../place";
import { stores } from "../row_store";
import { Block } from "../sent_texts";
import { sentence, visible } from "../shown_text";
import { t } from "../texts";
import { Time, zoneFor } from "../time_text";
import { Missing } from "./missing";

export function BackfillPage({ namespace, name }: { namespace: string; name: string }) {
  const row = stores.processbackfills.one({ namespace, name });
  const { value, error } = useFetched<ObjectDetails>(
    `objects/processbackfills/${namespace}/${name}`,
    {},
    JSON.stringify(row),
  );
  const last = useLast(value);
  if (error) return <Missing error={error} name={name} />;
  if (!row || !last) return <p class="empty">{t.loading}</p>;
  const zone = zoneFor(namespace, row.request);
  const targets = [{ namespace, name }];
  const isOpen = row.phase === "Pending" || row.phase === "Running";
  const counts = (last.object.status?.counts ?? {}) as Record<string, number>;
  return (
    <div class="view details">
      <p class="crumbs">
        <a href={href(`/requests/${namespace}/${row.request}`)}>{visible(row.request)}</a> / {t.requests.backfills}
      </p>
      <div class="view-head">
        <h1>{visible(name)}</h1>
        <Phase phase={row.phase} />
        <span class="buttons">
          <ActionButton
            ask={{ action: "cancel", kind: "processbackfills", targets }}
            requests={[row.request]}
            pointless={isOpen ? undefined : `It is ${row.phase}.`}
          />
          <ActionButton ask={{ action: "delete", kind: "processbackfills", targets }} requests={[row.request]} />
        </span>
      </div>
      <Facts
        rows={[
          [t.dialog.from, <Time key="from" at={row.from} zone={zone} />],
          [t.dialog.to, <Time key="to" at={row.to} zone={zone} />],
          [t.backfill.done, row.progress ?? t.none],
          ...Object.entries(counts).map(([label, count]): [string, number] => [sentence(label), count]),
          [t.run.requestedBy, visible(row.by ?? t.none)],
        ]}
      />
      <p>
        <a href={href("/runs", { request: row.request, trigger: "Backfill" })}>{t.backfill.showRuns}</a>
      </p>
      <Conditions conditions={(last.object.status?.conditions ?? []) as Condition[]} zone={zone} />
      <Events events={last.events} zone={zone} />
      <Block title={t.run.yaml} text={last.yaml} />
    </div>
  );
}
