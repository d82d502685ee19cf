/** Details of any object: facts, conditions and Events. */

import type { ComponentChildren } from "preact";
import type { EventRow } from "./api/objects";
import { Copy } from "./copy";
import { visible } from "./shown_text";
import { t } from "./texts";
import { Time } from "./time_text";

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{visible(label)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A name to copy. */
export function Name({ text }: { text: string }) {
  return (
    <>
      <code>{visible(text)}</code> <Copy text={text} />
    </>
  );
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export function Conditions({ conditions, zone }: { conditions: Condition[]; zone: string }) {
  if (!conditions.length) return null;
  return (
    <section>
      <h2>{t.run.conditions}</h2>
      <ul class="rows">
        {conditions.map((one) => (
          <li key={one.type}>
            <b>
              {one.type} {one.status}
            </b>{" "}
            <Time at={one.lastTransitionTime} zone={zone} /> <span class="faint">{one.reason}</span>{" "}
            {visible(one.message ?? "")}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Events({ events, zone }: { events: EventRow[]; zone: string }) {
  return (
    <section>
      <h2>{t.run.events}</h2>
      {events.length === 0 && <p class="faint">{t.run.noEvents}</p>}
      <ul class="rows">
        {events.map((event) => (
          <li key={`${event.reason} ${event.message}`} class={event.type === "Warning" ? "bad-text" : ""}>
            <Time at={event.last} zone={zone} /> <b>{event.reason}</b> {visible(event.message)}
            {event.count > 1 && <span class="faint"> ×{event.count}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
