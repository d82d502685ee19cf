"""Scenarios of schedules with jitter, excluded dates, a number of runs, and of zone data that changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from tests.flow.driver import BEGIN, Flow, later
from tests.flow.scenario import Collection
from tests.flow.scenarios_schedule import SKIPPED, SUCCEEDED, SUPERSEDED, TOO_LATE, every, ticks

from process_operator.resources.schedule import Schedule
from process_operator.timing.recurrence import compile_schedule
from process_operator.timing.zone import _offset_at, wall_clock, zone

CALENDARS = Collection()
scenario = CALENDARS.scenario


def due_seconds(second: int, **schedule: object) -> float:
    """Seconds after the beginning at which the tick of a second is due."""
    recurrence = compile_schedule(Schedule.model_validate(schedule), since=BEGIN, key="default/job")
    return (recurrence.due_at(ticks(second)[0]) - BEGIN.replace(microsecond=0)).total_seconds()


# ---- jitter


@scenario("every 10 seconds with jitter", ends=[SUCCEEDED] * 4)
async def jitter(flow: Flow) -> None:
    flow.apply(timing=every(10, until=35, jitter="8s"), history={"successful": 10})
    for second in (10, 20, 30):
        due = due_seconds(second, secondly={"every": 10}, jitter="8s", finishTime=later(35))
        await flow.to(due - 0.5)
        flow.expect(lambda: len(flow.phases()), second // 10)
        flow.expect(lambda: flow.request().status.next_run_time, ticks(int(due))[0], undisturbed=True)
        await flow.to(due + 0.5)
        flow.expect(lambda: len(flow.phases()), second // 10 + 1)
    await flow.to(80)
    flow.expect(lambda: flow.request().status.phase, "Finished")


@scenario("jitter and a starting deadline of 0 seconds, which counts from when a tick is due", ends=[SUCCEEDED] * 3)
async def jitter_deadline(flow: Flow) -> None:
    flow.apply(timing=every(20, until=45, jitter="15s"), startingDeadlineSeconds=0)
    await flow.to(100)


@scenario(
    "suspended while a tick waits for its jitter",
    ends=[SUCCEEDED],
    due=lambda: ticks(0),
)
async def jitter_suspended(flow: Flow) -> None:
    flow.apply(timing=every(60, until=100, jitter="50s"))
    due = due_seconds(60, secondly={"every": 60}, jitter="50s", finishTime=later(100))
    assert due > 62
    await flow.to(61)
    flow.edit(suspend=True)
    await flow.to(130)


# ---- maxRuns


@scenario("at most 3 runs", ends=[SUCCEEDED] * 3, due=lambda: ticks(0, 5, 10))
async def max_runs(flow: Flow) -> None:
    flow.apply(timing=every(5, maxRuns=3))
    await flow.to(60)
    flow.expect(lambda: (flow.request().status.phase, flow.request().status.next_run_time), ("Finished", None))


@scenario("at most 2 runs under Forbid: skipped ticks do not count", ends=[SUCCEEDED, SKIPPED, SUCCEEDED],
          due=lambda: ticks(0, 5, 10))  # fmt: skip
async def max_runs_forbid(flow: Flow) -> None:
    flow.work(seconds=12)
    flow.apply(timing=every(5, maxRuns=2), concurrencyPolicy="Forbid")
    await flow.to(100)
    flow.expect(lambda: flow.request().status.phase, "Finished")


@scenario("at most 3 runs under Replace: the last is not replaced", ends=["Canceled/Replaced"] * 2 + [SUCCEEDED],
          due=lambda: ticks(0, 10, 20))  # fmt: skip
async def max_runs_replace(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.apply(timing=every(10, maxRuns=3), concurrencyPolicy="Replace")
    await flow.to(100)


@scenario(
    "at most 3 runs under Queue: one that waited too long gives its place to another tick",
    ends=[SUCCEEDED, SUCCEEDED, TOO_LATE, SUPERSEDED, SUCCEEDED],
    due=lambda: ticks(0, 5, 10, 15, 20),
    # The place of a run whose end was written is lost with a crash right then: fewer runs, never more.
    loses=frozenset({"ends", "ticks"}),
)
async def max_runs_queue(flow: Flow) -> None:
    flow.work(seconds=12)
    flow.apply(timing=every(5, maxRuns=3), concurrencyPolicy="Queue", startingDeadlineSeconds=10)
    await flow.to(100)
    started = [phase for phase in flow.phases(pruned=True) if phase == SUCCEEDED]
    assert len(started) <= 3


@scenario("at most 4 runs, two of them made up after an outage", ends=[SUCCEEDED] * 4,
          due=lambda: ticks(0, 10, 20, 30))  # fmt: skip
async def max_runs_all(flow: Flow) -> None:
    flow.apply(timing=every(10, maxRuns=4), catchUp="All", history={"successful": 10})
    await flow.to(12)
    await flow.stop()
    await flow.to(75)
    await flow.start()
    await flow.to(120)
    flow.expect(lambda: flow.request().status.phase, "Finished")


@scenario("at most 2 runs, and 2 again after a resume", ends=[SUCCEEDED] * 4, due=lambda: ticks(0, 10, 60, 70))
async def max_runs_resumed(flow: Flow) -> None:
    flow.apply(timing=every(10, maxRuns=2), history={"successful": 10})
    await flow.to(40)
    flow.edit(suspend=True)
    await flow.to(60)
    flow.edit(suspend=False)
    await flow.to(120)


# ---- exclude


@scenario("every 12 hours, but not on an excluded date", ends=[SUCCEEDED] * 2, rest=3700)
async def exclude(flow: Flow) -> None:
    days = {"hourly": {"every": 12}, "exclude": ["2027-03-02"], "finishTime": later(2 * 86400 - 3600)}
    flow.apply(timing={"schedule": days})
    await flow.to(3600)
    flow.expect(lambda: flow.request().status.next_run_time, BEGIN.replace(hour=0, day=3, microsecond=0))
    await flow.to(3 * 86400)


# ---- zone data


@contextmanager
def _rules_of(another: str, *, name: str) -> Iterator[None]:
    """Zone data in which a zone has the rules of another one."""
    clock = wall_clock(name)

    def follow(rules: str) -> None:
        clock._probe = _offset_at(zone(rules))  # another tzdata package, without another process
        clock._windows.clear()
        clock._newest = clock._newest._replace(start=0, end=0)

    follow(another)
    try:
        yield
    finally:
        follow(name)


_DAY = timedelta(days=1)
ZONE = "Africa/Lagos"


@scenario(
    "a zone that goes back an hour in new zone data: no wall time runs twice",
    ends=[SUCCEEDED] * 2,
    due=lambda: [
        BEGIN.replace(hour=13, minute=30, microsecond=0),
        BEGIN.replace(hour=14, minute=30, microsecond=0) + _DAY,
    ],
    rest=3700,
)
async def zone_data(flow: Flow) -> None:
    daily = {"daily": {"at": "14:30"}, "timeZone": ZONE, "finishTime": later(86400 + 3 * 3600)}
    flow.apply(timing={"schedule": daily}, engine="Operator")
    await flow.to(2 * 3600)
    await flow.stop()
    with _rules_of("Africa/Abidjan", name=ZONE):
        await flow.start()
        await flow.to(3 * 86400)


# ---- excludeFrom

HOLIDAYS = [{"configMap": {"name": "holidays", "key": "company.ics"}}]
NOT_AFTER_A_RESTART = frozenset({"ends", "ticks"})
"""A calendar's content before a change is only known to an operator that has read it."""


def calendar(*spans: tuple[int, int]) -> str:
    """A calendar of timed events, each from a second to before another one."""
    events = [
        f"BEGIN:VEVENT\r\nUID:{start}\r\nDTSTART:{_utc(start)}\r\nDTEND:{_utc(end)}\r\nEND:VEVENT\r\n"
        for start, end in spans
    ]
    return "".join(["BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", *events, "END:VCALENDAR\r\n"])


def _utc(second: int) -> str:
    return f"{ticks(second)[0]:%Y%m%dT%H%M%SZ}"


@scenario("a calendar that takes two ticks away", ends=[SUCCEEDED] * 4, due=lambda: ticks(0, 10, 40, 50))
async def exclude_from(flow: Flow) -> None:
    flow.config_map("holidays", **{"company.ics": calendar((15, 35))})
    flow.apply(timing=every(10, until=55, excludeFrom=HOLIDAYS), history={"successful": 10})
    await flow.to(25)
    flow.expect(lambda: flow.request().status.next_run_time, ticks(40)[0], undisturbed=True)
    await flow.to(80)


@scenario(
    "a calendar that is not there at first",
    ends=[SUPERSEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED],
    due=lambda: ticks(0, 20, 30, 40),
)
async def exclude_from_missing(flow: Flow) -> None:
    flow.apply(timing=every(10, until=45, excludeFrom=HOLIDAYS))
    await flow.to(15)
    flow.expect(flow.acceptance, ("Pending", "ExcludeNotFound"))
    flow.config_map("holidays", another=calendar())
    await flow.to(25)
    flow.expect(flow.acceptance, ("Pending", "ExcludeNotFound"))
    flow.config_map("holidays", **{"company.ics": calendar((5, 15))})
    await flow.to(70)
    flow.expect(lambda: flow.request().status.phase, "Finished")


@scenario(
    "a calendar that is deleted stays in force until it comes back with another text",
    ends=[SUCCEEDED] * 5,
    due=lambda: ticks(0, 20, 40, 50, 60),
    loses=NOT_AFTER_A_RESTART,
)
async def exclude_from_deleted(flow: Flow) -> None:
    flow.config_map("holidays", **{"company.ics": calendar((5, 15), (25, 35))})
    flow.apply(timing=every(10, until=65, excludeFrom=HOLIDAYS), history={"successful": 10})
    await flow.to(12)
    flow.delete_config_map("holidays")
    await flow.to(38)
    flow.expect(flow.acceptance, ("Scheduled", "Accepted"))
    flow.expect(lambda: calendars_ready(flow), ("False", "CalendarNotFound"))
    flow.config_map("holidays", **{"company.ics": calendar((95, 100))})
    await flow.to(42)
    flow.expect(lambda: calendars_ready(flow), ("True", "CalendarsRead"))
    await flow.to(90)


STANDUP = "BEGIN:VEVENT\r\nUID:standup\r\nDTSTART:%s\r\nRRULE:FREQ=HOURLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def with_standup(*spans: tuple[int, int]) -> str:
    """A calendar with an event that cannot be read."""
    return calendar(*spans).replace("END:VCALENDAR\r\n", STANDUP % _utc(0))


def calendars_ready(flow: Flow) -> tuple[str, str] | None:
    """Status and reason of the condition about calendars."""
    found = [c for c in flow.request().status.conditions if c.type == "CalendarsReady"]
    return (found[0].status, found[0].reason) if found else None


@scenario(
    "a change of a calendar that cannot be read: the last good version stays in force, also after a restart",
    ends=[SUCCEEDED] * 5,
    due=lambda: ticks(0, 20, 30, 50, 60),
)
async def exclude_from_bad_change(flow: Flow) -> None:
    flow.config_map("holidays", **{"company.ics": calendar((5, 15), (35, 45))})
    flow.apply(timing=every(10, until=65, excludeFrom=HOLIDAYS), history={"successful": 10})
    await flow.to(12)
    flow.config_map("holidays", **{"company.ics": with_standup((15, 65))})
    await flow.to(25)
    flow.expect(flow.acceptance, ("Active", "Accepted"))
    flow.expect(lambda: calendars_ready(flow), ("False", "CalendarUnreadable"))
    await flow.stop()
    await flow.start()
    await flow.to(55)
    flow.expect(lambda: calendars_ready(flow), ("False", "CalendarUnreadable"))
    await flow.to(90)


@scenario(
    "a calendar of two requests that cannot be read for a while, which is announced once to each",
    ends=[SUCCEEDED] * 8,
    due=lambda: ticks(0, 20, 30, 40),
)
async def exclude_from_announced(flow: Flow) -> None:
    flow.config_map("holidays", **{"company.ics": calendar((5, 15))})
    for name, sources in (("job", HOLIDAYS), ("other", [{**HOLIDAYS[0], "onUnreadable": "Skip"}])):
        flow.apply(name, timing=every(10, until=45, excludeFrom=sources), history={"successful": 10})
    await flow.to(12)
    flow.expect(lambda: (announced(flow, "job"), unreadable(flow)), ([], 0))
    flow.config_map("holidays", **{"company.ics": with_standup((5, 15))})
    await flow.to(25)
    flow.expect(lambda: unreadable(flow), 1)
    flow.config_map("holidays", **{"company.ics": calendar((5, 15))})
    await flow.to(90)
    flow.expect(lambda: unreadable(flow), 0)
    place = 'key "company.ics" of ConfigMap "holidays": event \'standup\' (line 8): RRULE FREQ=HOURLY is not supported'
    kept, again = f"spec.timing.schedule.excludeFrom[0].configMap: {place}", "all calendars can be read again"
    for name, events in (
        ("job", [("CalendarUnreadable", kept), ("CalendarsRead", again)]),
        ("other", [("EventsSkipped", f"left out: {place}")]),
    ):
        flow.expect(partial(announced, flow, name), events, undisturbed=True)


def announced(flow: Flow, request: str) -> list[tuple[str, str]]:
    """Reason and message of the Events of a request about calendars, without the list of what is allowed in one."""
    said = [(reason, message) for reason, name, message in flow.heard() if name == request]
    about = ("Calendar", "EventsSkipped")
    return [(reason, message.partition("; allowed")[0]) for reason, message in said if reason.startswith(about)]


def unreadable(flow: Flow) -> int:
    """The value of the metric about calendars."""
    return flow.processes[0].store.calendars.unreadable


@scenario(
    "a request that is edited while its calendar cannot be read is rejected, until that is mended",
    ends=[SUCCEEDED] * 4,
    due=lambda: ticks(0, 10, 15, 45),
)
async def exclude_from_edited(flow: Flow) -> None:
    flow.config_map("holidays", **{"company.ics": calendar()})
    flow.apply(timing=every(10, until=45, excludeFrom=HOLIDAYS))
    await flow.to(12)
    flow.config_map("holidays", **{"company.ics": with_standup()})
    await flow.to(15)
    flow.edit(timing=every(10, until=46, excludeFrom=HOLIDAYS))
    await flow.to(17)
    flow.expect(flow.acceptance, ("Invalid", "InvalidSchedule"))
    flow.config_map("holidays", **{"company.ics": calendar((25, 40))})
    await flow.to(90)


@scenario(
    "a request that skips what cannot be read",
    ends=[SUCCEEDED] * 2,
    due=lambda: ticks(0, 20),
)
async def exclude_from_skips(flow: Flow) -> None:
    flow.config_map("holidays", **{"company.ics": with_standup((5, 15))})
    flow.apply(timing=every(10, until=25, excludeFrom=[{**HOLIDAYS[0], "onUnreadable": "Skip"}]))
    await flow.to(5)
    flow.expect(lambda: calendars_ready(flow), ("True", "EventsSkipped"))
    await flow.to(60)


@scenario(
    "a calendar that takes away a tick which waits already",
    ends=[SUCCEEDED, SKIPPED, SUCCEEDED, SUCCEEDED],
    due=lambda: ticks(0, 10, 20, 60),
    loses=NOT_AFTER_A_RESTART,
)
async def exclude_from_too_late(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.config_map("holidays", **{"company.ics": calendar((30, 55))})
    flow.apply(timing=every(10, until=65, excludeFrom=HOLIDAYS), concurrencyPolicy="Forbid")
    await flow.to(22)
    flow.config_map("holidays", **{"company.ics": calendar((15, 55))})
    await flow.to(120)


@scenario(
    "a calendar that gives back ticks of the past: they are not made up",
    ends=[SUCCEEDED] * 3,
    due=lambda: ticks(0, 30, 40),
    loses=NOT_AFTER_A_RESTART,
)
async def exclude_from_given_back(flow: Flow) -> None:
    flow.config_map("holidays", **{"company.ics": calendar((5, 25))})
    flow.apply(timing=every(10, until=45, excludeFrom=HOLIDAYS))
    await flow.to(27)
    flow.config_map("holidays", **{"company.ics": calendar()})
    await flow.to(70)


@scenario("a calendar that cannot be read, and is mended", ends=[SUCCEEDED] * 2, due=lambda: ticks(0, 10))
async def exclude_from_unreadable(flow: Flow) -> None:
    flow.config_map("holidays", **{"company.ics": calendar().replace("END", "end of")})
    flow.apply(timing=every(10, until=15, excludeFrom=HOLIDAYS))
    await flow.to(0.9)
    flow.expect(flow.acceptance, ("Invalid", "InvalidSchedule"))
    flow.config_map("holidays", **{"company.ics": calendar()})
    await flow.to(50)
