/** State of the connection, in words. */

import { broken } from "./live";
import { stores } from "./row_store";
import { session } from "./session_state";
import { t } from "./texts";
import { clockTime, MINE } from "./time";

export function LiveState() {
  const lost = broken.value;
  const states = Object.values(stores).map((store) => store.state.value);
  const stale = states.find((state) => state && !state.live);
  let text: string = t.live.live;
  let how = "ok";
  let why = "";
  if (lost) {
    text = t.live.notLive(clockTime(lost.since, MINE));
    why = lost.message;
    how = "bad";
  } else if (stale) {
    text = t.live.notLive(clockTime(Date.parse(stale.since), MINE));
    why = `${stale.kind}: ${stale.error?.message ?? ""}`;
    how = "bad";
  } else if (!session.value || !stores.processruns.complete.value) {
    text = t.live.loading;
    how = "wait";
  }
  return (
    <output class={`live live-${how}`} title={why || undefined}>
      <span class="dot" aria-hidden="true" />
      {text}
      {why && <span class="visually-hidden">: {why}</span>}
    </output>
  );
}
