"""Scenarios of ticks that are claimed two seconds before they are due, and of what may happen until then."""

from __future__ import annotations

from datetime import timedelta

from tests.flow.driver import Flow, later
from tests.flow.scenario import Collection
from tests.flow.scenarios_schedule import CANCELED, SUCCEEDED, SUPERSEDED, every, tick_run, ticks

from process_operator.resources.kinds import PROCESS_REQUEST

AHEAD = Collection()
scenario = AHEAD.scenario


def claimed(flow: Flow) -> list[str]:
    """The runs that are there and have not begun."""
    return [run.metadata.name for run in flow.runs() if run.status.phase == "Pending"]


@scenario("claimed ahead, every 20 seconds", ends=[SUCCEEDED] * 4, looks_ahead=True)
async def plain(flow: Flow) -> None:
    flow.work(seconds=2)
    flow.apply(timing=every(20, until=61), history={"successful": 10})
    await flow.to(18)
    flow.expect(lambda: claimed(flow), [tick_run(20)], undisturbed=True)
    # Until its tick it stands for nothing.
    status = flow.request().status
    flow.expect(lambda: (status.active_count, status.waiting_count, status.phase), (0, 0, "Scheduled"))
    await flow.to(90)


@scenario("claimed ahead and unscheduled before the tick", ends=[SUCCEEDED], due=lambda: ticks(0), looks_ahead=True)
async def unscheduled(flow: Flow) -> None:
    flow.apply(timing=every(20, until=61))
    await flow.to(18)
    flow.edit(suspend=True)
    await flow.to(90)
    flow.expect(lambda: len(flow.runs()), 1)


@scenario(
    "claimed ahead, unscheduled, and scheduled again before the tick",
    ends=None,
    due=lambda: ticks(0, 20, 40),
    looks_ahead=True,
)
async def resumed(flow: Flow) -> None:
    flow.apply(timing=every(20, until=41))
    await flow.to(18)
    flow.edit(suspend=True)
    await flow.to(18.5)
    flow.edit(suspend=False, timing={"schedule": {"cron": "*/20 * * * * ?", "finishTime": later(41)}})
    await flow.to(90)
    flow.expect(lambda: flow.phases()[-1], SUCCEEDED)


@scenario(
    "claimed ahead, and the timing is edited before the tick", ends=None, due=lambda: ticks(0, 30), looks_ahead=True
)
async def edited(flow: Flow) -> None:
    flow.apply(timing=every(20, until=41))
    await flow.to(18)
    flow.calendars["job"] = [found] if (found := flow.request().spec.timing.schedule) else []
    flow.edit(timing={"schedule": {"cron": "30 * 12 * * ?", "finishTime": later(41)}})
    await flow.to(90)
    flow.expect(lambda: [run.spec.scheduled_time for run in flow.runs()], ticks(0, 30))


@scenario("claimed ahead, and the request is deleted before the tick", ends=None, due=list, looks_ahead=True)
async def deleted(flow: Flow) -> None:
    flow.apply(timing=every(20, until=41))
    await flow.to(18)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    await flow.to(90)
    flow.expect(lambda: len(flow.runs()), 0)


@scenario(
    "claimed ahead, and the claim is canceled before the tick", ends=[SUCCEEDED, CANCELED, SUCCEEDED], looks_ahead=True
)
async def canceled(flow: Flow) -> None:
    flow.apply(timing=every(20, until=41))
    await flow.to(18)
    if claimed(flow):
        flow.cancel(tick_run(20))
    await flow.to(90)


@scenario(
    "claimed ahead, and no operator is there for the next two ticks",
    ends=[SUCCEEDED, SUPERSEDED, SUCCEEDED, SUCCEEDED],
    looks_ahead=True,
)
async def away(flow: Flow) -> None:
    flow.apply(timing=every(20, until=61), history={"successful": 10})
    await flow.to(18)
    await flow.stop()
    await flow.to(50)
    await flow.start()
    await flow.to(90)


@scenario("claimed ahead, and another operator is there at the tick", ends=[SUCCEEDED] * 3, looks_ahead=True)
async def handed_over(flow: Flow) -> None:
    flow.apply(timing=every(20, until=41))
    await flow.to(18)
    await flow.crash()
    await flow.to(90)


@scenario("claimed ahead by a clock that is then set back by a minute", ends=None, looks_ahead=True)
async def set_back(flow: Flow) -> None:
    flow.apply(timing=every(20, until=41))
    await flow.to(18)
    flow.set_clock(timedelta(seconds=-60))
    await flow.to(90)
