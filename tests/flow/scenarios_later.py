"""Scenarios of Run Later."""

from __future__ import annotations

from tests.flow.driver import Flow, later, template
from tests.flow.scenario import Collection

from process_operator.resources.kinds import JOB

LATER_RUNS = Collection()
scenario = LATER_RUNS.scenario

SUCCEEDED, CANCELED, UNSCHEDULED = "Succeeded/Completed", "Canceled/Canceled", "Canceled/Unscheduled"


LATER = {"runLater": {"after": "20s", "within": "60s"}}


@scenario("Run Later that waits in a suspended Job", ends=[SUCCEEDED])
async def waits(flow: Flow) -> None:
    flow.apply(timing=LATER)
    await flow.to(15)
    flow.expect(lambda: (flow.phases(), len(flow.jobs())), (["Pending/Suspended"], 1))
    flow.expect(lambda: flow.request().status.phase, "Scheduled")
    await flow.to(40)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("Run Later with a startTime that has passed", ends=[SUCCEEDED])
async def past_start(flow: Flow) -> None:
    flow.apply(timing={"runLater": {"startTime": later(-3600)}})
    await flow.to(20)


@scenario("Run Later whose endTime has passed", ends=["Missed/DeadlinePassed"])
async def past_end(flow: Flow) -> None:
    flow.apply(timing={"runLater": {"startTime": later(-3600), "endTime": later(-10)}})
    await flow.to(20)
    flow.expect(lambda: flow.request().status.phase, "Failed")


@scenario(
    "Run Later that was missed, a run by hand, then an edit: it waits again",
    ends=["Missed/DeadlinePassed", SUCCEEDED, SUCCEEDED],
)
async def missed_then_edited(flow: Flow) -> None:
    flow.apply(timing={"runLater": {"startTime": later(-3600), "endTime": later(-10)}})
    await flow.to(10)
    flow.run_now("by-hand")
    await flow.to(30)
    flow.edit(timing={"runLater": {"startTime": later(50)}})
    await flow.to(90)


@scenario("Run Later whose window passes while the operator is away", ends=["Missed/DeadlinePassed"])
async def window_passes(flow: Flow) -> None:
    flow.apply(timing=LATER)
    await flow.to(10)
    await flow.stop()
    await flow.to(200)
    await flow.start()
    await flow.to(220)
    flow.expect(lambda: flow.cluster.made[JOB].total(), 1)


@scenario("Run Later at a given time that passes while it is suspended", ends=[SUCCEEDED])
async def suspended_past_start(flow: Flow) -> None:
    flow.apply(timing={"runLater": {"startTime": later(20)}})
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.to(50)
    flow.expect(lambda: flow.phases(), ["Pending/Suspended"])
    flow.edit(suspend=False)
    await flow.to(70)
    flow.expect(lambda: flow.cluster.made[JOB].total(), 1)


@scenario("Run Later whose window passes while it is suspended", ends=["Missed/DeadlinePassed"])
async def suspended_past_window(flow: Flow) -> None:
    flow.apply(timing={"runLater": {"startTime": later(20), "within": "10s"}}, suspend=False)
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.to(50)


@scenario("Run Later that is suspended before its start and resumed after it", ends=[UNSCHEDULED, SUCCEEDED])
async def suspended_before_start(flow: Flow) -> None:
    flow.apply(timing={"runLater": {"after": "20s"}})
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.to(50)
    flow.expect(lambda: flow.phases(), ["Pending/Suspended"])
    flow.edit(suspend=False)
    await flow.to(60)
    flow.expect(lambda: flow.phases(), [UNSCHEDULED, "Pending/Suspended"])
    await flow.to(90)


@scenario("Run Later whose template is edited while it waits", ends=[SUCCEEDED], remade=frozenset({"job-f34a2bff-s1"}))
async def template_edited(flow: Flow) -> None:
    flow.apply(timing=LATER)
    await flow.to(10)
    flow.edit(jobTemplate=template(image="busybox:2"))
    await flow.to(15)
    flow.expect(lambda: flow.phases(), ["Pending/Suspended"])
    await flow.to(40)
    flow.expect(lambda: flow.cluster.all(JOB)[0]["spec"]["template"]["spec"]["containers"][0]["image"], "busybox:2")


@scenario("Run Later whose waiting Job is deleted by a person", ends=[SUCCEEDED], remade=frozenset({"job-f34a2bff-s1"}))
async def waiting_job_deleted(flow: Flow) -> None:
    flow.apply(timing=LATER)
    await flow.to(10)
    flow.delete_jobs()
    await flow.to(40)


@scenario("Run Later whose timing is edited while it waits", ends=[CANCELED, SUCCEEDED])
async def timing_edited(flow: Flow) -> None:
    flow.apply(timing=LATER)
    await flow.to(10)
    flow.edit(timing={"runLater": {"after": "30s"}})
    await flow.to(60)


@scenario("Run Later that is canceled while it waits", ends=[CANCELED])
async def canceled_waiting(flow: Flow) -> None:
    flow.apply(timing=LATER)
    await flow.to(10)
    flow.cancel_newest()
    await flow.to(30)
    flow.expect(lambda: flow.request().status.phase, "Canceled")


@scenario("Run Later with Kueue's label gets its Job at the start", ends=[SUCCEEDED])
async def kueue(flow: Flow) -> None:
    body = template()
    body["metadata"] = {"labels": {"kueue.x-k8s.io/queue-name": "q"}}
    flow.apply(timing=LATER, jobTemplate=body)
    await flow.to(15)
    flow.expect(lambda: flow.jobs(), [])
    await flow.to(40)
