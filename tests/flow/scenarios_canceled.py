"""Scenarios of runs, Jobs and requests that a user cancels or deletes."""

from __future__ import annotations

from tests.flow.driver import Flow
from tests.flow.scenario import Collection
from tests.flow.scenarios_once import NOW

from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.resources.process_run import RunLog

CANCELED_RUNS = Collection()
scenario = CANCELED_RUNS.scenario

SUCCEEDED, CANCELED = "Succeeded/Completed", "Canceled/Canceled"


@scenario("a run that is canceled while it runs", ends=[CANCELED])
async def canceled_running(flow: Flow) -> None:
    flow.work(seconds=300)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.cancel_newest()
    await flow.to(20)
    # A crash after the kill loses the reader, and with the pod its log.
    log = RunLog(text="all done", truncated=False, container="main")
    flow.expect(
        lambda: flow.newest().log, RunLog(reason="PodGone") if flow.newest().pod is None and flow.crashes else log
    )


@scenario("a run that is canceled before the kubelet reports its start", ends=[CANCELED])
async def canceled_unreported(flow: Flow) -> None:
    flow.work(seconds=300, report_seconds=20)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.cancel_newest()
    await flow.to(20)
    # A crash after the kill loses the reader, and with the pod its log.
    log = RunLog(text="all done", truncated=False, container="main")
    flow.expect(lambda: flow.newest().log, log, undisturbed=True)


@scenario("a run that is canceled before its container starts", ends=[CANCELED])
async def canceled_unstarted(flow: Flow) -> None:
    flow.work(starts=False, waiting={"reason": "ContainerCreating"})
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.cancel_newest()
    await flow.to(20)
    # A crash after the kill loses what was seen of the pod.
    flow.expect(lambda: flow.newest().log, RunLog(reason="NeverStarted", container="main"), undisturbed=True)


@scenario("a run that is canceled after its end", ends=[SUCCEEDED])
async def canceled_finished(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.cancel_newest()
    await flow.to(30)


@scenario("a run whose Job is deleted while it runs", ends=["Canceled/JobDeleted"], loses=frozenset({"ends"}))
async def job_deleted(flow: Flow) -> None:
    # An operator that was away when the Job and its pod were deleted cannot say how they ended: Unknown.
    flow.work(seconds=300)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.delete_jobs()
    await flow.to(30)


@scenario(
    "a run whose Job is deleted while the operator is away",
    ends=["Unknown/JobGone"],
    remade=frozenset({"job-f34a2bff-s1"}),
)
async def job_gone(flow: Flow) -> None:
    # If nothing was written about the Job before its deletion, no operator can know that it existed. It is created again.
    flow.work(seconds=300)
    flow.apply(timing=NOW)
    await flow.to(10)
    await flow.stop()
    flow.delete_jobs()
    await flow.to(20)
    await flow.start()
    await flow.to(40)


@scenario("a run that a person deletes while it runs")
async def run_deleted(flow: Flow) -> None:
    flow.work(seconds=300)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.delete_newest()
    await flow.to(30)
    flow.expect(lambda: (flow.jobs(), flow.runs(), flow.request().status.phase), ([], [], "Failed"))


@scenario("a request that is deleted while its run is open")
async def request_deleted(flow: Flow) -> None:
    flow.work(seconds=300)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    await flow.to(30)
    flow.expect(lambda: (flow.jobs(), flow.runs()), ([], []))


@scenario("a request that is deleted and made again under its name", ends=["Running", SUCCEEDED])
async def made_again(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    flow.apply(timing=NOW)
    await flow.to(60)
