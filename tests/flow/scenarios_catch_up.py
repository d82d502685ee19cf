"""Scenarios of `catchUp: All`: ticks that became due together, during an outage or behind a blocking run, run in order."""

from __future__ import annotations

from itertools import pairwise

from tests.flow.driver import Flow, Work
from tests.flow.scenario import Collection
from tests.flow.scenarios_schedule import FIRST, SKIPPED, SUCCEEDED, SUPERSEDED, TOO_LATE, every, ticks

from process_operator.resources.process_run import Trigger

CATCH_UP = Collection()
scenario = CATCH_UP.scenario

TOO_MANY = "Missed/TooMany"


async def _be_away(flow: Flow, seconds: float) -> None:
    """Keep the operator away from half a second after the first tick until `seconds` after the beginning."""
    await flow.to(0.5)
    await flow.stop()
    await flow.to(seconds)
    await flow.start()


def _triggers(flow: Flow) -> list[Trigger]:
    return [run.spec.trigger for run in flow.runs()]


def _never_two_at_once(flow: Flow) -> bool:
    """Whether each run began no earlier than the one before had ended."""
    times = sorted(
        (run.status.start_time, run.status.end_time)
        for run in flow.runs()
        if run.status.start_time is not None and run.status.end_time is not None
    )
    return all(before[1] <= after[0] for before, after in pairwise(times))


@scenario("an outage under Allow, all made up", ends=[SUCCEEDED] * 14)
async def allow(flow: Flow) -> None:
    flow.apply(timing=every(5, until=65), catchUp="All", history={"successful": 100})
    await _be_away(flow, 61)
    flow.expect(lambda: len(flow.jobs()), 13, undisturbed=True)
    await flow.to(120)
    flow.expect(lambda: _triggers(flow).count(Trigger.CATCH_UP), 11, undisturbed=True)


@scenario("an outage under Forbid, all made up one after the other", ends=[SUCCEEDED] * 8)
async def forbid(flow: Flow) -> None:
    flow.work(seconds=3)
    flow.apply(timing=every(5, until=35), catchUp="All", concurrencyPolicy="Forbid", history={"successful": 100})
    await _be_away(flow, 31)
    flow.expect(lambda: flow.request().status.waiting_count, 6, undisturbed=True)
    await flow.to(150)
    flow.expect(lambda: _never_two_at_once(flow), True)


@scenario(
    "an outage under Replace, of which only the newest is made up", ends=[SUCCEEDED, SUPERSEDED, SUPERSEDED, SUCCEEDED]
)
async def replace(flow: Flow) -> None:
    flow.apply(timing=every(5, until=16), catchUp="All", concurrencyPolicy="Replace")
    await _be_away(flow, 16)
    await flow.to(60)


@scenario("an outage under Queue, all made up one after the other", ends=[SUCCEEDED] * 15)
async def queue(flow: Flow) -> None:
    flow.apply(timing=every(5, until=72), catchUp="All", concurrencyPolicy="Queue", history={"successful": 100})
    await _be_away(flow, 71)
    flow.expect(lambda: len(flow.runs()), 15, undisturbed=True)
    await flow.to(300)
    flow.expect(lambda: _never_two_at_once(flow), True)


@scenario(
    "an outage of which more came due than are made up",
    ends=[SUCCEEDED, f"{TOO_MANY} x100", *[SUCCEEDED] * 100],
    writes=(1, 40),
)
async def too_many(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=every(1, until=200), catchUp="All", history={"successful": 1000})
    await _be_away(flow, 201)
    await flow.to(230)


@scenario("every second under Forbid beside a run of four minutes, all made up", ends=None, writes=(1, 16))
async def blocked_for_long(flow: Flow) -> None:
    flow.controllers.work = lambda name: Work(seconds=240 if name == FIRST else 0)
    flow.apply(timing=every(1, until=230), catchUp="All", concurrencyPolicy="Forbid", history={"successful": 1000})
    await flow.to(200)
    flow.expect(lambda: flow.phases()[1].startswith(f"{TOO_MANY} x"), True, undisturbed=True)
    await flow.to(700)
    flow.expect(flow.phases, [SUCCEEDED, f"{TOO_MANY} x130", *[SUCCEEDED] * 100], undisturbed=True)


@scenario(
    "a tick that waits behind a run under Forbid is skipped at its deadline, and the others follow",
    ends=[SUCCEEDED, *[SKIPPED] * 4, *[SUCCEEDED] * 5],
)
async def deadline(flow: Flow) -> None:
    flow.controllers.work = lambda name: Work(seconds=41 if name == FIRST else 0)
    flow.apply(
        timing=every(5, until=46),
        catchUp="All",
        concurrencyPolicy="Forbid",
        startingDeadlineSeconds=20,
        history={"successful": 100, "other": 100},
    )
    await flow.to(120)


@scenario("an outage with a starting deadline, of which the rest is made up", ends=None)
async def outage_deadline(flow: Flow) -> None:
    flow.apply(
        timing=every(5, until=62), catchUp="All", startingDeadlineSeconds=20, history={"successful": 100, "other": 100}
    )
    await _be_away(flow, 61)
    await flow.to(120)
    flow.expect(flow.phases, [SUCCEEDED, *[TOO_LATE] * 8, *[SUCCEEDED] * 4], undisturbed=True)


@scenario(
    "ticks that wait when the request is suspended, all made up otherwise",
    ends=[SUCCEEDED, "Missed/Suspended x2"],
    due=lambda: ticks(0, 5, 10),
)
async def suspended(flow: Flow) -> None:
    flow.work(seconds=30)
    flow.apply(timing=every(5, until=75), catchUp="All", concurrencyPolicy="Forbid")
    await flow.to(12)
    flow.edit(suspend=True)
    await flow.to(80)
