"""Requests that share a Process, on a real node: its policy holds over all of them, also when the operator is
killed."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import held, immediately, process, request, schedule, sleeper
from tests.cluster.workspace import instant, name_of, now, written

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.operator_process import OperatorProcess
    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node

REQUESTS: Final = ("first", "second", "third")
FAR: Final = "2031-01-01T00:00:00Z"
MANY: Final = {"successful": 100, "failed": 100, "other": 100}


def lives(space: Workspace) -> list[tuple[datetime, datetime, str]]:
    """Start, end and request of each container of all requests, in order; all have ended."""
    found = []
    for name in REQUESTS:
        for pod in space.pods(name):
            end: Object = pod["status"]["containerStatuses"][0]["state"]["terminated"]
            found.append((instant(end["startedAt"]), instant(end["finishedAt"]), name))
    return sorted(found)


def assert_one_at_a_time(space: Workspace) -> None:
    spans = lives(space)
    assert all(before[1] <= after[0] for before, after in pairwise(spans)), spans


@pytest.mark.parametrize("policy", ["Forbid", "Queue"])
def test_three_requests_run_one_after_the_other(space: Workspace, policy: str) -> None:
    space.apply(process("close-day", held(), concurrencyPolicy=policy))
    for name in REQUESTS:
        space.apply(request(name, immediately(), process={"name": "close-day"}))
    waits = space.wait(
        lambda: [run for name in REQUESTS for run in space.runs(name) if run["status"].get("reason") == "Waiting"],
        "one waits for another request",
    )[0]
    assert "of request" in waits["status"]["message"]
    left = {*REQUESTS}
    while left:
        name = space.wait(partial(_at_work, space, left), "the next one works")
        space.release(name_of(space.runs(name)[0]))
        space.wait_runs(name, 1, "Succeeded")
        left.remove(name)
    assert_one_at_a_time(space)
    assert len(lives(space)) == 3


def _at_work(space: Workspace, names: set[str]) -> str:
    """The request among these whose run is at work, if there is one."""
    return next((name for name in names for run in space.runs(name) if run["status"]["phase"] == "Running"), "")


@pytest.mark.disruptive
def test_the_policy_holds_when_the_operator_is_killed(space: Workspace, operator: OperatorProcess) -> None:
    space.apply(process("close-day", sleeper(1), concurrencyPolicy="Queue"))
    lead = space.accept(6, *_ticking(startTime=FAR))
    start = now().replace(microsecond=0) + lead
    ticks = [start + index * timedelta(seconds=3) for index in range(3)]
    space.apply_all(*_ticking(startTime=written(start), finishTime=written(ticks[-1])))
    space.wait_until(start + timedelta(seconds=2))
    operator.kill()
    operator.start()
    for name in REQUESTS:
        space.wait_phase(name, "Finished")
        runs = space.runs(name)
        assert [instant(run["spec"]["scheduledTime"]) for run in runs] == ticks
        assert {run["status"]["phase"] for run in runs} == {"Succeeded"}
    assert_one_at_a_time(space)
    served = [name for _, _, name in lives(space)]
    assert served == [*REQUESTS] * 3, "by due instant, then by name"


def _ticking(**bounds: str) -> list[Object]:
    """The requests, with a tick every three seconds."""
    timing = schedule(secondly={"every": 3}, **bounds)
    return [request(name, timing, process={"name": "close-day"}, catchUp="All", history=MANY) for name in REQUESTS]
