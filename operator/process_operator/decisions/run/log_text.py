"""Text of a log, from its raw bytes: cleaned, cut to its end, and limited in size.

`pods.py` chooses the log and its substitute. `cluster/logs.py` reads it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from process_operator.resources.conditions import LogReason
from process_operator.resources.kubelet_logs import is_runtime_error_text
from process_operator.resources.process_run import RunLog
from process_operator.resources.status_text import MAX_MESSAGE, cut

if TYPE_CHECKING:
    from process_operator.decisions.inputs.log_source import LogSource

MAX_LOG_JSON: Final = 1_000_000
"""Maximum size of the text as JSON, in bytes. The whole PATCH stays under 1 MiB (etcd accepts objects of 1.5 MiB)."""
NOT_CAPTURED: Final = RunLog(reason=LogReason.NOT_CAPTURED)
"""Log of a run whose log is not captured (`log.capture`)."""

_LINE_SEARCH: Final = 256
"""Maximum number of bytes dropped so that the text begins with a whole line."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TRAILING_BLANKS: Final = re.compile(r"[ \t]+(?=\n)")
_ESCAPE: Final = re.compile(rb"\\x[0-9a-f]{2}")
_ESCAPE_LENGTH: Final = 4
_MESSAGE_LIMIT: Final = 2048
"""Number of bytes from the end of a log that the kubelet writes into a termination message."""


def clean_log(raw: bytes, *, tail_bytes: int, cut_before: bool) -> tuple[str, bool]:
    """Make the end of a log storable and readable. Returns the text and whether any of the log was cut off.

    CR LF becomes LF. Control characters except tab and newline become escapes such as `\\x1b`. Invalid UTF-8 becomes
    U+FFFD, and blanks at the end of lines and of the text are removed. `tail_bytes` bounds the text in UTF-8. A cut is
    made between characters, and moved to the beginning of a line if one is within 256 bytes. `cut_before` means that
    bytes of the log are missing before `raw`.
    """
    if cut_before:
        raw = _from_character(raw)
    text = _readable(raw.decode(errors="replace"))
    encoded = text.encode()
    kept = _end(encoded, tail_bytes)
    while (size := _json_size(kept)) > MAX_LOG_JSON:
        kept = _end(kept, len(kept) * MAX_LOG_JSON // size)
    cut = len(kept) < len(encoded)
    if cut_before and not cut:
        kept = _from_line(kept)
    return kept.decode(), cut or cut_before


def clean_message(text: str) -> str:
    """Make a text from an Event, a container or a user storable as `status.message`."""
    return cut(_readable(text).strip(), MAX_MESSAGE)


def last_line(text: str, *, max_bytes: int = 256) -> str:
    """Return the last line that is not blank, cleaned, and at most its first `max_bytes` of UTF-8."""
    lines = text.rstrip().splitlines()
    line = _readable(lines[-1]).strip() if lines else ""
    return line.encode()[:max_bytes].decode(errors="ignore")


def build_run_log(
    source: LogSource, raw: bytes | None, *, tail_bytes: int, cut_before: bool = False, failure: LogReason | None = None
) -> RunLog:
    """Return the log of a run: the tail that was read, its substitute, or the reason why there is none.

    `raw` is None if the log could not be read. Then `failure` is the reason if it is not that the pod is gone
    (`NodeGone`, `KubeletUnreachable`). The termination message also replaces an empty log, because the kubelet returns
    the newest file only, and a rotation may have just begun that.
    """
    container = source.container or None
    if tail_bytes <= 0:
        return NOT_CAPTURED
    if raw is not None and not is_runtime_error_text(raw):
        text, truncated = clean_log(raw, tail_bytes=tail_bytes, cut_before=cut_before)
        if text or not source.message:
            return RunLog(text=text, truncated=truncated, container=container)
    if source.message:
        message = source.message.encode()
        text, truncated = clean_log(message, tail_bytes=tail_bytes, cut_before=len(message) >= _MESSAGE_LIMIT)
        return RunLog(text=text, truncated=truncated, container=container, reason=LogReason.FROM_TERMINATION_MESSAGE)
    return RunLog(container=container, reason=failure or source.absent)


def _readable(text: str) -> str:
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n"))
    return _TRAILING_BLANKS.sub("", text).rstrip(" \t\n")


def _from_character(raw: bytes) -> bytes:
    """Drop the rest of a character (at most three bytes) whose beginning was cut off."""
    begin = 0
    while begin < min(3, len(raw)) and raw[begin] & 0xC0 == 0x80:
        begin += 1
    return raw[begin:]


def _end(encoded: bytes, limit: int) -> bytes:
    """Return at most the last `limit` bytes, from the beginning of a character, and of a line if one is near."""
    begin = len(encoded) - limit
    if begin <= 0:
        return encoded
    for escape in _ESCAPE.finditer(encoded, max(0, begin - _ESCAPE_LENGTH + 1), begin + _ESCAPE_LENGTH):
        if escape.start() < begin < escape.end():
            begin = escape.end()
    kept = _from_character(encoded[begin:])
    return kept if encoded[begin - 1 : begin] == b"\n" else _from_line(kept)


def _from_line(encoded: bytes) -> bytes:
    newline = encoded.find(b"\n", 0, _LINE_SEARCH)
    return encoded[newline + 1 :]


def _json_size(encoded: bytes) -> int:
    """Maximum size as JSON, in bytes. Go escapes `<`, `>` and `&`, and Python escapes all non-ASCII characters."""
    if len(encoded) * 6 <= MAX_LOG_JSON:
        return 0
    return len(json.dumps(encoded.decode())) + 5 * sum(map(encoded.count, (b"<", b">", b"&")))
