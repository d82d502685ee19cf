"""Schedules by the operator's own agenda on a real node: exact ticks, Unschedule, Reschedule, edits and the end.

Neighbour: `test_schedule_cronjob.py` has the schedules that the CronJob controller carries.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import held, immediately, request, schedule
from tests.cluster.workspace import LATE, OPEN, conditions, created, instant, name_of, now, written

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node

MANY = {"successful": 100, "failed": 100, "other": 100}
FAR = "2031-01-01T00:00:00Z"


def secondly(every: int, **bounds: str) -> Object:
    return schedule(secondly={"every": every}, **bounds)


def ticks_of(runs: list[Object]) -> list[datetime]:
    return [instant(run["spec"]["scheduledTime"]) for run in runs]


def test_every_tick_from_start_to_finish_runs_once_and_on_time(space: Workspace) -> None:
    # If the operator is late by a tick, that tick still runs.
    ticking = partial(request, "ticking", script="echo $PROCESS_SCHEDULED_TIME", history=MANY, catchUp="All")
    lead = space.accept(6, ticking(secondly(2, startTime=FAR)))
    start = now().replace(microsecond=0) + lead
    finish = start + timedelta(seconds=6)
    space.apply(ticking(secondly(2, startTime=written(start), finishTime=written(finish))))
    status = space.wait_phase("ticking", "Scheduled")
    assert (status["engine"], status["schedule"], status["nextRunTime"]) == (
        "Operator",
        "every 2 seconds",
        written(start),
    )

    status = space.wait_phase("ticking", "Finished")
    expected = [start + timedelta(seconds=seconds) for seconds in (0, 2, 4, 6)]
    runs = space.runs("ticking")
    assert ticks_of(runs) == expected
    for run, tick in zip(runs, expected, strict=True):
        assert run["status"]["phase"] == "Succeeded"
        assert run["spec"]["trigger"] == "Schedule"
        assert name_of(run).endswith(f"-{int(tick.timestamp())}")
        assert run["status"]["log"]["text"] == written(tick)
        job = space.cluster.get("job", name_of(run), space.namespace)
        assert tick <= instant(created(job)) <= tick + LATE
    assert conditions(status)["Complete"] == ("True", "ScheduleFinished")
    assert status["lastScheduleTime"] == written(finish)
    assert status["counts"]["succeeded"] == 4
    assert status["lastRun"] == {"name": name_of(runs[-1]), "phase": "Succeeded"}
    assert "nextRunTime" not in status
    assert space.cluster.objects("cronjob", space.namespace) == []


WEEK = {"at": "06:00", "days": ["Friday", "Monday"]}
LAST_FRIDAY = {"at": "18:00", "weekday": {"week": "Last", "day": "Friday"}}


@dataclass(frozen=True)
class Planned:
    """A timing, and what the status of its request says about it."""

    id: str
    timing: Object
    words: str
    next_run: str
    engine: str


TIMINGS: Final = [
    Planned(
        "daily",
        timing={"daily": {"at": "02:30"}},
        words="daily at 02:30 Etc/UTC",
        next_run="2031-01-01T02:30:00Z",
        engine="CronJob",
    ),
    Planned(
        "daily where clocks change",
        timing={"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"},
        words="daily at 02:30 Europe/Madrid",
        next_run="2031-01-01T01:30:00Z",
        engine="Operator",
    ),
    Planned(
        "at weekends",
        timing={"daily": {"at": "09:00", "days": "Weekends"}},
        words="weekends at 09:00 Etc/UTC",
        next_run="2031-01-04T09:00:00Z",
        engine="CronJob",
    ),
    Planned(
        "weekly",
        timing={"weekly": WEEK},
        words="weekly on Mon, Fri at 06:00 Etc/UTC",
        next_run="2031-01-03T06:00:00Z",
        engine="CronJob",
    ),
    Planned(
        "every other week",
        timing={"weekly": WEEK | {"every": 2}},
        words="every 2 weeks on Mon, Fri at 06:00 Etc/UTC",
        next_run="2031-01-03T06:00:00Z",
        engine="Operator",
    ),
    Planned(
        "monthly",
        timing={"monthly": {"at": "00:15", "day": 15}},
        words="monthly on day 15 at 00:15 Etc/UTC",
        next_run="2031-01-15T00:15:00Z",
        engine="CronJob",
    ),
    Planned(
        "on the last Friday",
        timing={"monthly": LAST_FRIDAY},
        words="monthly on the last Friday at 18:00 Etc/UTC",
        next_run="2031-01-31T18:00:00Z",
        engine="Operator",
    ),
    Planned(
        "a cron expression",
        timing={"cron": "*/5 8-17 * * 1-5"},
        words="cron */5 8-17 * * 1-5 Etc/UTC",
        next_run="2031-01-01T08:00:00Z",
        engine="CronJob",
    ),
    Planned(
        "every 7 minutes",
        timing={"minutely": {"every": 7}},
        words="every 7 minutes",
        next_run=FAR,
        engine="Operator",
    ),
    Planned(
        "every 15 minutes",
        timing={"minutely": {"every": 15}},
        words="every 15 minutes",
        next_run=FAR,
        engine="CronJob",
    ),
    Planned("hourly", timing={"hourly": {"every": 1}}, words="every hour", next_run=FAR, engine="CronJob"),
    Planned("every 5 hours", timing={"hourly": {"every": 5}}, words="every 5 hours", next_run=FAR, engine="Operator"),
]


@pytest.mark.parametrize("case", TIMINGS, ids=lambda case: case.id)
def test_the_status_says_in_words_what_is_planned(shared_space: Workspace, case: Planned) -> None:
    name = f"planned-{secrets.token_hex(4)}"
    shared_space.apply(_planned(name, case.timing))
    status = shared_space.wait_phase(name, "Scheduled")
    assert (status["schedule"], status["nextRunTime"], status["engine"]) == (case.words, case.next_run, case.engine)
    assert conditions(status) == {
        "Accepted": ("True", "Accepted"),
        "Ready": ("True", "InForce"),
        "Stalled": ("False", "Accepted"),
    }
    assert shared_space.runs(name) == []


def _planned(name: str, timing: Object, engine: str | None = None) -> Object:
    return request(name, schedule(startTime=FAR, **timing), **({"engine": engine} if engine else {}))


def test_the_engine_can_be_chosen_where_it_keeps_the_promise(space: Workspace) -> None:
    space.apply(_planned("own", {"minutely": {"every": 1}}, engine="Operator"))
    assert space.wait_phase("own", "Scheduled")["engine"] == "Operator"
    space.apply(_planned("too-fast", {"secondly": {"every": 5}}, engine="CronJob"))
    status = space.wait_phase("too-fast", "Invalid")
    assert conditions(status)["Accepted"] == ("False", "Unsupported")
    assert conditions(status)["Stalled"] == ("True", "Unsupported")
    (message,) = [found["message"] for found in status["conditions"] if found["type"] == "Accepted"]
    assert "spec.engine" in message
    assert "secondly" in message
    assert message in space.wait_event("too-fast", "NotAccepted")["message"]
    assert space.runs("too-fast") == []
    space.edit("too-fast", engine=None)
    space.wait_phase("too-fast", "Scheduled")


def test_unschedule_stops_the_ticks_and_the_resume_makes_none_up(space: Workspace) -> None:
    space.apply(request("stopped", secondly(2), held(), history=MANY))
    space.wait_first_runs("stopped", 3)
    space.edit("stopped", suspend=True)
    status = space.wait_phase("stopped", "Suspended")
    assert "nextRunTime" not in status
    before = space.runs("stopped")
    going = [run for run in before if run["status"]["phase"] in OPEN]
    assert going, "none of them ends by itself"
    for run in going:
        space.release(name_of(run))
    ended = space.wait(lambda: _all_ended(space.runs("stopped")), "open runs continue to their ends")
    assert [name_of(run) for run in ended] == [name_of(run) for run in before], "nothing is added"
    assert {space.phase(name_of(run)) for run in going} == {"Succeeded"}

    resumed = now().replace(microsecond=0)
    space.edit("stopped", suspend=False)
    space.wait_first_runs("stopped", len(before) + 2)
    value = space.reschedule("stopped")
    space.wait_handled("stopped", value)
    space.edit("stopped", timing=secondly(3), suspend=False)
    space.wait(lambda: space.status("stopped")["activation"]["number"] == 4, "the edit begins an activation of its own")
    edited = instant(space.status("stopped")["activation"]["since"])
    space.wait_first_runs("stopped", len(space.runs("stopped")) + 2)
    space.edit("stopped", suspend=True)
    space.wait_phase("stopped", "Suspended")

    later = space.runs("stopped")[len(before) :]
    ticks = ticks_of(later)
    assert min(ticks) >= resumed, "ticks in the quiet time have neither run nor record"
    assert len(set(ticks)) == len(ticks)
    new = [tick for tick in ticks if tick > edited]
    assert {(tick - edited) % timedelta(seconds=3) for tick in new} == {timedelta()}, "a grid of its own, from the edit"


def _all_ended(runs: list[Object]) -> list[Object]:
    return runs if all(run["status"]["phase"] not in OPEN for run in runs) else []


@pytest.mark.parametrize("policy", ["KeepRunning", "CancelRunning", "SuspendRunning"])
def test_on_suspend_says_what_becomes_of_the_run_in_progress(space: Workspace, policy: str) -> None:
    space.apply(request("going", immediately(), held(), onSuspend=policy))
    run = name_of(space.wait_first_runs("going")[0])
    space.wait_log(run, "begun")
    space.edit("going", suspend=True)
    space.wait_phase("going", "Suspended")
    if policy == "KeepRunning":
        space.release(run)
        assert space.wait_run(run, "Succeeded")["status"]["log"]["text"] == "begun\nended"
    elif policy == "CancelRunning":
        status = space.wait_run(run, "Canceled")["status"]
        assert status["reason"] == "Unscheduled"
        assert status["log"]["text"] == "begun\nlast words"
    else:
        assert space.wait_reason(run, "Suspended")["status"]["phase"] == "Pending"
        space.wait(lambda: not space.pods("going"), "its pods are gone")
        space.edit("going", suspend=False)
        space.release(run)
        status = space.wait_run(run, "Succeeded")["status"]
        assert status["log"]["text"] == "begun\nended", "it starts over"
    assert [name_of(found) for found in space.runs("going")] == [run]
