/** Sent texts: the object or patch of an action as YAML, and as a command of kubectl. */

import type { ActionResult } from "./api/actions";
import { Copy } from "./copy";
import { visible } from "./shown_text";
import { t } from "./texts";

export function SentTexts({ results }: { results: ActionResult[] }) {
  const sent = results.filter((one) => one.yaml || one.command);
  if (!sent.length) return null;
  const yaml = sent
    .map((one) => one.yaml)
    .filter(Boolean)
    .join("---\n");
  const command = sent
    .map((one) => one.command)
    .filter(Boolean)
    .join("\n");
  return (
    <>
      {yaml && <Block title={t.dialog.yaml} text={yaml} />}
      {command && <Block title={t.dialog.command} text={command} />}
    </>
  );
}

export function Block({ title, text, open }: { title: string; text: string; open?: boolean }) {
  return (
    <details class="block" open={open}>
      <summary>{title}</summary>
      <div class="block-text">
        <Copy text={text} label={`${t.copy}: ${title}`} />
        <pre tabIndex={0}>{visible(text)}</pre>
      </div>
    </details>
  );
}
