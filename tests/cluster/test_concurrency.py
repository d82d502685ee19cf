"""Runs that would overlap, on a real node: Allow, Forbid, Replace and Queue, for ticks and for manual runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from tests.cluster.manifests import later, manual_run, request, schedule, sleeper
from tests.cluster.workspace import instant, name_of, now, written

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.workspace import Object, Workspace

pytestmark = pytest.mark.node

MANY: Final = {"successful": 100, "failed": 100, "other": 100}
SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Case:
    """A schedule with so many ticks, so many seconds apart, of a script that works for so long."""

    every: int
    ticks: int
    works: int
    policy: str
    deadline: int | None = None


CASES: Final = {
    "alone": Case(every=2, ticks=6, works=4, policy="Forbid"),
    "strict": Case(every=3, ticks=3, works=8, policy="Forbid", deadline=1),
    "newest": Case(every=4, ticks=3, works=7, policy="Replace"),
    "line": Case(every=1, ticks=5, works=2, policy="Queue"),
    "hurried": Case(every=1, ticks=3, works=7, policy="Queue", deadline=4),
    "crowd": Case(every=1, ticks=4, works=6, policy="Allow"),
}
Ticks = Mapping[str, list["datetime"]]


@pytest.fixture(scope="module")
def ticks(shared_space: Workspace) -> Ticks:
    """All schedules, applied at once to run side by side, and the ticks of each."""
    start = now().replace(microsecond=0) + 4 * SECOND
    found = {}
    for name, case in CASES.items():
        found[name] = [start + index * case.every * SECOND for index in range(case.ticks)]
        bounds = {"startTime": written(start), "finishTime": written(found[name][-1])}
        deadline = {} if case.deadline is None else {"startingDeadlineSeconds": case.deadline}
        timing = schedule(secondly={"every": case.every}, **bounds)
        shared_space.apply(
            request(name, timing, sleeper(case.works), concurrencyPolicy=case.policy, history=MANY, **deadline)
        )
    return found


def lives(pods: list[Object]) -> list[tuple[datetime, datetime]]:
    """From when to when each pod's container ran, in order; all have ended."""
    ends = [pod["status"]["containerStatuses"][0]["state"]["terminated"] for pod in pods]
    return sorted((instant(end["startedAt"]), instant(end["finishedAt"])) for end in ends)


def assert_one_at_a_time(pods: list[Object]) -> None:
    spans = lives(pods)
    assert all(before[1] <= after[0] for before, after in pairwise(spans)), spans


def assert_each_tick_has_one_run(runs: list[Object], ticks: list[datetime]) -> None:
    """No tick is in two runs, none is in no run; there are too few here for a summary."""
    assert [instant(run["spec"]["scheduledTime"]) for run in runs] == ticks


def test_forbid_lets_the_newest_tick_wait_and_skips_those_before_it(shared_space: Workspace, ticks: Ticks) -> None:
    space = shared_space
    space.wait_phase("alone", "Finished", seconds=120)
    runs = space.runs("alone")
    assert_each_tick_has_one_run(runs, ticks["alone"])
    ran = [run for run in runs if run["status"]["phase"] == "Succeeded"]
    skipped = [run for run in runs if run["status"]["phase"] == "Skipped"]
    assert len(ran) >= 2
    assert len(ran) + len(skipped) == len(runs)
    assert runs[0] in ran
    assert runs[-1] in ran, "nothing newer came after the last tick, so it waited for its turn"
    for run in skipped:
        assert run["status"]["reason"] == "Overlap"
        assert any(name_of(other) in run["status"]["message"] for other in ran)
        assert "job" not in run["status"]
    assert skipped
    assert_one_at_a_time(space.pods("alone"))
    assert len(space.pods("alone")) == len(ran)
    assert space.status("alone").get("waitingCount", 0) == 0
    assert space.wait_event("alone", "RunSkipped")["type"] == "Warning"


def test_forbid_skips_a_waiting_tick_that_becomes_too_old(shared_space: Workspace, ticks: Ticks) -> None:
    space = shared_space
    space.wait_phase("strict", "Finished", seconds=120)
    runs = space.runs("strict")
    assert_each_tick_has_one_run(runs, ticks["strict"])
    assert [run["status"]["phase"] for run in runs] == ["Succeeded", "Skipped", "Skipped"]
    assert all(name_of(runs[0]) in run["status"]["message"] for run in runs[1:])


def test_replace_ends_the_run_in_the_way_and_starts_when_it_is_gone(shared_space: Workspace, ticks: Ticks) -> None:
    space = shared_space
    space.wait_phase("newest", "Finished", seconds=120)
    runs = space.runs("newest")
    assert_each_tick_has_one_run(runs, ticks["newest"])
    assert [run["status"]["phase"] for run in runs] == ["Canceled", "Canceled", "Succeeded"]
    for old, new in pairwise(runs):
        assert old["status"]["reason"] == "Replaced"
        assert name_of(new) in old["status"]["message"]
        assert old["status"]["log"]["text"] == "begun\nlast words"
        assert instant(old["status"]["endTime"]) <= instant(new["status"]["startTime"])


def test_queue_runs_every_tick_in_its_turn(shared_space: Workspace, ticks: Ticks) -> None:
    space = shared_space
    space.wait(lambda: space.status("line").get("waitingCount"), "somebody waits")
    space.wait_phase("line", "Finished", seconds=120)
    runs = space.runs("line")
    assert_each_tick_has_one_run(runs, ticks["line"])
    assert {run["status"]["phase"] for run in runs} == {"Succeeded"}
    starts = [instant(run["status"]["startTime"]) for run in runs]
    assert starts == sorted(starts)
    assert_one_at_a_time(space.pods("line"))


def test_a_queued_run_past_its_deadline_is_missed(shared_space: Workspace, ticks: Ticks) -> None:
    space = shared_space
    space.wait_phase("hurried", "Finished", seconds=120)
    runs = space.runs("hurried")
    assert_each_tick_has_one_run(runs, ticks["hurried"])
    assert [run["status"]["phase"] for run in runs] == ["Succeeded", "Missed", "Missed"]
    assert {run["status"]["reason"] for run in runs[1:]} == {"DeadlinePassed"}
    assert space.wait_event("hurried", "RunMissed")["type"] == "Warning"


def test_allow_starts_every_tick_beside_the_others(shared_space: Workspace, ticks: Ticks) -> None:
    space = shared_space
    space.wait_phase("crowd", "Finished", seconds=120)
    runs = space.runs("crowd")
    assert_each_tick_has_one_run(runs, ticks["crowd"])
    assert {run["status"]["phase"] for run in runs} == {"Succeeded"}
    spans = lives(space.pods("crowd"))
    assert max(start for start, _ in spans) < min(end for _, end in spans), "all at the same time"


@pytest.mark.parametrize("policy", ["Forbid", "Queue"])
def test_manual_runs_wait_for_each_other(space: Workspace, policy: str) -> None:
    space.apply(request("press", later(after="24h"), sleeper(3), concurrencyPolicy=policy, suspend=True))
    space.wait_phase("press", "Suspended")
    names = [space.create(manual_run("press", f"press-{letter}")) for letter in "ab"]
    second = space.wait(
        lambda: [run for run in space.runs("press") if run["status"].get("reason") == "Waiting"], "one waits"
    )[0]
    (first,) = set(names) - {name_of(second)}
    assert first in second["status"]["message"]
    for name in names:
        space.wait_run(name, "Succeeded")
    assert_one_at_a_time(space.pods("press"))


def test_a_manual_run_replaces_the_one_before(space: Workspace) -> None:
    space.apply(request("press", later(after="24h"), sleeper(8), concurrencyPolicy="Replace", suspend=True))
    space.wait_phase("press", "Suspended")
    space.create(manual_run("press", "press-a"))
    space.wait_log("press-a", "begun")
    space.create(manual_run("press", "press-b"))
    status = space.wait_run("press-a", "Canceled")["status"]
    assert status["reason"] == "Replaced"
    assert "press-b" in status["message"]
    space.wait_run("press-b", "Succeeded")
