"""What the calendars of `excludeFrom` exclude, as far as they have been read, and what they excluded before.

A change of a calendar holds for ticks that are not due yet, so for those that were due before it the old one still
speaks. Neighbours: `acceptance.py` refuses a request whose calendar is missing, `timing/icalendar.py` reads the text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from process_operator.decisions.plan import FollowConfigMap
from process_operator.decisions.snapshot import CalendarFile, Snapshot
from process_operator.resources.conditions import Reason
from process_operator.resources.schedule import Schedule
from process_operator.timing.errors import SCHEDULE_FIELD
from process_operator.timing.exclusions import NOTHING, Exclusions, join_exclusions
from process_operator.timing.ical_lines import CalendarError
from process_operator.timing.icalendar import read_calendar


@dataclass(frozen=True, slots=True)
class ExcludedByCalendars:
    """What is excluded now, and through which instants something else was, oldest first.

    `ask`: a ConfigMap has to be read first. `reason` and `message`: one is missing, or holds no calendar.
    """

    now: Exclusions = NOTHING
    earlier: tuple[tuple[datetime, Exclusions], ...] = ()
    ask: FollowConfigMap | None = None
    reason: str = ""
    message: str = ""


def calendar_text(config_map: Mapping[str, Any] | None, key: str) -> bytes | None:
    """The text of a key as UTF-8; None where there is none. `binaryData` will do, whatever it holds is looked at later."""
    for name in ("data", "binaryData"):
        entries = (config_map or {}).get(name)
        if isinstance(entries, Mapping) and key in entries:
            plain = str(entries[key]).encode(errors="replace")
            if name == "data":
                return plain
            try:
                return decoded_binary(str(entries[key]))
            except ValueError:
                return plain  # the reader says that this is no calendar; no API server lets it pass
    return None


def decoded_binary(text: str) -> bytes:
    """The content of an entry of `binaryData`. Raises ValueError where it is no base64, which no API server takes."""
    try:
        return base64.b64decode("".join(text.split()).encode(), validate=True)
    except ValueError:
        raise ValueError("is not base64") from None


def calendar_file(config_map: Mapping[str, Any] | None, name: str, key: str) -> CalendarFile:
    """Read a key of a ConfigMap; None: there is none of that name."""
    text = calendar_text(config_map, key)
    if config_map is None:
        return CalendarFile(is_there=False, problem=f'there is no ConfigMap "{name}"')
    if text is None:
        return CalendarFile(is_there=False, problem=f'ConfigMap "{name}" has no key "{key}"')
    try:
        return CalendarFile(read_calendar(text.decode(errors="replace")))
    except CalendarError as error:
        return CalendarFile(problem=f'key "{key}" of ConfigMap "{name}": {error}')


def excluded_by_calendars(schedule: Schedule, snapshot: Snapshot) -> ExcludedByCalendars:
    """Join what all calendars of a schedule say. What is missing excludes what it excluded when it was last there."""
    files: list[CalendarFile] = []
    reason = message = ""
    for index, source in enumerate(schedule.exclude_from):
        wanted = source.config_map
        found = snapshot.calendars.get((wanted.name, wanted.key))
        if found is None:
            return ExcludedByCalendars(ask=FollowConfigMap(wanted.name))
        files.append(found)
        if found.now is None and not reason:
            field = f"{SCHEDULE_FIELD}.excludeFrom[{index}].configMap"
            reason = Reason.INVALID_SCHEDULE if found.is_there else Reason.EXCLUDE_NOT_FOUND
            message = f"{field}: {found.problem}" + ("" if found.is_there else "; nothing runs until it is there")
    changes = sorted({file.changed_at for file in files if file.changed_at is not None})
    earlier = tuple((change, join_exclusions(file.at(change) for file in files)) for change in changes)
    return ExcludedByCalendars(join_exclusions(file.latest for file in files), earlier, None, reason, message)
