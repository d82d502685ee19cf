"""Clock guard: the stalls and clock jumps that it detects, and the consequences for what is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from tests.builders.instants import at

from process_operator.controller.clock_guard import ClockGuard
from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.observations import RunObservations
from process_operator.resources.process_run import RunLog
from process_operator.state.request_observations import HistoryLoaded
from process_operator.state.run_observations import JobDeleted, JobRejected, LogRead
from process_operator.state.store import Store

KEY = ("erp", "close")
BEGIN = at("12:00")


@dataclass
class Clocks:
    passed: float = 0.0
    set_by: float = 0.0

    def wall(self) -> datetime:
        return BEGIN + timedelta(seconds=self.passed + self.set_by)

    def steady(self) -> float:
        return self.passed


@pytest.mark.parametrize(
    ("passed", "set_by", "breaks"),
    [
        pytest.param(1.0, 0.0, 0, id="a second passes"),
        pytest.param(2.9, 0.0, 0, id="a busy loop is late"),
        pytest.param(1.0, 0.4, 0, id="the clock is slewed"),
        pytest.param(30.0, 0.0, 1, id="the process was stalled"),
        pytest.param(1.0, 45.0, 1, id="the clock was set forward, or the machine slept"),
        pytest.param(1.0, -300.0, 1, id="the clock was set back"),
    ],
)
def test_a_break_is_noticed_once(passed: float, set_by: float, breaks: int) -> None:
    clocks = Clocks()
    store = Store(on_dirty=lambda _: None, clock=clocks.wall)
    clock_guard = ClockGuard(store, clocks.wall, steady=clocks.steady)
    store.observe(KEY, HistoryLoaded(()))
    clocks.passed, clocks.set_by = passed, set_by
    assert [clock_guard.check(), clock_guard.check()] == [breaks, breaks]
    assert (store.facts(KEY).history is None) is bool(breaks)


def test_times_of_open_runs_follow_a_clock_that_is_set() -> None:
    store = Store(on_dirty=lambda _: None, clock=lambda: BEGIN)
    rejected = Blocked("Job run cannot be created", "QuotaExceeded", "full", since=BEGIN, again_at=at("12:00:15"))
    log = RunLog(text="done")
    for observation in (JobDeleted("run", "job-uid", BEGIN), JobRejected("run", rejected), LogRead("run", log, "pod")):
        store.observe(KEY, observation)
    store.shift_clock(timedelta(minutes=-5))
    assert store.facts(KEY).runs["run"] == RunObservations(
        ended_at=at("11:55"),
        create_rejected=replace(rejected, since=at("11:55"), again_at=at("11:55:15")),
        log=log,
        log_pod="pod",
    )
