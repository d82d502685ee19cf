"""Scenarios of Run Immediately."""

from __future__ import annotations

from tests.builders.objects import Object
from tests.flow.driver import Flow, later, template
from tests.flow.scenario import Collection

from process_operator.cluster.errors import Forbidden
from process_operator.resources.kinds import EVENT, JOB, POD, PROCESS_REQUEST
from process_operator.resources.process_run import RunLog

ONCE = Collection()
scenario = ONCE.scenario

NOW: dict[str, object] = {"runImmediately": {}}
SUCCEEDED, CANCELED, UNSCHEDULED = "Succeeded/Completed", "Canceled/Canceled", "Canceled/Unscheduled"


@scenario("Run Immediately that succeeds", ends=[SUCCEEDED])
async def succeeds(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("Run Immediately that is over within a second", ends=[SUCCEEDED])
async def brief(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("Run Immediately that fails", ends=["Failed/ExitCode"])
async def fails(flow: Flow) -> None:
    flow.work(exit_code=3, log="no such ledger")
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.expect(lambda: (flow.newest().exit_code, flow.newest().message), (3, "no such ledger"))


@scenario(
    "Run Immediately whose image cannot be pulled keeps its reason when the operator lists all pods", ends=[CANCELED]
)
async def stuck_while_listed(flow: Flow) -> None:
    flow.work(starts=False)
    flow.apply(timing=NOW)
    await flow.to(30)
    for _ in range(3):
        flow.expect(lambda: flow.newest().reason, "ErrImagePull")
        await flow.resync()
        await flow.advance(120)
    flow.expect(lambda: flow.newest().reason, "ErrImagePull")
    flow.cancel_newest()
    await flow.advance(60)


@scenario("Run Immediately whose container the kubelet kills", ends=["Failed/LivenessProbeFailed"])
async def killed_by_the_kubelet(flow: Flow) -> None:
    flow.work(exit_code=137, log="begin", killed_for="Liveness probe failed: no answer")
    flow.apply(timing=NOW, jobTemplate=template(livenessProbe={"exec": {"command": ["false"]}}))
    await flow.to(20)
    words = "container main was killed: Liveness probe failed: no answer"
    flow.expect(lambda: (flow.newest().exit_code, flow.newest().message), (137, words))


@scenario("Run Immediately whose container the kubelet kills, which it says most of a minute later", ends=None)
async def killed_by_the_kubelet_said_late(flow: Flow) -> None:
    flow.work(exit_code=137, log="begin")
    flow.apply(timing=NOW, jobTemplate=template(livenessProbe={"exec": {"command": ["false"]}}))
    await flow.to(7)
    pod, ended_at = await _ended_pod(flow)
    involved = {"uid": pod["metadata"]["uid"], "fieldPath": "spec.containers{main}"}
    probe = {"reason": "Unhealthy", "message": "Liveness probe failed: no answer"}
    for said in (probe, {"reason": "Killing", "message": "Stopping container main"}):
        await flow.advance(25)
        flow.expect(lambda: flow.newest().phase, "Running")
        event = {"involvedObject": involved, **said, "lastTimestamp": ended_at}
        flow.cluster.create(EVENT, {"metadata": {"generateName": "event-"}, **event})
    await flow.advance(70)
    flow.expect(lambda: flow.newest().reason, "LivenessProbeFailed")


async def _ended_pod(flow: Flow) -> tuple[Object, str]:
    """The only pod, and the instant at which its container has ended. An operator that was away creates the Job late."""
    for _ in range(60):
        for pod in flow.cluster.all(POD):
            (container,) = pod["status"].get("containerStatuses") or [{"state": {}}]
            if "terminated" in container["state"]:
                return pod, container["state"]["terminated"]["finishedAt"]
        await flow.advance(1)
    raise AssertionError("no container has ended")


@scenario("Run Immediately whose container the kubelet kills, and Events cannot be read", ends=["Failed/ExitCode"])
async def killed_by_the_kubelet_unseen(flow: Flow) -> None:
    flow.reject("list", EVENT, Forbidden("no", status=403))
    flow.work(exit_code=137, log="begin", killed_for="Liveness probe failed: no answer")
    flow.apply(timing=NOW, jobTemplate=template(livenessProbe={"exec": {"command": ["false"]}}))
    await flow.to(40)  # a new operator asks for the Events once more
    flow.expect(lambda: (flow.newest().exit_code, flow.newest().message), (137, "begin"))


@scenario("Run Immediately, rescheduled twice", ends=[SUCCEEDED] * 3)
async def rescheduled(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.reschedule("again")
    await flow.to(40)
    flow.reschedule("and again")
    await flow.to(60)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("Run Immediately, rescheduled twice within a second, each seen before the next", ends=[SUCCEEDED] * 3)
async def rescheduled_within_a_second(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.reschedule("again")
    await flow.settle()
    flow.reschedule("and again")
    await flow.to(40)
    instants = [run.spec.scheduled_time for run in flow.runs()]
    flow.expect(lambda: instants[1] == instants[2], True, undisturbed=True)


@scenario("Run Immediately, rescheduled twice before the operator has seen the first", ends=[SUCCEEDED] * 2)
async def rescheduled_unseen(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.reschedule("again")
    flow.reschedule("and again")
    await flow.to(40)
    flow.expect(lambda: flow.request().status.last_handled_reschedule, "and again")


@scenario("Run Immediately, rescheduled while it runs", ends=[SUCCEEDED] * 2)
async def rescheduled_while_running(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.reschedule("again")
    await flow.to(60)


@scenario("Run Immediately whose manifest is edited and applied again after its run", ends=[SUCCEEDED])
async def edited_after(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.apply(timing=NOW, parameters=[{"name": "LEDGER", "value": "main"}])
    await flow.to(40)


@scenario("Run Immediately that is created suspended, then resumed", ends=[SUCCEEDED])
async def created_suspended(flow: Flow) -> None:
    flow.apply(timing=NOW, suspend=True)
    await flow.to(10)
    flow.expect(lambda: (flow.request().status.phase, flow.runs()), ("Suspended", []))
    flow.edit(suspend=False)
    await flow.to(30)


@scenario("Run Immediately that is rescheduled while suspended", ends=[SUCCEEDED] * 2)
async def rescheduled_suspended(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.edit(suspend=True)
    await flow.to(30)
    flow.reschedule("again")
    await flow.to(40)
    flow.expect(lambda: len(flow.runs()), 1)
    flow.edit(suspend=False)
    await flow.to(60)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("Run Immediately that is suspended after its run, then resumed", ends=[SUCCEEDED])
async def resumed_after(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.edit(suspend=True)
    await flow.to(30)
    flow.edit(suspend=False)
    await flow.to(40)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("Run Immediately that is suspended and resumed while it runs", ends=[SUCCEEDED])
async def resumed_while_running(flow: Flow) -> None:
    flow.work(seconds=40)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.to(20)
    flow.edit(suspend=False)
    await flow.to(60)


@scenario("Run Immediately whose run was deleted does not run at a resume", ends=[SUCCEEDED])
async def resumed_after_deletion(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.edit(suspend=True)
    flow.delete_newest()
    await flow.to(30)
    flow.edit(suspend=False)
    await flow.to(40)


@scenario("Run Immediately that CancelRunning ended does not run at a resume", ends=[UNSCHEDULED])
async def resumed_after_cancel(flow: Flow) -> None:
    flow.work(seconds=100)
    flow.apply(timing=NOW, onSuspend="CancelRunning")
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.to(20)
    flow.edit(suspend=False)
    await flow.to(40)
    flow.expect(lambda: flow.request().status.phase, "Canceled")


@scenario(
    "Run Immediately whose run waits when it is suspended runs after the resume",
    ends=[SUCCEEDED, UNSCHEDULED, SUCCEEDED],
)
async def suspended_while_it_waits(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=NOW, suspend=True, concurrencyPolicy="Forbid")
    flow.run_now("by-hand")
    await flow.to(5)
    flow.edit(suspend=False)
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.to(40)
    flow.edit(suspend=False)
    await flow.to(80)


@scenario("Run Immediately that became Run Later after its run says that it does not run again", ends=[SUCCEEDED])
async def became_later(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    timing = {"runLater": {"startTime": later(40)}}
    flow.edit(timing=timing)
    await flow.to(60)
    flow.expect(lambda: "process-operator.io/reschedule" in _said(flow, "TimingNotUsed"), True, undisturbed=True)
    end = next(found for found in flow.request().status.conditions if found.type == "Complete")
    assert "reschedule" in str(end.message)


def _said(flow: Flow, reason: str) -> str:
    """The messages of all Events with this reason."""
    return "; ".join(message for found, _, message in flow.heard() if found == reason)


@scenario("Run Immediately that is deleted after ttlSecondsAfterFinished", ends=[SUCCEEDED])
async def request_ttl(flow: Flow) -> None:
    flow.apply(timing=NOW, ttlSecondsAfterFinished=30)
    await flow.to(60)
    flow.expect(lambda: flow.cluster.all(PROCESS_REQUEST), [])
    flow.expect(lambda: flow.jobs(), [])


@scenario("Run Immediately whose template has ttlSecondsAfterFinished", ends=[SUCCEEDED])
async def job_ttl(flow: Flow) -> None:
    body = template()
    body["spec"]["ttlSecondsAfterFinished"] = 10
    flow.apply(timing=NOW, jobTemplate=body)
    await flow.to(60)
    flow.expect(lambda: (len(flow.runs()), flow.jobs()), (1, []))


# A Job that comes and goes while the operator is away, and of which no status tells yet, leaves no trace: so the crashes
# begin with the first report.
@scenario(
    "Run Immediately whose Job fails, and a policy lets it be removed at once", ends=["Failed/ExitCode"], writes=(5, 10)
)
async def policy_ttl(flow: Flow) -> None:
    flow.cluster.webhooks[JOB] = lambda job: job["spec"].update(ttlSecondsAfterFinished=0)
    flow.work(exit_code=3, log="no such ledger")
    flow.apply(timing=NOW)
    await flow.to(30)
    flow.expect(lambda: (flow.jobs(), flow.cluster.all(POD)), ([], []))
    flow.expect(lambda: (flow.newest().exit_code, flow.newest().message), (3, "no such ledger"))
    flow.expect(lambda: flow.newest().log, RunLog(text="no such ledger", truncated=False, container="main"))


@scenario("Run Immediately whose log is not wanted", ends=[SUCCEEDED])
async def no_log(flow: Flow) -> None:
    flow.apply(timing=NOW, log={"capture": "Never"})
    await flow.to(20)
    flow.expect(lambda: flow.newest().log, RunLog(reason="NotCaptured"))


@scenario("Run Immediately whose image cannot be pulled, canceled", ends=[CANCELED])
async def never_starts(flow: Flow) -> None:
    flow.work(starts=False)
    flow.apply(timing=NOW)
    await flow.to(30)
    flow.expect(flow.phases, ["Pending/ErrImagePull"])
    flow.cancel_newest()
    await flow.to(40)


@scenario("runs that fail right before the operator ends, or dies, are counted", ends=["Failed/ExitCode"] * 2)
async def counted(flow: Flow) -> None:
    flow.apply(timing=NOW, suspend=True)
    flow.work(exit_code=3)
    flow.run_now("one")
    flow.run_now("two")
    await flow.to(9)
    flow.expect(lambda: flow.request().status.counts.failed, 0, undisturbed=True)
    await flow.shut_down()
    flow.expect(lambda: flow.request().status.counts.failed, 2, undisturbed=True)
    await flow.start()
    await flow.to(30)
    flow.expect(lambda: flow.request().status.counts.failed, 2)
