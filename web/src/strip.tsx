/** Strip of the last runs: each mark is a link to its run. */

import type { RunRow } from "./api/rows";
import { PhaseIcon, phaseWord } from "./phase";
import { href } from "./place";
import { keyOf } from "./row_store";
import { t } from "./texts";
import { dateTime } from "./time";
import { dueOf } from "./run_filter";

export function Strip({ runs, zone }: { runs: RunRow[]; zone: string }) {
  if (!runs.length) return <span class="faint">{t.requests.noRuns}</span>;
  return (
    <span class="strip">
      {runs.map((run) => {
        const label = `${phaseWord(run.phase)} ${dateTime(Date.parse(dueOf(run)), zone)}`;
        return (
          <a key={keyOf(run)} href={href(`/runs/${run.namespace}/${run.name}`)} title={label} aria-label={label}>
            <PhaseIcon phase={run.phase} />
          </a>
        );
      })}
    </span>
  );
}
