"""`catchUp: All` on a real node: the operator is away for 18 seconds, and then runs all due ticks in order.

One outage serves all tests; a backfill is active during it, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import backfill, request, schedule, sleeper
from tests.cluster.workspace import created, instant, name_of, now, written

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.operator_process import OperatorProcess
    from tests.cluster.workspace import Workspace

pytestmark = [pytest.mark.node, pytest.mark.disruptive]

MANY: Final = {"successful": 1000, "failed": 100, "other": 100}
SECOND: Final = timedelta(seconds=1)
AWAY: Final = 18 * SECOND
EVERY: Final = 3
LEAD: Final = 6
"""Seconds from the apply of the ticks to the kill, and more where the machine is slow; what comes due later is made
up."""
POLICIES: Final = ("Allow", "Forbid", "Replace", "Queue")


@dataclass(frozen=True)
class Outage:
    """Schedules that came due while the operator was away."""

    space: Workspace
    finish: datetime
    back: datetime

    def ticks(self, name: str) -> list[datetime]:
        """The ticks of a schedule; the first is due when it gets them."""
        since = instant(self.space.status(name)["activation"]["since"])
        return [since + number * EVERY * SECOND for number in range((self.finish - since) // (EVERY * SECOND) + 1)]

    def all_over(self, name: str) -> list[Object]:
        """Runs of a schedule that has finished, but for the one from before it got its ticks."""
        self.space.wait_phase(name, "Finished")
        return self.space.runs(name)[1:]


@pytest.fixture(scope="module")
def outage(shared_space: Workspace, shared_operator: OperatorProcess) -> Outage:
    space = shared_space
    began = now()
    # Each has run when its ticks begin, so that these are not spent with waiting for the first.
    space.apply_all(*_schedules(schedule(hourly={"every": 1})))
    for policy in POLICIES:
        space.wait(partial(_has_succeeded, space, policy.lower()), f"{policy} has run")
    lead = max(LEAD * SECOND, now() - began)
    hour = (now() - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    space.apply(request("past", schedule(cron=f"* {hour.hour} * * *"), sleeper(3), history=MANY))
    space.apply(backfill("carried", "past", written(hour), written(hour + timedelta(minutes=4))))
    space.wait_first_runs("past")
    finish = (now() + lead + AWAY).replace(microsecond=0)
    space.apply_all(*_schedules(schedule(secondly={"every": EVERY}, finishTime=written(finish))))
    for policy in POLICIES:
        space.wait(partial(_has_ticks, space, policy.lower()), f"{policy} has its ticks")
    shared_operator.kill()
    space.wait_until(max(now() + AWAY, finish + SECOND))
    back = now()
    shared_operator.start()
    return Outage(space, finish, back)


def _schedules(timing: Object) -> list[Object]:
    return [
        request(policy.lower(), timing, "echo done", concurrencyPolicy=policy, catchUp="All", history=MANY)
        for policy in POLICIES
    ]


def _has_ticks(space: Workspace, name: str) -> bool:
    return bool(space.status(name)["activation"]["number"] == 2)


def _has_succeeded(space: Workspace, name: str) -> bool:
    return any(run["status"]["phase"] == "Succeeded" for run in space.runs(name))


def lives(runs: list[Object]) -> list[tuple[datetime, datetime]]:
    """Start and end of each run that has started, in the order of their ticks."""
    return [
        (instant(run["status"]["startTime"]), instant(run["status"]["endTime"]))
        for run in runs
        if run["status"]["phase"] == "Succeeded"
    ]


def scheduled(runs: list[Object]) -> list[datetime]:
    return [instant(run["spec"]["scheduledTime"]) for run in runs]


@pytest.mark.parametrize("policy", ["Allow", "Forbid", "Queue"])
def test_every_tick_is_made_up(outage: Outage, policy: str) -> None:
    runs = outage.all_over(policy.lower())
    assert scheduled(runs) == outage.ticks(policy.lower())
    assert {run["status"]["phase"] for run in runs} == {"Succeeded"}
    made_up = [run for run in runs if instant(run["metadata"]["creationTimestamp"]) >= outage.back - SECOND]
    assert len(made_up) >= 5
    assert {run["spec"]["trigger"] for run in made_up[:-1]} == {"CatchUp"}
    made = {name_of(job): instant(created(job)) for job in outage.space.jobs(policy.lower())}
    begun = [made[name_of(run)] for run in runs]
    # Not when their pods began: those of runs that start together overtake each other.
    assert begun == sorted(begun), "oldest first"


@pytest.mark.parametrize("policy", ["Forbid", "Queue"])
def test_one_after_the_other(outage: Outage, policy: str) -> None:
    spans = lives(outage.all_over(policy.lower()))
    assert all(before[1] <= after[0] for before, after in pairwise(spans)), spans


def test_under_replace_only_the_newest_is_made_up(outage: Outage) -> None:
    runs = outage.all_over("replace")
    assert scheduled(runs) == outage.ticks("replace")
    assert runs[-1]["status"]["phase"] == "Succeeded"
    made_up = [run for run in runs if instant(run["metadata"]["creationTimestamp"]) >= outage.back - SECOND]
    assert {(run["status"]["phase"], run["status"].get("reason")) for run in made_up[:-1]} == {("Missed", "Superseded")}


def test_a_backfill_that_was_going_on_is_finished(outage: Outage) -> None:
    status = outage.space.wait_backfill("carried", "Succeeded", "Failed")
    assert (status["phase"], status["progress"]) == ("Succeeded", "5/5")
    runs = outage.space.runs("past")
    assert len(runs) == len({name_of(run) for run in runs}) == 5
    assert len(outage.space.jobs("past")) == 5
