"""Runs that would overlap, on a real node: Allow, Forbid, Replace and Queue, for ticks and for manual runs.

Scripts work until a test releases them, so that runs overlap on any machine, however slow it is.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import held, later, manual_run, request, schedule, slow_to_go
from tests.cluster.workspace import OPEN, instant, name_of, now, written

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node

MANY: Final = {"successful": 1000, "failed": 1000, "other": 1000}
SECOND: Final = timedelta(seconds=1)
LASTS_AT_LEAST: Final = 16 * SECOND
"""Least time from the edit to `finishTime`. Several ticks are left even if the edit itself takes long."""


def first_at_work(space: Workspace, name: str) -> Object:
    """The run that started first, at work."""

    def look() -> Object | None:
        return next((run for run in space.runs(name) if run["status"].get("phase") == "Running"), None)

    run = space.wait(look, f"a run of {name} is at work")
    assert run is not None
    space.wait_log(name_of(run), "begun")
    return run


def begin(space: Workspace, name: str, policy: str, every: int, **spec: object) -> tuple[Object, list[datetime]]:
    """A request with a run at work, and a schedule of ticks that all come while it works: the run and the ticks.

    The run is the first of an hourly schedule, so that it starts however slow the machine is.
    """
    began = now()
    space.apply(request(name, schedule(hourly={"every": 1}), held(), concurrencyPolicy=policy, history=MANY))
    first = first_at_work(space, name)
    # On a machine that needed long for the first run, the edit may take long too.
    finish = (now() + max(LASTS_AT_LEAST, now() - began)).replace(microsecond=0)
    timing = schedule(hourly=None, secondly={"every": every}, finishTime=written(finish))
    space.edit(name, timing=timing, **spec)
    space.wait(lambda: space.status(name)["activation"]["number"] == 2, "the ticks begin")
    since = instant(space.status(name)["activation"]["since"])
    return first, [since + number * every * SECOND for number in range((finish - since) // (every * SECOND) + 1)]


def later_runs(space: Workspace, run: Object) -> list[Object]:
    """The runs of the same request for later ticks."""
    runs = space.runs(run["spec"]["request"]["name"])
    return [other for other in runs if other["spec"]["scheduledTime"] > run["spec"]["scheduledTime"]]


def lives(pods: list[Object]) -> list[tuple[datetime, datetime]]:
    """Start and end of each pod's container, in order; all have ended."""
    ends = [pod["status"]["containerStatuses"][0]["state"]["terminated"] for pod in pods]
    return sorted((instant(end["startedAt"]), instant(end["finishedAt"])) for end in ends)


def assert_one_at_a_time(pods: list[Object]) -> None:
    spans = lives(pods)
    assert all(before[1] <= after[0] for before, after in pairwise(spans)), spans


def assert_each_tick_has_one_run(runs: list[Object], ticks: list[datetime]) -> None:
    """No tick is in two runs, none is in no run; there are too few here for a summary."""
    assert [instant(run["spec"]["scheduledTime"]) for run in runs] == ticks


def test_forbid_lets_the_newest_tick_wait_and_skips_those_before_it(space: Workspace) -> None:
    first, ticks = begin(space, "alone", "Forbid", every=2)
    space.wait_until(ticks[-1] + SECOND)
    space.wait_first_runs("alone", len(ticks))
    space.wait(lambda: space.status("alone").get("waitingCount") == 1, "the last tick waits")
    space.release(name_of(first))
    last = space.wait_first_runs("alone", 1 + len(ticks))[-1]
    space.release(name_of(last))
    space.wait_phase("alone", "Finished")
    runs = space.runs("alone")
    assert_each_tick_has_one_run(runs[1:], ticks)
    ran = [run for run in runs if run["status"]["phase"] == "Succeeded"]
    assert [name_of(run) for run in ran] == [name_of(first), name_of(last)], "nothing newer came after the last tick"
    skipped = later_runs(space, first)[:-1]
    assert skipped
    for run in skipped:
        assert (run["status"]["phase"], run["status"]["reason"]) == ("Skipped", "Overlap")
        assert name_of(first) in run["status"]["message"]
        assert "job" not in run["status"]
    assert_one_at_a_time(space.pods("alone"))
    assert len(space.pods("alone")) == len(ran)
    assert space.status("alone").get("waitingCount", 0) == 0
    assert space.wait_event("alone", "RunSkipped")["type"] == "Warning"


def test_forbid_skips_a_waiting_tick_that_becomes_too_old(space: Workspace) -> None:
    first, ticks = begin(space, "strict", "Forbid", every=3, startingDeadlineSeconds=4)
    runs = space.wait_first_runs("strict", 1 + len(ticks))
    space.release(name_of(first))
    space.wait_phase("strict", "Finished")
    assert_each_tick_has_one_run(runs[1:], ticks)
    assert space.run(name_of(first))["status"]["phase"] == "Succeeded"
    late = later_runs(space, first)
    assert late
    assert {run["status"]["phase"] for run in late} == {"Skipped"}
    assert all(name_of(first) in run["status"]["message"] for run in late)


def test_replace_ends_the_blocking_run_and_starts_when_it_is_gone(space: Workspace) -> None:
    hourly = schedule(hourly={"every": 1})
    space.apply(request("newest", hourly, jobTemplate=slow_to_go(4), concurrencyPolicy="Replace", history=MANY))
    first = first_at_work(space, "newest")
    space.edit("newest", timing=schedule(hourly=None, secondly={"every": 4}))
    space.wait_first_runs("newest", 3)
    space.edit("newest", timing=schedule(hourly={"every": 1}, secondly=None))
    space.wait(lambda: space.status("newest")["activation"]["number"] == 3, "no other tick comes for an hour")
    since = space.status("newest")["activation"]["since"]
    last = space.wait(lambda: [run for run in space.runs("newest") if run["spec"]["scheduledTime"] == since], since)[0]
    space.release(name_of(last))
    space.wait_run(name_of(last), "Succeeded")
    ticks = {name_of(run): run["spec"]["scheduledTime"] for run in space.runs("newest")}
    runs = [run for run in space.runs("newest") if run["status"]["phase"] != "Missed"]
    assert name_of(runs[0]) == name_of(first)
    assert {run["status"]["phase"] for run in runs[:-1]} == {"Canceled"}
    assert runs[0]["status"]["log"]["text"] == "begun\nlast words"
    for old, new in pairwise(runs):
        assert old["status"]["reason"] == "Replaced"
        # The newer run may have been replaced by a still newer tick before it began.
        newer = old["status"]["message"].removeprefix("replaced by ")
        assert old["spec"]["scheduledTime"] < ticks[newer]
        # A run that was replaced before it began has no start, and blocks no other.
        if "startTime" in new["status"]:
            assert instant(old["status"]["endTime"]) <= instant(new["status"]["startTime"])


def test_queue_runs_every_tick_in_its_turn(space: Workspace) -> None:
    # Where the operator is late, `catchUp: All` lets it queue the older ticks too.
    _, ticks = begin(space, "line", "Queue", every=4, catchUp="All")
    space.wait(lambda: space.status("line").get("waitingCount"), "somebody waits")
    for number in range(1 + len(ticks)):
        space.release(name_of(space.wait_first_runs("line", number + 1)[number]))
    space.wait_phase("line", "Finished")
    runs = space.runs("line")
    assert_each_tick_has_one_run(runs[1:], ticks)
    assert {run["status"]["phase"] for run in runs} == {"Succeeded"}
    starts = [instant(run["status"]["startTime"]) for run in runs]
    assert starts == sorted(starts)
    assert_one_at_a_time(space.pods("line"))


def test_a_queued_run_past_its_deadline_is_missed(space: Workspace) -> None:
    first, ticks = begin(space, "hurried", "Queue", every=4, startingDeadlineSeconds=4)

    def others_are_over() -> bool:
        runs = space.runs("hurried")
        return len(runs) == 1 + len(ticks) and sum(run["status"]["phase"] in OPEN for run in runs) == 1

    space.wait(others_are_over, "no run waits any more")
    space.release(name_of(first))
    space.wait_phase("hurried", "Finished")
    assert_each_tick_has_one_run(space.runs("hurried")[1:], ticks)
    assert space.run(name_of(first))["status"]["phase"] == "Succeeded"
    late = later_runs(space, first)
    assert late
    assert {(run["status"]["phase"], run["status"]["reason"]) for run in late} == {("Missed", "DeadlinePassed")}
    assert space.wait_event("hurried", "RunMissed")["type"] == "Warning"


def test_allow_starts_every_tick_beside_the_others(space: Workspace) -> None:
    _, ticks = begin(space, "crowd", "Allow", every=4, catchUp="All")
    runs = space.wait_first_runs("crowd", 1 + len(ticks))
    for run in runs:
        space.wait_log(name_of(run), "begun")
    for run in runs:
        space.release(name_of(run))
    space.wait_phase("crowd", "Finished")
    runs = space.runs("crowd")
    assert_each_tick_has_one_run(runs[1:], ticks)
    assert {run["status"]["phase"] for run in runs} == {"Succeeded"}
    spans = lives(space.pods("crowd"))
    assert max(start for start, _ in spans) <= min(end for _, end in spans), "all at the same time"


@pytest.mark.parametrize("policy", ["Forbid", "Queue"])
def test_manual_runs_wait_for_each_other(space: Workspace, policy: str) -> None:
    space.apply(request("press", later(after="24h"), held(), concurrencyPolicy=policy, suspend=True))
    space.wait_phase("press", "Suspended")
    names = [space.create(manual_run("press", f"press-{letter}")) for letter in "ab"]
    second = space.wait(
        lambda: [run for run in space.runs("press") if run["status"].get("reason") == "Waiting"], "one waits"
    )[0]
    (first,) = set(names) - {name_of(second)}
    assert first in second["status"]["message"]
    for name in (first, name_of(second)):
        space.release(name)
        space.wait_run(name, "Succeeded")
    assert_one_at_a_time(space.pods("press"))


def test_a_manual_run_replaces_the_one_before(space: Workspace) -> None:
    space.apply(request("press", later(after="24h"), held(), concurrencyPolicy="Replace", suspend=True))
    space.wait_phase("press", "Suspended")
    space.create(manual_run("press", "press-a"))
    space.wait_log("press-a", "begun")
    space.create(manual_run("press", "press-b"))
    status = space.wait_run("press-a", "Canceled")["status"]
    assert status["reason"] == "Replaced"
    assert "press-b" in status["message"]
    space.release("press-b")
    space.wait_run("press-b", "Succeeded")
