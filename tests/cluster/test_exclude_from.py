"""Calendars in ConfigMaps: read, changed, broken, deleted and made again, and the request follows each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders.objects import Object
from tests.cluster.manifests import request, schedule
from tests.cluster.workspace import conditions

if TYPE_CHECKING:
    from tests.cluster.workspace import Workspace

HOLIDAYS = [{"configMap": {"name": "holidays", "key": "company.ics"}}]


def holidays(*days: str, broken: bool = False) -> Object:
    rule = "RRULE:FREQ=HOURLY\n" if broken else ""
    events = [f"BEGIN:VEVENT\nUID:{day}@company\nDTSTART;VALUE=DATE:{day}\n{rule}END:VEVENT\n" for day in days]
    text = "BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(events) + "END:VCALENDAR\n"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "holidays"}, "data": {"company.ics": text}}


def wait_next(space: Workspace, moment: str) -> Object:
    space.wait(lambda: space.status("closing").get("nextRunTime") == moment, f"the next run is at {moment}")
    return space.status("closing")


def wait_calendars(space: Workspace, reason: str) -> Object:
    def said() -> bool:
        return conditions(space.status("closing")).get("CalendarsReady", ("", ""))[1] == reason

    space.wait(said, f"CalendarsReady says {reason}")
    return space.status("closing")


def message_of(status: Object, condition: str = "Accepted") -> str:
    return next(str(found["message"]) for found in status["conditions"] if found["type"] == condition)


def test_a_request_follows_its_calendar(space: Workspace) -> None:
    timing = schedule(daily={"at": "09:00"}, startTime="2031-01-01T00:00:00Z", excludeFrom=HOLIDAYS)
    space.apply(request("closing", timing))
    status = space.wait_phase("closing", "Pending")
    assert conditions(status)["Accepted"] == ("False", "ExcludeNotFound")
    assert conditions(status)["Stalled"][0] == "False", "it heals by itself"
    assert 'excludeFrom[0].configMap: there is no ConfigMap "holidays"' in message_of(status)

    space.apply(holidays("20310101", "20310102"))
    status = wait_next(space, "2031-01-03T09:00:00Z")
    assert (status["phase"], status["engine"]) == ("Scheduled", "Operator")
    assert conditions(status)["Accepted"][0] == "True"

    space.apply(holidays("20310101"))
    wait_next(space, "2031-01-02T09:00:00Z")

    space.apply(holidays("20310101", broken=True))
    status = wait_calendars(space, "CalendarUnreadable")
    assert (status["phase"], status["nextRunTime"]) == ("Scheduled", "2031-01-02T09:00:00Z"), "as it was"
    assert "event '20310101@company' (line 3): RRULE FREQ=HOURLY is not supported" in message_of(
        status, "CalendarsReady"
    )

    space.delete("configmap", "holidays")
    status = wait_calendars(space, "CalendarNotFound")
    assert (status["phase"], status["nextRunTime"]) == ("Scheduled", "2031-01-02T09:00:00Z")

    space.apply(holidays())
    wait_next(space, "2031-01-01T09:00:00Z")
    assert space.runs("closing") == []
