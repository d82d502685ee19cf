"""Exclusions of the calendars of a request: the present ones, those before a change, and the problems of each calendar.

A change of a calendar counts for ticks that are not due yet. The version before it still decides about the others. An
unreadable change, or the deletion of the ConfigMap, changes nothing for requests that have the calendar in force. Only
a request that is new, or whose timing was edited, is not accepted. Neighbours: `acceptance.py` reports that,
`remembered_calendar.py` keeps the version in force over a restart, `timing/ical/calendar.py` reads the text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from process_operator.decisions.acceptance.remembered_calendar import recalled, remembered, with_recalled
from process_operator.decisions.inputs.observations import CalendarFile, CalendarInForce
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import Emit, FollowConfigMap
from process_operator.decisions.plan.part import Part, part
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, Reason, find_condition
from process_operator.resources.process_request_status import ProcessRequestStatus, RememberedCalendar
from process_operator.resources.schedule import Schedule
from process_operator.resources.status_text import MAX_MESSAGE, cut
from process_operator.timing.errors import SCHEDULE_FIELD
from process_operator.timing.exclusions import NOTHING, Exclusions, join_exclusions
from process_operator.timing.ical.calendar import read_calendar
from process_operator.timing.ical.lines import CalendarError


@dataclass(frozen=True, slots=True)
class CalendarReport:
    """Reason and message of the condition CalendarsReady."""

    reason: Reason
    message: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether all calendars are in force as they are now."""
        return self.reason in (Reason.CALENDARS_READ, Reason.EVENTS_SKIPPED)


@dataclass(frozen=True, slots=True)
class ExcludedByCalendars:
    """Present exclusions, and earlier ones with the last instants (UTC) at which they held, oldest first.

    `lookup` reads a ConfigMap that is needed first. `reason` and `message` explain why the request is not accepted.
    `ends_at` is the end of the known exclusions, if there is one. `report` is None if the request names no calendar.
    """

    now: Exclusions = NOTHING
    earlier: tuple[tuple[datetime, Exclusions], ...] = ()
    lookup: FollowConfigMap | None = None
    reason: str = ""
    message: str = ""
    ends_at: datetime | None = None
    report: CalendarReport | None = None


def calendar_text(config_map: Mapping[str, Any] | None, key: str) -> bytes | None:
    """The text of a key as UTF-8. None if the key is missing. `binaryData` is allowed, and its content is checked later."""
    for name in ("data", "binaryData"):
        entries = (config_map or {}).get(name)
        if isinstance(entries, Mapping) and key in entries:
            plain = str(entries[key]).encode(errors="replace")
            if name == "data":
                return plain
            try:
                return decoded_binary(str(entries[key]))
            except ValueError:
                return plain  # the reader reports that this is not a calendar; no API server stores it
    return None


def decoded_binary(text: str) -> bytes:
    """The content of an entry of `binaryData`. Raises ValueError if it is not base64, which no API server stores."""
    try:
        return base64.b64decode("".join(text.split()).encode(), validate=True)
    except ValueError:
        raise ValueError("is not base64") from None


def calendar_file(config_map: Mapping[str, Any] | None, name: str, key: str) -> CalendarFile:
    """Read a key of a ConfigMap. None if there is no ConfigMap of that name."""
    text = calendar_text(config_map, key)
    if config_map is None:
        return CalendarFile(is_there=False, problem=f'there is no ConfigMap "{name}"')
    if text is None:
        return CalendarFile(is_there=False, problem=f'ConfigMap "{name}" has no key "{key}"')
    place = f'key "{key}" of ConfigMap "{name}"'
    try:
        content = read_calendar(text.decode(errors="replace"))
    except CalendarError as error:
        return CalendarFile(problem=f"{place}: {error}")
    except (ValueError, OverflowError) as error:
        # A date beyond the years 1 to 9999, once it is moved to another zone.
        return CalendarFile(problem=f"{place}: it has a date that is out of range ({error})")
    found = CalendarInForce(content.excluded, digest=hashlib.sha256(text).hexdigest()[:16])
    unreadable = _told(place, content.unreadable, content.unreadable_count)
    return CalendarFile(
        unreadable=unreadable,
        remarks=_told(place, content.remarks, content.remark_count),
        whole=CalendarInForce() if unreadable else found,
        readable=found,
    )


def _told(place: str, messages: tuple[str, ...], count: int) -> str:
    if not messages:
        return ""
    more = f"; and {count - len(messages)} more" if count > len(messages) else ""
    return f"{place}: {'; '.join(messages)}{more}"


def excluded_by_calendars(schedule: Schedule, snapshot: Snapshot, now: datetime) -> ExcludedByCalendars:
    """Join the exclusions of all calendars of a schedule, and report those that cannot be read as they are now."""
    in_force: list[CalendarInForce] = []
    kept: list[tuple[Reason, str]] = []
    said: list[str] = []
    not_accepted: tuple[Reason, str] | None = None
    ends: list[datetime] = []
    for index, source in enumerate(schedule.exclude_from):
        wanted = source.config_map
        file = snapshot.calendars.get((wanted.name, wanted.key))
        if file is None:
            return ExcludedByCalendars(lookup=FollowConfigMap(wanted.name))
        found = file.in_force(skips=source.skips)
        objection = file.objection(skips=source.skips)
        if not objection:
            found = with_recalled(found, snapshot.status, wanted)
            said += [text for text in (file.unreadable and f"left out: {file.unreadable}", file.remarks) if text]
        else:
            field = f"{SCHEDULE_FIELD}.excludeFrom[{index}].configMap"
            memory = remembered(snapshot.status, wanted)
            if found.now is None and memory is not None and memory.until > now:
                found = CalendarInForce(recalled(memory), digest=memory.digest)
                ends.append(memory.until)
            reason = Reason.CALENDAR_UNREADABLE if file.is_there else Reason.CALENDAR_NOT_FOUND
            if memory is None or found.now is None:
                not_accepted = not_accepted or _reason_not_accepted(file, f"{field}: {objection}", memory)
                kept.append((reason, f"{field}: {objection}"))
            else:
                until = f" until {memory.until:%Y-%m-%d}" if ends[-1:] == [memory.until] else ""
                kept.append((reason, f"{field}: {objection}; it stays in force as it was{until}"))
        in_force.append(found)
    changes = sorted({found.changed_at for found in in_force if found.changed_at is not None})
    return ExcludedByCalendars(
        join_exclusions(found.latest for found in in_force),
        tuple((change, join_exclusions(found.at(change) for found in in_force)) for change in changes),
        reason=not_accepted[0] if not_accepted is not None else "",
        message=not_accepted[1] if not_accepted is not None else "",
        ends_at=min(ends, default=None),
        report=_report(kept, said, is_skipping=any("left out: " in text for text in said)) if in_force else None,
    )


def _reason_not_accepted(file: CalendarFile, message: str, memory: RememberedCalendar | None) -> tuple[Reason, str]:
    known = "" if memory is None else f"; what it excluded before was known until {memory.until:%Y-%m-%d}"
    if file.is_there:
        return Reason.INVALID_SCHEDULE, message + known
    return Reason.EXCLUDE_NOT_FOUND, f"{message}{known}; nothing runs until it exists"


def _report(kept: list[tuple[Reason, str]], said: list[str], *, is_skipping: bool) -> CalendarReport:
    message = cut("; ".join([*(text for _, text in kept), *said]), MAX_MESSAGE)
    if kept:
        return CalendarReport(kept[0][0], message)
    return CalendarReport(Reason.EVENTS_SKIPPED if is_skipping else Reason.CALENDARS_READ, message)


def calendar_conditions(report: CalendarReport | None, generation: int | None) -> tuple[Condition, ...]:
    """The condition CalendarsReady of a request that names calendars."""
    if report is None:
        return ()
    return (
        Condition(
            type=ConditionType.CALENDARS_READY,
            status=ConditionStatus.TRUE if report.is_ready else ConditionStatus.FALSE,
            observed_generation=generation,
            reason=report.reason,
            message=report.message,
        ),
    )


def announce_calendars(snapshot: Snapshot, status: ProcessRequestStatus) -> Part[None]:
    """Emit an Event if a calendar becomes unreadable, events of it are skipped, or all can be read again."""
    before = find_condition(snapshot.status.conditions, ConditionType.CALENDARS_READY)
    after = find_condition(status.conditions, ConditionType.CALENDARS_READY)
    if after is None or (before is not None and (before.status, before.message) == (after.status, after.message)):
        return part()
    if after.status == ConditionStatus.FALSE or after.message:
        return part(Emit(after.reason, after.message, warning=True))
    if before is not None and before.status == ConditionStatus.FALSE:
        return part(Emit(after.reason, "all calendars can be read again"))
    return part()
