"""Content lines of iCalendar text (RFC 5545, section 3.1): unfolding, names, parameters and values.

Real files have malformed lines: unfolded descriptions, vendor properties, text with stray quotes. Only the properties
that the caller wants must be well formed. All others are skipped. `values.py` reads dates and durations, `rule.py`
recurrence rules, `calendar.py` components.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

_BREAK: Final = re.compile(r"\r\n|\n|\r")
_NAME: Final = re.compile(r"([A-Za-z0-9-]+)[ \t]*(?=[;:])")
_PARAMETER: Final = re.compile(r'[ \t]*([A-Za-z0-9-]+)[ \t]*=[ \t]*(?:"([^"]*)"|([^;"]*))')
_TEXT_VALUE: Final = re.compile(r'(?:[^":]|"[^"]*")*:')
_DATES: Final = frozenset({
    "DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "TZOFFSETFROM", "TZOFFSETTO"
})  # fmt: skip
"""Properties whose value has no colon, so that it starts after the last colon of the line."""


class CalendarError(ValueError):
    """A text that is not a calendar, or an unreadable calendar. The message names the event or the line."""


class Line(NamedTuple):
    """One content line. `number` is that of its first line in the text, from 1; names are in upper case.

    `parameters` is None if they, or the colon, cannot be found.
    """

    number: int
    name: str
    parameters: Mapping[str, str] | None
    value: str

    @property
    def is_empty(self) -> bool:
        """Whether it has neither a value nor a parameter."""
        return not self.value.strip() and self.parameters is not None and not self.parameters


def read_lines(text: str, wanted: Collection[str]) -> Iterator[Line]:
    """Give the content lines of the wanted properties (names in upper case), in order."""
    for number, line in _unfolded(text):
        found = _NAME.match(line)
        if found is not None and (name := found[1].upper()) in wanted:
            yield _line(number, name, line[found.end() :])


def _line(number: int, name: str, rest: str) -> Line:
    if rest[0] == ":":
        return Line(number, name, {}, rest[1:].strip())
    if name in _DATES:
        head, colon, value = rest.rpartition(":")
    else:
        found = _TEXT_VALUE.match(rest)
        colon = ":" if found is not None else ""
        head, value = (rest[: found.end() - 1], rest[found.end() :]) if found is not None else ("", "")
    return Line(number, name, _parameters(head) if colon else None, value.strip())


def _parameters(head: str) -> dict[str, str] | None:
    given: dict[str, str] = {}
    position = 0
    while position < len(head):
        found = _PARAMETER.match(head, position + 1)
        if head[position] != ";" or found is None:
            return None
        given[found[1].upper()] = (found[2] if found[2] is not None else found[3]).strip()
        position = found.end()
    return given


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Join continuation lines, which start with a blank, with the line before. Empty lines between them are dropped."""
    begun, parts = 0, [""]
    for number, line in enumerate(_BREAK.split(text.removeprefix("\ufeff")), 1):
        if line[:1] in (" ", "\t"):
            parts.append(line[1:])
        elif line:
            if joined := "".join(parts):
                yield begun, joined
            begun, parts = number, [line]
    if joined := "".join(parts):
        yield begun, joined
