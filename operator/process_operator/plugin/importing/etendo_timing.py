"""Timing of a row of AD_PROCESS_REQUEST (Etendo, Openbravo) as the timing of a ProcessRequest.

The ERP's codes are those of its reference lists:

- TIMING_OPTION I, L, S
- FREQUENCY 1 to 7
- DAILY_OPTION N, D, E
- MONTHLY_OPTION 1 to 4, L, S
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

Row = Mapping[str, str]

_INTERVALS: Final = {
    "1": ("secondly", "SECONDLY_INTERVAL", "SECONDLY_REPETITIONS"),
    "2": ("minutely", "MINUTELY_INTERVAL", "MINUTELY_REPETITIONS"),
    "3": ("hourly", "HOURLY_INTERVAL", "HOURLY_REPETITIONS"),
}
_DAYS: Final = {
    "DAY_MON": "Monday",
    "DAY_TUE": "Tuesday",
    "DAY_WED": "Wednesday",
    "DAY_THU": "Thursday",
    "DAY_FRI": "Friday",
    "DAY_SAT": "Saturday",
    "DAY_SUN": "Sunday",
}
_WEEKDAYS: Final = tuple(_DAYS.values())
_WEEKS: Final = {"1": "First", "2": "Second", "3": "Third", "4": "Fourth"}
_WEEKENDS: Final = frozenset({"E", "W"})
"""W is the code of releases before 2013."""
_LAST_SECOND: Final = time(23, 59, 59)
_DAY_FIRST: Final = "%d-%m-%Y"
_NO_DAY: Final = date(1970, 1, 1)
"""The day that the database writes before a time of day."""
_QUARTZ_FIELDS: Final = (6, 7)
_HASHED: Final = re.compile(r"(?:^|,)H(?![A-Z])")
"""Matches H of Jenkins, which Quartz does not know."""


def timing_of(row: Row, zone: ZoneInfo, *, counts_first_run: bool, remarks: list[str]) -> dict[str, Any]:
    """Translate the timing. Raises ValueError with the column that has no counterpart.

    Args:
        row: a row of AD_PROCESS_REQUEST by column name in capitals; empty texts for null.
        zone: time zone of the ERP's server, which its database does not name.
        counts_first_run: whether n repetitions are n + 1 runs, as the ERP's guides say, or n, as its code does.
        remarks: receives what a person has to know.
    """
    match row.get("TIMING_OPTION", "") or "I":
        case "I":
            return {"runImmediately": {}}
        case "L":
            start = _start(row, zone)
            if start is None:
                raise ValueError("START_DATE and START_TIME are needed for Run Later")
            return {"runLater": {"startTime": start.isoformat()}}
        case "S":
            return {"schedule": _schedule(row, zone, counts_first_run=counts_first_run, remarks=remarks)}
        case other:
            raise ValueError(f"TIMING_OPTION {other!r} is unknown; known: I, L, S")


def _schedule(row: Row, zone: ZoneInfo, *, counts_first_run: bool, remarks: list[str]) -> dict[str, Any]:
    start = _start(row, zone)
    frequency = row.get("FREQUENCY", "")
    schedule: dict[str, Any] = {"startTime": start.isoformat()} if start is not None else {}
    if row.get("FINISHES") == "Y":
        finish = _moment(row, "FINISHES_DATE", "FINISHES_TIME", zone, default=_LAST_SECOND)
        if finish is None:
            raise ValueError("FINISHES_DATE is needed if FINISHES is Y")
        schedule["finishTime"] = finish.isoformat()
    if frequency in _INTERVALS:
        word, interval, repetitions = _INTERVALS[frequency]
        schedule[word] = {"every": _number(row, interval, 1)}
        if row.get(repetitions):
            count = _number(row, repetitions, 0)
            schedule["maxRuns"] = count + 1 if counts_first_run else count
            remarks.append(
                f"{count} repetitions became {schedule['maxRuns']} runs; the ERP's guide and its code differ by one "
                "(--repetitions)"
            )
        if start is None:
            remarks.append("it has no start, so intervals count from the creation of the request")
        return schedule
    schedule["timeZone"] = zone.key
    if frequency == "7":
        schedule["cron"] = _cron(row.get("CRON", ""))
        return schedule
    if frequency not in {"4", "5", "6"}:
        raise ValueError(f"FREQUENCY {frequency!r} is unknown; known: 1 to 7")
    at = _time(row.get("START_TIME", ""), _date(row, "START_DATE", zone), zone)
    if at is None:
        raise ValueError("START_TIME is empty, so the time of day is not known")
    word = {"4": "daily", "5": "weekly", "6": "monthly"}[frequency]
    schedule[word] = {"at": at.isoformat("seconds"), **_DETAILS[frequency](row)}
    return schedule


def _cron(text: str) -> str:
    """Check that an expression is one of Quartz, which the ERP uses. Raises ValueError."""
    fields = text.split()
    if len(fields) not in _QUARTZ_FIELDS or any(_HASHED.search(part) for part in fields):
        raise ValueError(f"CRON {text!r} is not a Quartz expression, which has 6 or 7 fields")
    return " ".join(fields)


def _daily(row: Row) -> dict[str, Any]:
    option = row.get("DAILY_OPTION", "")
    if option == "N":
        return {"every": _number(row, "DAILY_INTERVAL", 1)}
    if option == "D":
        return {"days": "Weekdays"}
    if option in _WEEKENDS:
        return {"days": "Weekends"}
    if option:
        raise ValueError(f"DAILY_OPTION {option!r} is unknown; known: N, D, E")
    return {}


def _weekly(row: Row) -> dict[str, Any]:
    days = [day for column, day in _DAYS.items() if row.get(column) == "Y"]
    if not days:
        raise ValueError("DAY_MON to DAY_SUN: no day is ticked; the ERP rejects that too")
    return {"days": days}


def _monthly(row: Row) -> dict[str, Any]:
    option = row.get("MONTHLY_OPTION", "")
    if option in _WEEKS:
        number = _number(row, "MONTHLY_DAY_OF_WEEK", 0)
        if not 1 <= number <= len(_WEEKDAYS):
            raise ValueError(f"MONTHLY_DAY_OF_WEEK {number} is unknown; known: 1 (Monday) to 7 (Sunday)")
        return {"weekday": {"week": _WEEKS[option], "day": _WEEKDAYS[number - 1]}}
    if option == "L":
        return {"day": "Last"}
    if option == "S":
        return {"day": _number(row, "MONTHLY_SPECIFIC_DAY", 0)}
    raise ValueError(f"MONTHLY_OPTION {option!r} is unknown; known: 1 to 4, L, S")


_DETAILS: Final = {"4": _daily, "5": _weekly, "6": _monthly}


def _number(row: Row, column: str, default: int) -> int:
    text = row.get(column, "")
    try:
        number = float(text) if text else default
        if number == int(number):
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{column} {text!r} is not a whole number")


def _start(row: Row, zone: ZoneInfo) -> datetime | None:
    return _moment(row, "START_DATE", "START_TIME", zone, default=None)


def _moment(row: Row, day_column: str, time_column: str, zone: ZoneInfo, *, default: time | None) -> datetime | None:
    """Join the ERP's two columns; None if one of them is empty and has no default."""
    day = _date(row, day_column, zone)
    clock = _time(row.get(time_column, ""), day, zone) or default
    return None if day is None or clock is None else datetime.combine(day, clock, zone)


def _date(row: Row, column: str, zone: ZoneInfo) -> date | None:
    """Read a day. A timestamp with an offset is converted to the zone."""
    text = row.get(column, "")
    if not text:
        return None
    try:
        return _local(datetime.fromisoformat(text), zone).date()
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.strptime(text[:10], _DAY_FIRST).date()  # noqa: DTZ007 - the zone is added to the whole
    except ValueError as error:
        raise ValueError(f"{column} {text!r} is not a date; write YYYY-MM-DD") from error


def _time(text: str, day: date | None, zone: ZoneInfo) -> time | None:
    """Read a time of day, of which the database keeps a whole timestamp.

    A timestamp with an offset is converted to the zone at its own date, and a time with an offset at `day`.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.combine(day or _NO_DAY, _clock(text))
    try:
        return _local(moment, zone).time().replace(microsecond=0)
    except OverflowError as error:
        raise ValueError(f"{text!r} is not a time of day; write HH:MM:SS") from error


def _clock(text: str) -> time:
    clock = text.replace("T", " ").rpartition(" ")[2]
    try:
        return time.fromisoformat(clock)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time of day; write HH:MM:SS") from error


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Convert a time with an offset to the zone. A time without one is in the zone already."""
    return moment if moment.tzinfo is None else moment.astimezone(zone)
