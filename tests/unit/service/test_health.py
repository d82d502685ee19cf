"""Answers of the probes, on a clock that is set by hand. `tests/cluster/test_high_availability.py` asks a process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from process_operator.controller.agenda import Agenda
from process_operator.controller.timer import Timer
from process_operator.controller.work_queue import WorkQueue
from process_operator.service.health import Health
from process_operator.service.leader_election import Leadership
from process_operator.watch.selections import SELECTIONS

WATCH_SECONDS = 400.0


class Operator:
    """The parts that health looks at, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.queue: WorkQueue[tuple[str, str]] = WorkQueue()
        self.leadership = Leadership(None)
        self.timer = Timer(Agenda(), self.queue, lambda: datetime.now(UTC))
        self.timer.turned_at = self.now
        self.health = Health(
            leadership=self.leadership,
            queue=self.queue,
            timer=self.timer,
            watch_seconds=WATCH_SECONDS,
            monotonic=lambda: self.now,
        )

    def work(self) -> None:
        """Listed, watched and leading."""
        self.health.listed()
        self.watch(200)
        self.leadership.leads = True
        self.health.live()

    def watch(self, status: int) -> None:
        for selection in SELECTIONS:
            self.health.watch_requested(selection.kind.plural, status)

    def wait(self, seconds: float, *, turns: bool = True) -> None:
        self.now += seconds
        if turns:
            self.timer.turned_at = self.now


def not_listed(operator: Operator) -> None:
    operator.health.listed_at = None


def rejected_watch(operator: Operator) -> None:
    operator.health.watch_requested("jobs", 403)


def stand_by(operator: Operator) -> None:
    operator.leadership.leads = False


def silent_watch(operator: Operator) -> None:
    operator.wait(WATCH_SECONDS + 1)
    for selection in SELECTIONS[1:]:
        operator.health.watch_requested(selection.kind.plural, 200)


def all_watches_renewed(operator: Operator) -> None:
    operator.wait(WATCH_SECONDS + 1)
    operator.watch(200)


def outage_of_the_server(operator: Operator) -> None:
    for _ in range(10):
        operator.wait(100)
        operator.watch(503)


def trying_to_list(operator: Operator) -> None:
    operator.wait(WATCH_SECONDS + 1)
    operator.health.watching()


def still_timer(operator: Operator) -> None:
    operator.wait(31, turns=False)


def stuck_queue(operator: Operator) -> None:
    operator.queue.add(("erp", "one"))
    operator.health.live()
    operator.wait(121)


def empty_queue(operator: Operator) -> None:
    operator.wait(300)


def still_timer_of_a_stand_by(operator: Operator) -> None:
    stand_by(operator)
    still_timer(operator)


@pytest.mark.parametrize(
    ("happens", "ready", "live"),
    [
        pytest.param(lambda _: None, "ready: leading", "live", id="all is well"),
        pytest.param(
            not_listed,
            "not ready: the first list has not succeeded yet; the log says why",
            "live",
            id="nothing was listed yet",
        ),
        pytest.param(rejected_watch, "not ready: no watch of jobs", "live", id="a watch is rejected"),
        pytest.param(stand_by, "ready: stand-by, no operator leads", "live", id="a stand-by is ready and says so"),
        pytest.param(
            silent_watch,
            "not live: no watch of processes",
            "not live: no watch of processes",
            id="a watch is not asked for any more",
        ),
        pytest.param(all_watches_renewed, "ready: leading", "live", id="watches are requested again from time to time"),
        pytest.param(
            outage_of_the_server,
            "not ready: no watch of cronjobs, jobs, pods, processbackfills, processes, processrequests, processruns",
            "live",
            id="an API server that is away does not fail the liveness",
        ),
        pytest.param(trying_to_list, "ready: leading", "live", id="trying to list is a sign of life"),
        pytest.param(
            still_timer,
            "not live: the timer has not run for 31 s",
            "not live: the timer has not run for 31 s",
            id="the timer is stalled",
        ),
        pytest.param(
            stuck_queue,
            "not live: the work queue has not moved for 121 s",
            "not live: the work queue has not moved for 121 s",
            id="keys wait and no worker takes them",
        ),
        pytest.param(empty_queue, "ready: leading", "live", id="nothing to do for long"),
        pytest.param(
            still_timer_of_a_stand_by, "ready: stand-by, no operator leads", "live", id="a stand-by needs no timer"
        ),
    ],
)
def test_probes(happens: Callable[[Operator], None], ready: str, live: str) -> None:
    operator = Operator()
    operator.work()
    happens(operator)
    assert operator.health.ready().text == ready
    assert operator.health.live().text == live
    assert operator.health.ready().ok is ready.startswith("ready")
    assert operator.health.live().ok is (live == "live")


async def test_a_queue_that_moves_is_live() -> None:
    operator = Operator()
    operator.work()
    for number in range(5):
        operator.queue.add(("erp", f"a-{number}"))
        operator.queue.add(("erp", f"b-{number}"))
        await operator.queue.get()
        operator.wait(100)
        operator.watch(200)
        assert operator.health.live().text == "live"
