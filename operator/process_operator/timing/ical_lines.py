"""iCalendar text as lines: folded lines joined, names, parameters and values apart (RFC 5545, section 3.1).

Neighbours: `ical_values.py` reads dates and durations, `ical_rule.py` recurrence rules, `icalendar.py` events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_LINE: Final = re.compile(r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)')
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^";:,]*)')


class CalendarError(ValueError):
    """Text that is no calendar, or a calendar that cannot be followed; the message names the event or the line."""


class Line(NamedTuple):
    """One content line. `number` is that of its first line in the text, from 1; names are in upper case."""

    number: int
    name: str
    parameters: Mapping[str, str]
    value: str


def read_lines(text: str) -> Iterator[Line]:
    """Give the content lines of a text. Raises CalendarError for what is none."""
    for number, line in _unfolded(text):
        found = _LINE.fullmatch(line)
        if found is None:
            raise CalendarError(f"line {number}: not of the form NAME:value")
        name, parameters, value = found.groups()
        given = {key.upper(): word.strip('"') for key, word in _PARAMETER.findall(parameters)} if parameters else {}
        yield Line(number, name.upper(), given, value)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """A line that begins with a blank goes on where the one before it ended."""
    begun, parts = 0, [""]
    for number, line in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), 1):
        if line[:1] in (" ", "\t"):
            parts.append(line[1:])
            continue
        if joined := "".join(parts).rstrip("\r"):
            yield begun, joined
        begun, parts = number, [line]
    if joined := "".join(parts).rstrip("\r"):
        yield begun, joined
