/** Coming times of a timing that is not saved: the server computes them while the person types. */

import { useEffect, useState } from "preact/hooks";
import type { ApiFailure } from "./api/contract";
import type { Preview, Timing } from "./api/timing";
import { askLater } from "./ask_later";
import { post } from "./client";
import { FailureText } from "./failure_text";
import { useLast } from "./last_value";
import { visible } from "./shown_text";
import { t } from "./texts";
import { Relative } from "./time_text";

const COUNT = 10;
const DELAY_MS = 250;

export interface Coming {
  preview: Preview | null;
  error: ApiFailure | null;
}

export function useComing(namespace: string, timing: Timing | null): Coming {
  const [coming, setComing] = useState<Coming>({ preview: null, error: null });
  const text = timing && JSON.stringify(timing);
  useEffect(() => {
    if (!text) return;
    const question = { namespace, timing: JSON.parse(text) as Timing, count: COUNT };
    return askLater(
      DELAY_MS,
      (signal) => post<Preview>("preview", question, signal),
      (preview) => setComing({ preview, error: null }),
      (error) => setComing({ preview: null, error }),
    );
  }, [namespace, text]);
  return coming;
}

export function ComingTimes({ coming, atOnce }: { coming: Coming; atOnce: boolean }) {
  const preview = useLast(coming.preview);
  return (
    <section aria-live="polite">
      <h2>{t.create.preview}</h2>
      {coming.error && <FailureText error={coming.error} />}
      {atOnce ? (
        <p>{t.create.previewAtOnce}</p>
      ) : (
        preview && (
          <>
            {preview.words && <p>{visible(preview.words)}</p>}
            {preview.errors.map((one) => (
              <p key={one.path} class="bad-text">
                <code>{visible(one.path)}</code> {visible(one.message)}
              </p>
            ))}
            {preview.hints.map((hint) => (
              <p key={hint} class="notice">
                {visible(hint)}
              </p>
            ))}
            {!preview.errors.length && !preview.times.length && <p>{t.create.noTimes}</p>}
            <ol class="rows">
              {preview.times.map((one) => (
                <li key={one.at}>
                  <time dateTime={one.at}>{localText(one.local)}</time> <Relative at={one.at} />
                  {one.remark && <span class="bad-text"> {visible(one.remark)}</span>}
                </li>
              ))}
            </ol>
          </>
        )
      )}
    </section>
  );
}

/** Text of a time such as `2027-03-28T03:00:00+02:00`, with blanks before its time and its offset. */
function localText(local: string): string {
  return visible(local.replace("T", " ").replace(/(Z|[+-]\d\d:\d\d)$/, " $1"));
}
