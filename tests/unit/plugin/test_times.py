"""Times on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from process_operator.plugin import times
from process_operator.plugin.errors import CommandError, Exit

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: NOW)


def test_past_and_future() -> None:
    assert times.past("--since", "24h") == NOW - timedelta(days=1)
    assert times.future("--to", "1h30m") == NOW + timedelta(minutes=90)
    assert times.past("--since", "2026-11-30T02:00:00+01:00") == datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    assert times.past("--since", None) is None
    assert times.duration("--timeout", "10m") == timedelta(minutes=10)
    assert times.duration("--timeout", None) is None


@pytest.mark.parametrize("text", ["yesterday", "2026-11-30", "2026-11-30T02:00:00", "-1h", ""])
def test_bad_time_names_option_and_allowed_values(text: str) -> None:
    with pytest.raises(CommandError, match=r"^--since: .* cannot be read; give a duration such as 24h") as caught:
        times.past("--since", text)
    assert caught.value.status == Exit.USAGE


def test_bad_duration() -> None:
    with pytest.raises(CommandError, match=r"^--timeout: ") as caught:
        times.duration("--timeout", "soon")
    assert caught.value.status == Exit.USAGE
