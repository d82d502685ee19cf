"""Times on the command line: an RFC 3339 instant, or a duration before or after now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from process_operator.plugin.errors import CommandError, Exit
from process_operator.resources.model import parse_duration, parse_instant, whole_second


def now() -> datetime:
    """The present time (UTC, whole seconds)."""
    return whole_second(datetime.now(UTC))


def past(option: str, text: str | None) -> datetime | None:
    """Read an instant, or a duration before now. The result is in UTC. Raises CommandError."""
    return _read(option, text, -1)


def future(option: str, text: str | None) -> datetime | None:
    """Read an instant, or a duration after now. The result is in UTC. Raises CommandError."""
    return _read(option, text, 1)


def duration(option: str, text: str | None) -> timedelta | None:
    """Read a duration such as 90s, 10m or 1h30m. Raises CommandError."""
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CommandError(f"{option}: {error}", Exit.USAGE) from error


def _read(option: str, text: str | None, sign: int) -> datetime | None:
    if text is None:
        return None
    try:
        return now() + sign * parse_duration(text)
    except ValueError:
        pass
    try:
        return parse_instant(text)
    except ValueError as error:
        allowed = "give a duration such as 24h, or a time such as 2026-11-30T02:00:00Z"
        raise CommandError(f"{option}: {text!r} cannot be read; {allowed}", Exit.USAGE) from error
