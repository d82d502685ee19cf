"""Scenarios of what belongs to others: conditions that they write, and objects that a person created."""

from __future__ import annotations

from typing import Final

from tests.builders.objects import Object
from tests.flow.driver import Flow, later
from tests.flow.scenario import Collection

from process_operator.resources.kinds import PROCESS, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.names import LABEL_REQUEST_UID

SHARED = Collection()
scenario = SHARED.scenario

NOW: Final[Object] = {"runImmediately": {}}
LAST_HOUR: Final[Object] = {"schedule": {"cron": "* 11 * * *"}}
"""Ticks that are over when a scenario begins, and come again tomorrow."""
SUCCEEDED: Final = "Succeeded/Completed"
ELSEWHERE: Final = {LABEL_REQUEST_UID: "00000000-0000-4000-8000-00000000aaaa"}
"""Label of an object that was exported from another cluster."""


def audit(flow: Flow, kind: Kind, name: str) -> None:
    """Another program writes a condition of its own."""
    there = flow.cluster.read(kind, name)["status"].get("conditions") or []
    theirs: Object = {"type": "Audited", "status": "True", "reason": "Seen", "lastTransitionTime": later(0)}
    flow.cluster.patch(kind, "default", name, {"status": {"conditions": [*there, theirs]}}, subresource="status")


def types(flow: Flow, kind: Kind, name: str) -> set[str]:
    """The types of an object's conditions."""
    return {found["type"] for found in flow.cluster.read(kind, name)["status"].get("conditions") or []}


@scenario("conditions of another program, on an object of each kind", ends=[SUCCEEDED, SUCCEEDED], rest=3700)
async def conditions(flow: Flow) -> None:
    flow.apply_process("close")
    flow.apply(timing=LAST_HOUR, process={"name": "close"})
    flow.backfill("past", -60.25, -59)
    flow.run_now("by-hand")
    objects = ((PROCESS, "close"), (PROCESS_REQUEST, "job"), (PROCESS_BACKFILL, "past"), (PROCESS_RUN, "by-hand"))
    for kind, name in objects:
        audit(flow, kind, name)
    await flow.to(60)
    assert "Audited" in types(flow, PROCESS, "close")
    assert types(flow, PROCESS_REQUEST, "job") == {"Accepted", "Ready", "Stalled", "Audited"}
    assert types(flow, PROCESS_BACKFILL, "past") == {"Finished", "Complete", "Audited"}
    assert types(flow, PROCESS_RUN, "by-hand") == {"Finished", "Complete", "Audited"}


@scenario("conditions that another program writes during the run", ends=[SUCCEEDED])
async def conditions_meanwhile(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=NOW)
    await flow.to(10)
    (run,) = flow.runs()
    audit(flow, PROCESS_RUN, run.metadata.name)
    audit(flow, PROCESS_REQUEST, "job")
    await flow.to(60)
    assert types(flow, PROCESS_RUN, run.metadata.name) == {"Finished", "Complete", "Audited"}
    assert "Audited" in types(flow, PROCESS_REQUEST, "job")


@scenario("a request that is deleted: what a person created beside it stays", ends=None, rest=3700)
async def deleted(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=LAST_HOUR)
    flow.backfill("past", -120.25, -59)
    flow.run_now("by-hand")
    await flow.to(10)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    await flow.to(60)
    assert [run.metadata.name for run in flow.runs()] == ["by-hand"]
    assert flow.run("by-hand").metadata.owner_references == ()
    flow.expect(flow.phases, [SUCCEEDED])
    status = flow.backfilled("past").status
    assert (status.reason, status.phase.is_finished) == ("RequestNotFound", False)


@scenario("a run by hand continues while its request is deleted and applied again under Forbid", ends=None, rest=3700)
async def applied_again(flow: Flow) -> None:
    flow.work(seconds=40)
    flow.apply(timing=LAST_HOUR)
    flow.run_now("by-hand")
    await flow.to(10)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    await flow.to(12)
    flow.apply(timing=NOW, concurrencyPolicy="Forbid")
    await flow.to(30)
    flow.expect(lambda: len(flow.jobs()), 1)
    await flow.to(120)
    assert flow.run("by-hand").metadata.labels[LABEL_REQUEST_UID] == flow.request().metadata.uid
    flow.expect(flow.phases, [SUCCEEDED, SUCCEEDED])


@scenario("a backfill and a run that were exported from another cluster", ends=[SUCCEEDED] * 3, rest=3700)
async def exported(flow: Flow) -> None:
    ask: Object = {"request": {"name": "job"}}
    flow.cluster.create(PROCESS_RUN, {"metadata": {"name": "by-hand", "labels": ELSEWHERE}, "spec": ask})
    past = {**ask, "from": later(-120.25), "to": later(-59)}
    flow.cluster.create(PROCESS_BACKFILL, {"metadata": {"name": "past", "labels": ELSEWHERE}, "spec": past})
    await flow.to(5)
    flow.expect(lambda: flow.backfilled("past").status.reason, "RequestNotFound")
    flow.apply(timing=LAST_HOUR)
    await flow.to(240)
    assert (flow.backfilled("past").status.phase, flow.run("by-hand").status.phase) == ("Succeeded", "Succeeded")
    for kind, name in ((PROCESS_BACKFILL, "past"), (PROCESS_RUN, "by-hand")):
        assert "ownerReferences" not in flow.cluster.read(kind, name)["metadata"]


@scenario("a backfill continues where it was when its request is deleted and applied again", ends=None, rest=3700)
async def backfill_applied_again(flow: Flow) -> None:
    flow.work(seconds=5)
    flow.apply(timing=LAST_HOUR)
    flow.backfill("past", -300.25, -59)
    await flow.to(25)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    await flow.to(60)
    done = flow.backfilled("past").status.counts.succeeded
    flow.expect(lambda: done > 0, wanted=True)
    flow.apply(timing=LAST_HOUR)
    await flow.to(120)
    flow.expect(lambda: flow.backfilled("past").status.phase, "Succeeded")
    flow.expect(lambda: flow.backfilled("past").status.request_uid, flow.request().metadata.uid)
    await flow.to(600)
    status = flow.backfilled("past").status
    assert (status.phase, status.progress) == ("Succeeded", "5/5")
