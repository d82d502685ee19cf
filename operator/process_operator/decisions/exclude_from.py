"""What the calendars of `excludeFrom` exclude, as far as they have been read, and what they excluded before.

A change of a calendar holds for ticks that are not due yet, so for those that were due before it the old one still
speaks. Neighbours: `acceptance.py` refuses a request whose calendar is missing, `timing/icalendar.py` reads the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from process_operator.decisions.plan import FollowConfigMap
from process_operator.decisions.snapshot import CalendarFile, Snapshot
from process_operator.resources.conditions import Reason
from process_operator.resources.schedule import Schedule
from process_operator.timing.errors import SCHEDULE_FIELD
from process_operator.timing.exclusions import NOTHING, Exclusions, join_exclusions


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
            message = f"{field}: {found.problem}"
    changes = sorted({file.changed_at for file in files if file.changed_at is not None})
    earlier = tuple((change, join_exclusions(file.at(change) for file in files)) for change in changes)
    return ExcludedByCalendars(join_exclusions(file.latest for file in files), earlier, None, reason, message)
