"""Hints for unknown time zone names: the name of the database that the author probably meant.

Offsets (`UTC+2`), abbreviations (`PST`) and names of Windows have rules of their own, because similar letters mislead
for them. Every zone in a hint exists in the database; a test checks that. `zone.py` rejects the name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from process_operator.timing.windows_zones import WINDOWS_ZONES

_OFFSET: Final = re.compile(
    r"(?:utc|gmt|z)? ?(?P<sign>[+\u2212-]) ?(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?", re.IGNORECASE
)
_MOST_EAST: Final = 14  # Etc/GMT-14 to Etc/GMT+12 are in the database
_MOST_WEST: Final = 12
_AREAS: Final = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
_MIN_SIMILARITY: Final = 0.85  # a slip of a letter or two: Madird, Berln; but not Barcelona

_OF_MINUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "-09:30": "Pacific/Marquesas",
        "-03:30": "America/St_Johns",
        "+03:30": "Asia/Tehran",
        "+04:30": "Asia/Kabul",
        "+05:30": "Asia/Kolkata",
        "+05:45": "Asia/Kathmandu",
        "+06:30": "Asia/Yangon",
        "+08:45": "Australia/Eucla",
        "+09:30": "Australia/Darwin",
        "+10:30": "Australia/Lord_Howe",
        "+12:45": "Pacific/Chatham",
    }
)
"""A place for each standard offset that is not in whole hours."""

ABBREVIATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AKDT": "America/Anchorage",
        "AKST": "America/Anchorage",
        "PDT": "America/Los_Angeles",
        "PST": "America/Los_Angeles",
        "MDT": "America/Denver",
        "CDT": "America/Chicago",
        "CST": "America/Chicago",
        "EDT": "America/New_York",
        "ADT": "America/Halifax",
        "AST": "America/Halifax",
        "NDT": "America/St_Johns",
        "NST": "America/St_Johns",
        "BST": "Europe/London",
        "IST": "Asia/Kolkata",
        "WEST": "Europe/Lisbon",
        "CEST": "Europe/Berlin",
        "EEST": "Europe/Athens",
        "MSK": "Europe/Moscow",
        "SAST": "Africa/Johannesburg",
        "CAT": "Africa/Maputo",
        "EAT": "Africa/Nairobi",
        "WAT": "Africa/Lagos",
        "PKT": "Asia/Karachi",
        "WIB": "Asia/Jakarta",
        "HKT": "Asia/Hong_Kong",
        "JST": "Asia/Tokyo",
        "KST": "Asia/Seoul",
        "AWST": "Australia/Perth",
        "ACST": "Australia/Adelaide",
        "ACDT": "Australia/Adelaide",
        "AEST": "Australia/Sydney",
        "AEDT": "Australia/Sydney",
        "NZST": "Pacific/Auckland",
        "NZDT": "Pacific/Auckland",
    }
)
"""A zone for each abbreviation that is not a zone of the database itself."""

_UTC_NAMES: Final = frozenset({"z", "coordinated universal time", "utc time", "gmt time"})
_WINDOWS: Final = {name.lower(): name for name in WINDOWS_ZONES}


def offset_of_reversed_sign(name: str) -> str:
    """Give the offset of a zone such as Etc/GMT+5, as `UTC-5`; empty for any other zone."""
    area, _, offset = name.partition("Etc/GMT")
    if area or offset[:1] not in ("+", "-") or offset[1:] == "0":
        return ""
    return f"UTC{'-' if offset[0] == '+' else '+'}{offset[1:]}"


def zone_hint(name: str, known: frozenset[str]) -> str:
    """Suggest a name in place of `name`. `known` are the names of the database."""
    spellings = {zone.lower(): zone for zone in known}
    lower = " ".join(name.lower().split())
    if (spelled := spellings.get(lower.replace(" ", "_"))) is not None:
        return f"did you mean {spelled}?"
    if lower in _UTC_NAMES:
        return "write Etc/UTC"
    windows = _WINDOWS.get(re.sub(r"\b(daylight|summer) time$", "standard time", lower))
    if windows is not None:
        return f"it is a name of Windows; write {WINDOWS_ZONES[windows]}"
    if (offset := _OFFSET.fullmatch(lower)) is not None:
        return _for_offset(offset)
    if (place := ABBREVIATIONS.get(lower.upper())) is not None:
        return f"it is an abbreviation, which several zones may share; write a place, such as {place}"
    if (city := _cities(known).get(lower.replace(" ", "_").rpartition("/")[2])) is not None:
        return f"did you mean {city}?"
    near = difflib.get_close_matches(lower.replace(" ", "_"), spellings, n=1, cutoff=_MIN_SIMILARITY)
    return f"did you mean {spellings[near[0]]}?" if near else "allowed are names such as Europe/Madrid or Etc/UTC"


@cache
def _cities(known: frozenset[str]) -> Mapping[str, str]:
    """The zones of the continents and oceans by their last part, of several the one with the shortest name."""
    places = [zone for zone in known if zone.partition("/")[0] in _AREAS]
    return {zone.rpartition("/")[2].lower(): zone for zone in sorted(places, key=lambda zone: (-len(zone), zone))}


def _for_offset(offset: re.Match[str]) -> str:
    east = offset["sign"] == "+"
    hours, minutes = int(offset["hours"]), int(offset["minutes"] or 0)
    place = "it is an offset, which knows no daylight saving; write a place"
    if (hours, minutes) == (0, 0):
        return "write Etc/UTC"
    if minutes:
        known = _OF_MINUTES.get(f"{'+' if east else '-'}{hours:02}:{minutes:02}")
        return f"{place}, such as {known or 'Europe/Madrid'}"
    if hours > (_MOST_EAST if east else _MOST_WEST):
        return f"{place}, such as Europe/Madrid"
    fixed = f"Etc/GMT{'-' if east else '+'}{hours}"
    means = offset_of_reversed_sign(fixed)
    return f"{place} such as Europe/Madrid, or {fixed} for {means} all year (its sign is the other way round)"
