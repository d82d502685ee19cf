/** Times in the zone that the person chose, with the distance from now. */

import { halfMinute } from "./clock";
import { parameter } from "./place";
import { stores } from "./row_store";
import { dateTime, relative, type ZoneChoice, zoneOf } from "./time";

export function zoneChoice(): ZoneChoice {
  const wanted = parameter("tz");
  return wanted === "utc" || wanted === "schedule" ? wanted : "mine";
}

/** The zone for a time of a request. */
export function zoneFor(namespace: string, request: string): string {
  const choice = zoneChoice();
  if (choice !== "schedule") return zoneOf(choice, null);
  return zoneOf(choice, stores.processrequests.rows.get(`${namespace}/${request}`)?.timeZone);
}

export function Time({
  at,
  zone,
  withZone = true,
}: {
  at: string | null | undefined;
  zone: string;
  withZone?: boolean;
}) {
  if (!at) return <span class="faint">–</span>;
  const instant = Date.parse(at);
  return (
    <time dateTime={at} title={relative(instant, halfMinute.value)}>
      {dateTime(instant, zone)}
      {withZone && <span class="zone"> {zone}</span>}
    </time>
  );
}

export function Relative({ at }: { at: string }) {
  return <span class="relative">{relative(Date.parse(at), halfMinute.value)}</span>;
}
