"""Scenarios of backfills: a range of a schedule's past is run, once, whatever else happens."""

from __future__ import annotations

from collections.abc import Mapping

from tests.flow.driver import BEGIN, Flow, Work
from tests.flow.scenario import Collection
from tests.flow.scenarios_schedule import SUCCEEDED, SUPERSEDED, every

from process_operator.resources.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.names import backfill_run_name
from process_operator.resources.process_run import ProcessRun, Trigger

BACKFILLS = Collection()
scenario = BACKFILLS.scenario

FAILED, CANCELED = "Failed/ExitCode", "Canceled/Canceled"
MINUTES = {"schedule": {"cron": "* * * * *", "finishTime": "2027-03-01T12:08:30Z"}}
"""Ticks for some minutes from the beginning; those before it are in no activation."""
LAST_HOUR = {"schedule": {"cron": "* 11 * * *"}}
"""Ticks that are over when a scenario begins, and come again tomorrow."""


def _end(flow: Flow, name: str) -> tuple[str, str | None, Mapping[str, int]]:
    status = flow.backfilled(name).status
    return status.phase, status.progress, {key: number for key, number in status.counts if number}


def _own(flow: Flow) -> list[ProcessRun]:
    """Runs of backfills that ever were, oldest tick first."""
    return [run for run in flow.runs(pruned=True) if run.spec.trigger == Trigger.BACKFILL]


def _most_at_once(flow: Flow) -> int:
    times = [(run.status.start_time, run.status.end_time) for run in _own(flow)]
    known = [(begin, end) for begin, end in times if begin is not None and end is not None]
    return max(sum(1 for begin, end in known if begin <= moment < end) for moment, _ in known)


def _check_each_tick_once(flow: Flow, number: int) -> None:
    """Check that each tick of backfills has one run, also if its run was removed and requested again."""
    ticks = [run.spec.scheduled_time for run in _own(flow)]
    assert len(ticks) == len(set(ticks)) == number


@scenario("a backfill of five ticks, one after the other", ends=[SUCCEEDED] * 5, rest=3700)
async def one_after_the_other(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=LAST_HOUR, history={"successful": 2})
    await flow.to(2)
    flow.backfill("before", -300.25, -60)
    await flow.to(30)
    flow.expect(lambda: (flow.backfilled("before").status.phase, len(_own(flow))), ("Running", 2), undisturbed=True)
    await flow.to(300)
    assert _end(flow, "before") == ("Succeeded", "5/5", {"succeeded": 5})
    assert _most_at_once(flow) == 1
    _check_each_tick_once(flow, 5)
    flow.expect(lambda: len(flow.runs()), 2)


@scenario("a backfill of which three may run at once", ends=[SUCCEEDED] * 5, rest=3700)
async def three_at_once(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=LAST_HOUR)
    flow.backfill("before", -300.25, -60, maxActiveRuns=3)
    await flow.to(10)
    flow.expect(lambda: len(_own(flow)), 3)
    await flow.to(300)
    assert _end(flow, "before") == ("Succeeded", "5/5", {"succeeded": 5})
    _check_each_tick_once(flow, 5)


@scenario("a backfill beside the ticks of its schedule under Forbid", ends=None, writes=(1, 24))
async def beside_ticks(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.apply(timing=MINUTES, concurrencyPolicy="Forbid", catchUp="All", history={"successful": 100, "other": 100})
    flow.backfill("before", -300.25, -60)
    await flow.to(900)
    assert _end(flow, "before") == ("Succeeded", "5/5", {"succeeded": 5})
    _check_each_tick_once(flow, 5)
    flow.expect(lambda: len([run for run in flow.runs() if run.spec.trigger != Trigger.BACKFILL]), 8)


@scenario("a backfill under Replace is one after the other, and a tick replaces it", ends=None)
async def under_replace(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.apply(timing=every(30, until=95), concurrencyPolicy="Replace", history={"successful": 100, "other": 100})
    flow.backfill("before", -120.25, -30, maxActiveRuns=5)
    await flow.to(600)
    _check_each_tick_once(flow, 4)
    flow.expect(lambda: _most_at_once(flow), 1)


@scenario("ticks that were missed are run by a backfill, and those that ran are not", ends=None, writes=(32, 56))
async def missed_ticks(flow: Flow) -> None:
    flow.apply(timing=every(5, until=62), history={"successful": 100, "other": 100})
    await flow.to(6)
    await flow.stop()
    await flow.to(61)
    await flow.start()
    await flow.to(90)
    flow.expect(lambda: flow.phases().count(SUPERSEDED), 10, undisturbed=True)
    flow.backfill("missed", 0, 60)
    await flow.to(300)
    flow.expect(lambda: _end(flow, "missed"), ("Succeeded", "13/13", {"succeeded": 10, "existing": 3}))


@scenario("a backfill up to now leaves what is not settled to the schedule", ends=None, writes=(6, 34))
async def up_to_now(flow: Flow) -> None:
    flow.work(seconds=42)
    flow.apply(timing=every(10, until=95), concurrencyPolicy="Forbid", catchUp="All", history={"successful": 100})
    await flow.to(35)
    flow.backfill("all", -10.25, 3600)
    await flow.to(900)
    _check_each_tick_once(flow, 1)
    flow.expect(lambda: _end(flow, "all"), ("Succeeded", "5/5", {"succeeded": 1, "existing": 4}))


@scenario("two backfills that overlap", ends=[SUCCEEDED] * 8, rest=3700)
async def overlap(flow: Flow) -> None:
    flow.work(seconds=10)
    flow.apply(timing=LAST_HOUR, history={"successful": 1})
    flow.backfill("one", -480.25, -180)
    await flow.to(30)
    flow.backfill("two", -480.25, -60, maxActiveRuns=2)
    await flow.to(600)
    _check_each_tick_once(flow, 8)
    (one, _, first), (two, _, second) = _end(flow, "one"), _end(flow, "two")
    assert (one, two) == ("Succeeded", "Succeeded")
    assert first["succeeded"] + second["succeeded"] == 8
    flow.backfill("three", -480.25, -60)
    await flow.to(900)
    assert _end(flow, "three") == ("Succeeded", "8/8", {"existing": 8})


@scenario("a backfill of which a run fails", ends=[FAILED, SUCCEEDED, SUCCEEDED], rest=3700)
async def failing(flow: Flow) -> None:
    first = backfill_run_name("job-f34a2bff", int(BEGIN.timestamp()) - 180)
    flow.controllers.work = lambda name: Work(seconds=5, exit_code=3 if name == first else 0)
    flow.apply(timing=LAST_HOUR)
    flow.backfill("before", -180.25, -60)
    await flow.to(300)
    assert _end(flow, "before") == ("Failed", "3/3", {"succeeded": 2, "failed": 1})


@scenario(
    "a backfill that runs again what failed, beside its record",
    ends=[SUCCEEDED, FAILED, SUCCEEDED, SUCCEEDED],
    rest=3700,
)
async def failed_again(flow: Flow) -> None:
    second = backfill_run_name("job-f34a2bff", int(BEGIN.timestamp()) - 120)
    flow.controllers.work = lambda name: Work(seconds=5, exit_code=3 if name == second else 0)
    flow.apply(timing=LAST_HOUR)
    flow.backfill("first", -180.25, -60)
    await flow.to(60)
    flow.expect(lambda: _end(flow, "first"), ("Failed", "3/3", {"succeeded": 2, "failed": 1}))
    flow.backfill("never", -180.25, -60)
    flow.backfill("again", -180.25, -60, rerun="Failed")
    await flow.to(120)
    assert _end(flow, "never") == ("Succeeded", "3/3", {"existing": 3})
    assert _end(flow, "again") == ("Succeeded", "3/3", {"succeeded": 1, "existing": 2})


@scenario("a backfill of a tick whose run was deleted runs it", ends=[SUCCEEDED] * 4)
async def deleted_run(flow: Flow) -> None:
    flow.apply(timing=every(10, until=25), history={"successful": 10})
    await flow.to(24)
    for run in flow.runs()[1:2]:
        flow.cluster.delete(PROCESS_RUN, run.metadata.name)
    flow.backfill("again", 9, 11)
    await flow.to(60)
    assert _end(flow, "again") == ("Succeeded", "1/1", {"succeeded": 1})


@scenario("a backfill that is canceled", ends=None)
async def canceled(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=LAST_HOUR)
    flow.backfill("before", -300.25, -60)
    await flow.to(30)
    flow.expect(lambda: len(_own(flow)), 2)
    flow.cancel_backfill("before")
    await flow.to(120)
    flow.expect(lambda: (flow.phases(), _end(flow, "before")[:2]), ([SUCCEEDED, CANCELED], ("Canceled", "2/5")))
    assert flow.backfilled("before").status.phase == "Canceled"


@scenario("a backfill waits while its request is suspended", ends=[SUCCEEDED] * 3, rest=3700, due=list)
async def suspended(flow: Flow) -> None:
    flow.work(seconds=10)
    flow.apply(timing=LAST_HOUR)
    flow.backfill("before", -180.25, -60)
    await flow.to(5)
    flow.edit(suspend=True)
    await flow.to(60)
    flow.expect(lambda: flow.phases(), [SUCCEEDED])
    flow.expect(lambda: flow.backfilled("before").status.reason, "Suspended", undisturbed=True)
    flow.edit(suspend=False)
    await flow.to(200)
    assert _end(flow, "before") == ("Succeeded", "3/3", {"succeeded": 3})


@scenario("backfills that cannot be run", ends=None, rest=3700)
async def rejected(flow: Flow) -> None:
    flow.apply(timing=LAST_HOUR)
    flow.apply("once", timing={"runImmediately": {}})
    flow.backfill("empty", 60, 3600)
    flow.backfill("huge", -200 * 86400, -60)
    flow.backfill("once", -300, -60, request="once")
    flow.backfill("nobody", -300, -60, request="nobody")
    await flow.to(60)
    found = {name: flow.backfilled(name).status for name in ("empty", "huge", "once", "nobody")}
    assert {name: (status.phase, status.reason) for name, status in found.items()} == {
        "empty": ("Failed", "NoTicks"),
        "huge": ("Failed", "TooManyTicks"),
        "once": ("Failed", "NotScheduled"),
        "nobody": ("Pending", "RequestNotFound"),
    }
    assert "12000 times" in (found["huge"].message or "")


@scenario(
    "a backfill that is applied before its request, and stays when that is deleted", ends=[SUCCEEDED] * 3, rest=3700
)
async def before_its_request(flow: Flow) -> None:
    flow.backfill("before", -180.25, -60)
    await flow.to(10)
    flow.apply(timing=LAST_HOUR)
    await flow.to(120)
    assert _end(flow, "before") == ("Succeeded", "3/3", {"succeeded": 3})
    flow.cluster.delete(PROCESS_REQUEST, "job")
    await flow.to(130)
    assert (_end(flow, "before")[0], flow.runs()) == ("Succeeded", [])
