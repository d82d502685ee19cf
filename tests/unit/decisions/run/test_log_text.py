"""Stored text of a log from raw bytes: its characters, its cut, and the substitute for a log that is gone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.run.log_text import (
    MAX_LOG_JSON,
    NOT_CAPTURED,
    build_run_log,
    clean_log,
    clean_message,
    last_line,
)
from process_operator.resources.conditions import LogReason
from process_operator.resources.kubelet_logs import is_runtime_error_text
from process_operator.resources.process_run import RunLog
from process_operator.resources.status_text import MAX_MESSAGE

LARGEST = 262_144
REMOVED = b"unable to retrieve container logs for containerd://0123abcd"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(b"", "", id="nothing stays nothing"),
        pytest.param(b"a\nb\n", "a\nb", id="the newline at the end goes"),
        pytest.param(b"a\r\nb\r\n", "a\nb", id="CR LF becomes LF"),
        pytest.param(b"10%\r20%\r\n", "10%\\x0d20%", id="a lone CR is shown"),
        pytest.param(b"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m", id="ESC is shown"),
        pytest.param(b"a\x00b\x07\x7f", "a\\x00b\\x07\\x7f", id="NUL, BEL and DEL are shown"),
        pytest.param("a\x9b1mb\x85".encode(), "a\\x9b1mb\\x85", id="the eight-bit controls are shown"),
        pytest.param(b"a\tb", "a\tb", id="a tab inside a line stays"),
        pytest.param(b"a \t\nb  \r\n\n \n", "a\nb", id="blanks at the end of lines and of the text go"),
        pytest.param(b"\n\n  a", "\n\n  a", id="blanks before the text stay"),
        pytest.param(b"a\xff\xfeb\xc3", "a\ufffd\ufffdb\ufffd", id="invalid UTF-8 becomes U+FFFD"),
        pytest.param("año 日本 🎉".encode(), "año 日本 🎉", id="other scripts stay"),
    ],
)
def test_a_whole_log_is_cleaned(raw: bytes, text: str) -> None:
    assert clean_log(raw, tail_bytes=8192, cut_before=False) == (text, False)


@pytest.mark.parametrize(
    ("raw", "tail_bytes", "text"),
    [
        pytest.param(b"one\ntwo\nthree", 9, "two\nthree", id="between two lines nothing more is given up"),
        pytest.param(b"one\ntwo\nthree", 8, "three", id="inside a line the rest of it is given up"),
        pytest.param(b"x" * 600, 500, "x" * 500, id="a line that does not end is cut inside"),
        pytest.param(
            b"x" * 400 + b"\nend", 304, "x" * 300 + "\nend", id="a line that ends after 256 bytes is cut inside"
        ),
        pytest.param(b"x" * 400 + b"\nend", 259, "end", id="a line that ends within 256 bytes is given up"),
        pytest.param("日本語".encode(), 8, "本語", id="no character is cut in two"),
        pytest.param("🎉🎉".encode(), 7, "🎉", id="no character of four bytes is cut in two"),
        pytest.param(b"ab\x1b[0m", 6, "[0m", id="no escape is cut in two"),
        pytest.param(b"ab\x1b[0m", 7, "\\x1b[0m", id="an escape that fits is whole"),
        pytest.param(b"abc", 0, "", id="no bytes are no text"),
    ],
)
def test_a_log_is_cut_to_its_end(raw: bytes, tail_bytes: int, text: str) -> None:
    assert clean_log(raw, tail_bytes=tail_bytes, cut_before=False) == (text, True)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(b"rest\nwhole line", "whole line", id="the rest of a line is given up"),
        pytest.param("日".encode()[1:] + b"whole", "whole", id="the rest of a character is given up"),
        pytest.param(b"x" * 300 + b"\nend", "x" * 300 + "\nend", id="a long rest of a line is kept"),
        pytest.param(b"x", "x", id="a rest of a line that is the whole log is kept"),
    ],
)
def test_a_log_whose_beginning_was_cut_off_before(raw: bytes, text: str) -> None:
    assert clean_log(raw, tail_bytes=8192, cut_before=True) == (text, True)


def test_a_log_that_was_cut_before_and_is_cut_again_gives_up_one_line_only() -> None:
    assert clean_log(b"rest\none\ntwo\nthree", tail_bytes=9, cut_before=True) == ("two\nthree", True)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"<&>" * 90_000, id="signs that Go escapes"),
        pytest.param(b"\x00" * LARGEST, id="NUL bytes"),
        pytest.param(b'"\\' * LARGEST, id="quotes and backslashes"),
        pytest.param("é".encode() * LARGEST, id="letters of two bytes"),
        pytest.param("🎉".encode() * LARGEST, id="signs of four bytes"),
        pytest.param(b"\xff" * LARGEST, id="invalid bytes"),
    ],
)
def test_the_largest_log_fits_into_a_request(raw: bytes) -> None:
    text, truncated = clean_log(raw, tail_bytes=LARGEST, cut_before=False)

    as_go_writes_it = len(json.dumps(text)) + 5 * sum(text.count(sign) for sign in "<>&")
    assert as_go_writes_it <= MAX_LOG_JSON
    assert truncated
    assert len(text.encode()) > LARGEST // 2


@given(raw=st.binary(max_size=2000), tail_bytes=st.integers(0, 600), cut_before=st.booleans())
def test_any_bytes_give_clean_text_within_the_limit(raw: bytes, tail_bytes: int, *, cut_before: bool) -> None:
    text, truncated = clean_log(raw, tail_bytes=tail_bytes, cut_before=cut_before)

    assert len(text.encode()) <= tail_bytes
    assert all(char.isprintable() or char in "\n\t" or ord(char) >= 0xA0 for char in text)
    assert not any(line.endswith((" ", "\t")) for line in text.split("\n"))
    whole, _ = clean_log(raw, tail_bytes=100_000, cut_before=False)
    assert truncated == (cut_before or text != whole)


@given(text=st.text(alphabet="ab<é日🎉\n", max_size=400), tail_bytes=st.integers(1, 500))
def test_what_is_kept_is_the_end_of_what_was_said(text: str, tail_bytes: int) -> None:
    kept, _ = clean_log(text.encode(), tail_bytes=tail_bytes, cut_before=False)

    assert text.rstrip("\n").endswith(kept)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(REMOVED, True, id="the kubelet's text"),
        pytest.param(REMOVED + b"\n", True, id="with a newline"),
        pytest.param(
            b'failed to try resolving symlinks in path "/var/log/pods/a_b_c/main/0.log": lstat /var/log/pods/a_b_c/main/'
            b"0.log: no such file or directory",
            True,
            id="the file went with its pod",
        ),
        pytest.param(b'failed to open log file "/0.log": open /0.log: no such file', True, id="it went a moment later"),
        pytest.param(
            b'failed to tail 90 lines of log file "/0.log": read /0.log: gone', True, id="it went later still"
        ),
        pytest.param(b"failed to open log file, retrying\n", False, id="a process that says something of the kind"),
        pytest.param(b"starting\n" + REMOVED, False, id="a log that ends with it"),
        pytest.param(REMOVED + b"\nretrying", False, id="a log that begins with it"),
        pytest.param(b"", False, id="an empty log"),
    ],
)
def test_the_answer_that_is_not_a_log(raw: bytes, *, expected: bool) -> None:
    assert is_runtime_error_text(raw) is expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a\nb\n\n  \n", "b", id="the last that is not blank"),
        pytest.param("", "", id="none of nothing"),
        pytest.param(" \n\n", "", id="none of blanks"),
        pytest.param("a\n  \x1b[1mb  ", "\\x1b[1mb", id="cleaned"),
        pytest.param("x" * 300, "x" * 256, id="as far as 256 bytes go"),
        pytest.param("日" * 100, "日" * 85, id="cut between characters"),
    ],
)
def test_the_last_line(text: str, line: str) -> None:
    assert last_line(text) == line


def test_a_message_is_cleaned_and_fits_its_field() -> None:
    assert clean_message("  no\x00 key\r\n") == "no\\x00 key"
    assert clean_message("x" * MAX_MESSAGE) == "x" * MAX_MESSAGE
    assert clean_message("x" * (MAX_MESSAGE + 1)) == "x" * (MAX_MESSAGE - 3) + "..."


# ---- what a run stores


def source(*, message: str = "", absent: LogReason = LogReason.POD_GONE) -> LogSource:
    return LogSource(pod="close-1-abcde", container="c", previous=False, message=message, absent=absent)


FROM_MESSAGE = RunLog(text="last words", truncated=False, container="c", reason=LogReason.FROM_TERMINATION_MESSAGE)
LONG_MESSAGE = "cut here\n" + "x" * 2039


@dataclass(frozen=True)
class Stored:
    """A log as it was read, and the part of it that a run stores."""

    id: str
    of: LogSource
    raw: bytes | None
    expected: RunLog
    failure: LogReason | None = None


STORED: Final = [
    Stored(
        "the log",
        of=source(message="last words"),
        raw=b"all\nof it",
        expected=RunLog(text="all\nof it", truncated=False, container="c"),
    ),
    Stored("a log without a word", of=source(), raw=b"", expected=RunLog(text="", truncated=False, container="c")),
    Stored(
        "the message where a rotation left nothing",
        of=source(message="last words"),
        raw=b"\n",
        expected=FROM_MESSAGE,
    ),
    Stored(
        "the message where nothing could be read",
        of=source(message="last words"),
        raw=None,
        expected=FROM_MESSAGE,
    ),
    Stored(
        "the message where the container is gone",
        of=source(message="last words"),
        raw=REMOVED,
        expected=FROM_MESSAGE,
    ),
    Stored(
        "the message, whyever nothing could be read",
        of=source(message="last words"),
        raw=None,
        failure=LogReason.NODE_GONE,
        expected=FROM_MESSAGE,
    ),
    Stored(
        "a message of full length, which was cut",
        of=source(message=LONG_MESSAGE),
        raw=None,
        expected=RunLog(text="x" * 2039, truncated=True, container="c", reason=LogReason.FROM_TERMINATION_MESSAGE),
    ),
    Stored(
        "no log, container gone",
        of=source(),
        raw=REMOVED,
        expected=RunLog(container="c", reason=LogReason.POD_GONE),
    ),
    Stored("no log, pod gone", of=source(), raw=None, expected=RunLog(container="c", reason=LogReason.POD_GONE)),
    Stored(
        "no log, node gone",
        of=source(),
        raw=None,
        failure=LogReason.NODE_GONE,
        expected=RunLog(container="c", reason=LogReason.NODE_GONE),
    ),
    Stored(
        "no log, kubelet unreachable",
        of=source(),
        raw=None,
        failure=LogReason.KUBELET_UNREACHABLE,
        expected=RunLog(container="c", reason=LogReason.KUBELET_UNREACHABLE),
    ),
    Stored(
        "no log, never started",
        of=source(absent=LogReason.NEVER_STARTED),
        raw=None,
        expected=RunLog(container="c", reason=LogReason.NEVER_STARTED),
    ),
    Stored(
        "no log, nothing known of the pod",
        of=LogSource(None, "", previous=False, message="", absent=LogReason.POD_GONE),
        raw=None,
        expected=RunLog(reason=LogReason.POD_GONE),
    ),
]


@pytest.mark.parametrize("case", STORED, ids=lambda case: case.id)
def test_what_a_run_stores(case: Stored) -> None:
    assert build_run_log(case.of, case.raw, tail_bytes=8192, failure=case.failure) == case.expected


def test_a_cut_tail_says_so() -> None:
    assert build_run_log(source(), b"rest\nend", tail_bytes=8192, cut_before=True) == RunLog(
        text="end", truncated=True, container="c"
    )


def test_no_bytes_wanted_is_no_log_captured() -> None:
    assert build_run_log(source(message="last words"), b"log", tail_bytes=0) == NOT_CAPTURED
