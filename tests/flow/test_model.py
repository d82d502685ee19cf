"""Random histories of one schedule, played through the real operator and compared with the reference model.

Hypothesis draws what users do and what happens to the operator, and shrinks a history that fails to its shortest form.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flow.driver import BEGIN, Flow
from tests.flow.invariants import check_runs
from tests.flow.model import Model

from process_operator.resources.process_run import Trigger

if TYPE_CHECKING:
    from process_operator.resources.process_run import ProcessRun

EXAMPLES: Final = int(os.environ.get("MODEL_EXAMPLES") or 60)
_BY_TICK: Final = (Trigger.SCHEDULE, Trigger.CATCH_UP)

Step = tuple[str, int]

STEPS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 40)),
        st.tuples(st.just("suspend"), st.just(0)),
        st.tuples(st.just("resume"), st.just(0)),
        st.tuples(st.just("reschedule"), st.just(0)),
        st.tuples(st.just("edit"), st.sampled_from([3, 7, 10])),
        st.tuples(st.just("crash"), st.just(0)),
        st.tuples(st.just("leave"), st.just(0)),
        st.tuples(st.just("come back"), st.just(0)),
        st.tuples(st.just("clock jumps ahead"), st.integers(1, 60)),
    ),
    min_size=2,
    max_size=12,
)
POLICIES: Final = st.sampled_from(["Allow", "Forbid", "Queue", "Replace"])
CATCH_UP: Final = st.sampled_from(["Latest", "All"])


def timing(every: int) -> dict[str, object]:
    return {"schedule": {"secondly": {"every": every}}}


async def play(steps: list[Step], policy: str, catch_up: str, work: int) -> None:
    """Play a history on the operator and on the model, and compare what stands for each tick."""
    flow, model = Flow(is_late=True), Model(BEGIN, every=5)
    await flow.start()
    flow.work(seconds=work)
    history = {"successful": 1000, "failed": 1000, "other": 1000}
    flow.apply(timing=timing(5), concurrencyPolicy=policy, catchUp=catch_up, history=history)
    await flow.settle()
    for number, (step, value) in enumerate(steps):
        await _do(flow, model, step, value, number)
    if not model.is_operator_there:
        model.come_back()
        await flow.start()
    wanted = model.expected()
    await flow.settle()
    # A tick that waits for another run is recorded when its turn has come or its time is over.
    flow.apply(timing=timing(5), suspend=True)
    await flow.advance(300)
    check_runs(flow)
    covered = Counter(tick for run in flow.runs(pruned=True) if run.spec.trigger in _BY_TICK for tick in _ticks(run))
    assert not {tick for tick, count in covered.items() if count > 1}, "ticks in more than one run"
    assert not wanted.must - set(covered), "ticks in no run"
    assert not set(covered) - wanted.may, "runs of no tick"


async def _do(flow: Flow, model: Model, step: str, value: int, number: int) -> None:
    match step:
        case "wait":
            await flow.advance(value)
            model.advance(value)
        case "suspend" | "resume":
            flow.edit(suspend=step == "suspend")
            model.suspend(to=step == "suspend")
        case "reschedule":
            flow.reschedule(f"press {number}")
            model.reschedule()
        case "edit":
            flow.edit(timing=timing(value))
            model.edit(value)
        case "crash" if model.is_operator_there:
            await flow.crash()
        case "leave" if model.is_operator_there:
            model.leave()
            await flow.stop()
        case "come back" if not model.is_operator_there:
            model.come_back()
            await flow.start()
        case "clock jumps ahead":
            flow.set_clock(timedelta(seconds=value))
            model.advance(value)
    await flow.settle()


def _ticks(run: ProcessRun) -> list[datetime]:
    """The ticks that a run stands for: its own, or those of its summary, which are evenly spaced."""
    assert run.spec.scheduled_time is not None
    summary = run.status.summary
    if summary is None:
        return [run.spec.scheduled_time]
    assert summary.from_ == run.spec.scheduled_time
    step = (summary.to - summary.from_) / max(1, summary.count - 1)
    return [summary.from_ + number * step for number in range(summary.count)]


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, policy=POLICIES, catch_up=CATCH_UP, work=st.sampled_from([0, 2, 11]))
def test_every_tick_is_in_exactly_one_run_whatever_happens(
    steps: list[Step], policy: str, catch_up: str, work: int
) -> None:
    with structlog.testing.capture_logs():
        asyncio.run(play(steps, policy, catch_up, work))
