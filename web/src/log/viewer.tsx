/** Log viewer: virtual lines, follow until the person scrolls up, search, wrap, copy, download, link to the store. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Copy } from "../copy";
import { FailureText } from "../failure_text";
import { parameter, setQuery } from "../place";
import { safeLink, visible } from "../shown_text";
import { t } from "../texts";
import { useVirtual } from "../virtual";
import { piecesOf, searchLines } from "./log_lines";
import { LogSource } from "./log_source";

const LINE = 20;
const FIRST_TAIL = 2_000;
const TAILS = [2_000, 10_000, 50_000];

interface Props {
  namespace: string;
  run: string;
  isOpen: boolean;
}

export function LogViewer({ namespace, run, isOpen }: Props) {
  const tail = Number(parameter("tail")) || FIRST_TAIL;
  const source = useMemo(() => new LogSource(namespace, run, tail, isOpen), [namespace, run, tail, isOpen]);
  useEffect(() => () => source.stop(), [source]);
  const scroller = useRef<HTMLDivElement>(null);
  const following = useSignal(true);
  const match = useSignal(0);
  const version = source.version.value;
  const { lines } = source.lines;
  const wrap = parameter("wrap") === "1";
  const search = parameter("find");
  const matches = useMemo(() => searchLines(lines, search), [lines, version, search]);
  const list = useVirtual({ count: lines.length, scroller, rowHeight: LINE, overscan: 20 });
  const marked = matches[match.value % Math.max(1, matches.length)];

  useEffect(() => {
    if (following.value && lines.length) list.scrollToIndex(lines.length - 1, { align: "end" });
  }, [version, following.value, wrap]);
  const jump = (step: number) => {
    if (!matches.length) return;
    following.value = false;
    match.value = (match.value + step + matches.length) % matches.length;
    list.scrollToIndex(matches[match.value] ?? 0, { align: "center" });
  };

  const info = source.info.value;
  const link = safeLink(info?.url);
  return (
    <section class="log" aria-label={t.log.label}>
      <div class="log-bar">
        <search class="joined">
          <input
            type="search"
            aria-label={t.log.search}
            placeholder={t.log.search}
            value={search}
            onInput={(event) => {
              match.value = 0;
              setQuery({ find: event.currentTarget.value });
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") jump(event.shiftKey ? -1 : 1);
            }}
          />
          {search && (
            <>
              <output class="faint">
                {t.log.matches(matches.length ? (match.value % matches.length) + 1 : 0, matches.length)}
              </output>
              <button type="button" class="button small" aria-label={t.log.previous} onClick={() => jump(-1)}>
                ↑
              </button>
              <button type="button" class="button small" aria-label={t.log.next} onClick={() => jump(1)}>
                ↓
              </button>
            </>
          )}
        </search>
        <label class="inline">
          <input
            type="checkbox"
            checked={wrap}
            onChange={(event) => setQuery({ wrap: event.currentTarget.checked ? "1" : null })}
          />
          {t.log.wrap}
        </label>
        {isOpen && (
          <label class="inline">
            <input
              type="checkbox"
              checked={following.value}
              onChange={(event) => {
                following.value = event.currentTarget.checked;
              }}
            />
            {t.log.follow}
          </label>
        )}
        <label class="inline">
          <span>{t.log.tail}</span>
          <select
            value={tail}
            onChange={(event) =>
              setQuery({ tail: event.currentTarget.value === String(FIRST_TAIL) ? null : event.currentTarget.value })
            }
          >
            {TAILS.map((count) => (
              <option key={count} value={count}>
                {count.toLocaleString("en")}
              </option>
            ))}
          </select>
        </label>
        <Copy text={source.lines.text} label={`${t.copy}: ${t.log.label}`} />
        <button
          type="button"
          class="button small"
          onClick={() => download(`${namespace}-${run}.log`, source.lines.text)}
        >
          {t.log.download}
        </button>
        {link && (
          <a class="button small" href={link.href} target="_blank" rel="noopener noreferrer">
            {t.log.link(link.host)}
          </a>
        )}
      </div>
      <p class="hint">
        {info?.source === "record" && t.log.record} {info?.source === "live" && t.log.live}{" "}
        {info?.truncated && t.log.truncated} {info?.remark && visible(info.remark)}{" "}
        {source.lines.dropped > 0 && t.log.dropped(source.lines.dropped)} {source.end.value === "Limit" && t.log.limit}
      </p>
      {source.error.value && <FailureText error={source.error.value} />}
      <div
        class={`log-lines${wrap ? " wrap" : ""}`}
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t.log.label}
        tabIndex={0}
        onWheel={(event) => {
          if (event.deltaY < 0) following.value = false;
        }}
        onKeyDown={(event) => {
          if (event.key === "End") following.value = true;
          else if (["ArrowUp", "PageUp", "Home"].includes(event.key)) following.value = false;
        }}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          if (scrollHeight - scrollTop - clientHeight < 4) following.value = true;
        }}
      >
        <div class="log-body" style={{ height: `${list.getTotalSize()}px` }}>
          {list.getVirtualItems().map((item) => (
            <div
              key={item.key}
              data-index={item.index}
              ref={wrap ? (element) => list.measureElement(element) : null}
              class={`log-line${item.index === marked ? " marked" : ""}`}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Line text={lines[item.index] ?? ""} search={search} />
            </div>
          ))}
        </div>
        {lines.length === 0 && (
          <p class="empty">{source.end.value || info?.source === "none" ? t.log.empty : t.log.waiting}</p>
        )}
      </div>
    </section>
  );
}

function Line({ text, search }: { text: string; search: string }) {
  const pieces = useMemo(() => piecesOf(text), [text]);
  return (
    <>
      {pieces.map((piece, index) => (
        <span key={index} class={piece.classes || undefined}>
          <Found text={piece.text} search={search} />
        </span>
      ))}
      {"\n"}
    </>
  );
}

function Found({ text, search }: { text: string; search: string }) {
  if (!search) return <>{text}</>;
  const lower = text.toLowerCase();
  const wanted = search.toLowerCase();
  const parts = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  );
}

function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
