"""Scenarios of runs by hand."""

from __future__ import annotations

from tests.flow.driver import Flow, template
from tests.flow.scenario import Collection
from tests.flow.scenarios_once import NOW

MANUAL = Collection()
scenario = MANUAL.scenario

SUCCEEDED, CANCELED = "Succeeded/Completed", "Canceled/Canceled"


@scenario("a run by hand", ends=[SUCCEEDED, SUCCEEDED])
async def by_hand(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.run_now("by-hand")
    await flow.to(40)
    flow.expect(lambda: flow.run("by-hand").metadata.labels["process-operator.io/request"], "job")
    assert flow.run("by-hand").metadata.owner_references == ()


@scenario("a run by hand while the request is suspended", ends=[SUCCEEDED])
async def by_hand_suspended(flow: Flow) -> None:
    flow.apply(timing=NOW, suspend=True)
    await flow.to(10)
    flow.run_now("by-hand")
    await flow.to(30)


@scenario("a run by hand that is there before its request", ends=[SUCCEEDED, SUCCEEDED])
async def by_hand_early(flow: Flow) -> None:
    flow.run_now("by-hand")
    await flow.to(10)
    flow.expect(lambda: flow.phases(), ["Pending/RequestNotFound"])
    flow.apply(timing=NOW)
    await flow.to(40)


@scenario(
    "a run by hand that is deleted and made again under its name",
    ends=["Running", SUCCEEDED],
    remade=frozenset({"by-hand"}),
)
async def by_hand_again(flow: Flow) -> None:
    flow.apply(timing=NOW, suspend=True)
    flow.work(seconds=100)
    flow.run_now("by-hand")
    await flow.to(10)
    # The garbage collector takes its time: the old Job is still there.
    flow.cluster.collector_away = True
    flow.delete_newest()
    flow.work(seconds=5)
    flow.run_now("by-hand")
    await flow.to(12)
    flow.cluster.collector_away = False
    await flow.to(60)


@scenario("a run by hand that waits under Forbid", ends=[SUCCEEDED, SUCCEEDED])
async def by_hand_forbid(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=NOW, concurrencyPolicy="Forbid")
    await flow.to(10)
    flow.run_now("by-hand")
    await flow.to(15)
    flow.expect(lambda: flow.phases(), ["Running", "Pending/Waiting"])
    await flow.to(60)


@scenario("a run by hand that is canceled while it waits", ends=[SUCCEEDED, CANCELED])
async def by_hand_canceled(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=NOW, concurrencyPolicy="Forbid")
    await flow.to(10)
    flow.run_now("by-hand")
    await flow.to(15)
    flow.cancel("by-hand")
    await flow.to(60)
    flow.expect(lambda: flow.run("by-hand").status.phase, "Canceled")


@scenario("a run by hand whose name leaves no room for the indexes of its Job", ends=[SUCCEEDED, "Failed/Rejected"])
async def by_hand_too_long(flow: Flow) -> None:
    body = template()
    body["spec"] |= {"completionMode": "Indexed", "completions": 12}
    flow.apply(timing=NOW, jobTemplate=body)
    await flow.to(20)
    flow.run_now("by-hand-" + "a" * 55)
    await flow.to(40)
    words = "metadata.name: must have at most 60 characters and no dot, because the Job is Indexed"
    flow.expect(lambda: words in (flow.newest().message or ""), True)
