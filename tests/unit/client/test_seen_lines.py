"""Lines of a followed log: over several streams, each line is printed once."""

from __future__ import annotations

import pytest

from process_operator.client.seen_lines import SeenLines


def line(second: int, text: str, fraction: str = "000000001") -> bytes:
    return f"2026-11-30T12:00:{second:02}.{fraction}Z {text}\n".encode()


def test_timestamps_are_removed() -> None:
    seen = SeenLines(keeps_timestamps=False)
    assert seen.feed(line(1, "a") + line(1, "b")) == b"a\nb\n"
    assert (seen.since, seen.last) == ("2026-11-30T12:00:01Z", b"b\n")


def test_timestamps_stay_if_the_user_wants_them() -> None:
    assert SeenLines(keeps_timestamps=True).feed(line(1, "a")) == line(1, "a")


def test_new_stream_repeats_no_line_of_the_newest_second() -> None:
    seen = SeenLines(keeps_timestamps=False)
    seen.feed(line(1, "a") + line(2, "b") + line(2, "b") + line(2, "unfini")[:-1])
    for following in ("c", "d"):
        seen.reopen()
        expected = b"unfinished\n" if following == "c" else b""
        repeated = line(2, "b") + line(2, "b") + line(2, "unfinished")
        assert seen.feed(repeated) == expected
        assert seen.feed(line(2, following)) == following.encode() + b"\n"
        seen.reopen()
        assert seen.feed(repeated + line(2, "c") + (line(2, "d") if following == "d" else b"")) == b""


def test_equal_line_that_comes_later_is_new() -> None:
    seen = SeenLines(keeps_timestamps=False)
    seen.feed(line(2, "b"))
    seen.reopen()
    assert seen.feed(line(2, "b") + line(2, "b") + line(2, "b", "000000002")) == b"b\nb\n"


@pytest.mark.parametrize("size", [1, 7, 64])
def test_chunks_split_anywhere(size: int) -> None:
    seen, data = SeenLines(keeps_timestamps=False), line(1, "one") + b"no timestamp\n" + line(2, "two")
    parts = (data[start : start + size] for start in range(0, len(data), size))
    assert b"".join(map(seen.feed, parts)) == b"one\nno timestamp\ntwo\n"


def test_offset_of_the_node_is_read() -> None:
    seen = SeenLines(keeps_timestamps=False)
    assert seen.feed(b"2026-11-30T13:00:05.1+01:00 a\n") == b"a\n"
    assert seen.since == "2026-11-30T12:00:05Z"


def test_long_line_is_printed_in_parts() -> None:
    seen = SeenLines(keeps_timestamps=False)
    start = line(1, "x" * 20_000)[:-1]
    assert seen.feed(start) == b"x" * 20_000
    assert seen.feed(b"y" * 20_000) == b"y" * 20_000
    assert seen.feed(b"z\n" + line(2, "a")) == b"z\na\n"


def test_last_line_needs_no_end() -> None:
    seen = SeenLines(keeps_timestamps=False)
    assert seen.feed(line(1, "a")[:-1]) == b""
    assert (seen.flush(), seen.flush()) == (b"a", b"")
