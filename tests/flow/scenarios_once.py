"""Scenarios of Run Immediately and Run Later, and of obstacles to any request."""

from __future__ import annotations

from tests.flow.driver import Flow, later, template
from tests.flow.memory_api import Body
from tests.flow.scenario import Collection

from process_operator.cluster.errors import Forbidden, Invalid, QuotaExceeded
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


@scenario("Run Immediately whose container the kubelet kills, which it says a moment later", ends=None)
async def killed_by_the_kubelet_said_late(flow: Flow) -> None:
    flow.work(exit_code=137, log="begin")
    flow.apply(timing=NOW, jobTemplate=template(livenessProbe={"exec": {"command": ["false"]}}))
    await flow.to(7)
    (pod,) = flow.cluster.all(POD)
    ended_at = pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"]
    involved = {"uid": pod["metadata"]["uid"], "fieldPath": "spec.containers{main}"}
    probe = {"reason": "Unhealthy", "message": "Liveness probe failed: no answer"}
    for said in (probe, {"reason": "Killing", "message": "Stopping container main"}):
        await flow.advance(2)
        flow.expect(lambda: flow.newest().phase, "Running")
        event = {"involvedObject": involved, **said, "lastTimestamp": ended_at}
        flow.cluster.create(EVENT, {"metadata": {"generateName": "event-"}, **event})
    await flow.to(25)
    flow.expect(lambda: flow.newest().reason, "LivenessProbeFailed")


@scenario("Run Immediately whose container the kubelet kills, and Events cannot be read", ends=["Failed/ExitCode"])
async def killed_by_the_kubelet_unseen(flow: Flow) -> None:
    flow.refuse("list", EVENT, Forbidden("no", status=403))
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


# ---- Run Later

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


# ---- cancel, delete


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


@scenario("a run that is canceled after its end", ends=[SUCCEEDED])
async def canceled_finished(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.cancel_newest()
    await flow.to(30)


@scenario("a run whose Job is deleted while it runs", ends=["Canceled/JobDeleted"], loses=frozenset({"ends"}))
async def job_deleted(flow: Flow) -> None:
    # Who was not there when the Job and its pod went cannot say how they ended: Unknown.
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
    # Where nothing was written of the Job before it went, nobody can know that it was there: it is made once more.
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


@scenario("a request that is deleted while its run goes on")
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


# ---- manual runs


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


# ---- what stands in the way


@scenario("a request whose Process is missing, then appears", ends=[SUCCEEDED])
async def process_missing(flow: Flow) -> None:
    flow.apply(timing=NOW, process={"name": "close-day"})
    await flow.to(10)
    flow.expect(lambda: flow.verdict(), ("Pending", "ProcessNotFound"))
    flow.apply_process("close-day")
    await flow.to(30)
    flow.expect(lambda: flow.newest().process, "close-day")


@scenario("a request with a parameter that is missing, then given", ends=[SUCCEEDED])
async def parameter_missing(flow: Flow) -> None:
    flow.apply_process("close-day", parameters=[{"name": "LEDGER", "required": True}])
    flow.apply(timing=NOW, process={"name": "close-day"})
    await flow.to(10)
    flow.expect(lambda: (flow.request().status.phase, flow.runs()), ("Invalid", []))
    flow.edit(parameters=[{"name": "LEDGER", "value": "main"}])
    await flow.to(30)


@scenario("a template that the server refuses, then mended", ends=[SUCCEEDED])
async def template_refused(flow: Flow) -> None:
    flow.refuse("create", JOB, Invalid('strict decoding error: unknown field "imagee"', status=400))
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.expect(lambda: (flow.verdict(), flow.runs()), (("Invalid", "TemplateRejected"), []))
    flow.refuse("create", JOB, None)
    flow.edit(jobTemplate=template(image="busybox:2"))
    await flow.to(30)


@scenario("a quota that is full at apply time and heals", ends=[SUCCEEDED])
async def quota_at_apply(flow: Flow) -> None:
    flow.refuse("create", JOB, QuotaExceeded("exceeded quota: q", status=403))
    flow.apply(timing=NOW)
    await flow.to(40)
    flow.expect(lambda: flow.verdict(), ("Pending", "QuotaExceeded"))
    flow.refuse("create", JOB, None)
    await flow.to(80)


@scenario("a quota that is full when the run is due and heals", ends=[SUCCEEDED, SUCCEEDED])
async def quota_at_run(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.refuse("create", JOB, QuotaExceeded("exceeded quota: q", status=403))
    flow.reschedule("again")
    await flow.to(50)
    flow.expect(lambda: flow.phases()[1], "Pending/QuotaExceeded")
    flow.refuse("create", JOB, None)
    await flow.to(90)


@scenario("a quota that is full when very many runs are due and heals", ends=[SUCCEEDED] * 22)
async def quota_with_many_runs(flow: Flow) -> None:
    tries = 0

    def refuse(_: Body) -> QuotaExceeded:
        nonlocal tries
        tries += 1
        return QuotaExceeded("exceeded quota: q", status=403)

    flow.apply(timing=NOW, history={"successful": 100})
    await flow.to(20)
    flow.cluster.refusals["create", JOB] = refuse
    for number in range(21):
        flow.run_now(f"run-{number:02d}")
    await flow.to(80)
    # Ten are tried every fifteen seconds, not each of them.
    flow.expect(lambda: tries <= 60, wanted=True, undisturbed=True)
    flow.refuse("create", JOB, None)
    await flow.to(100)


@scenario("a Job that an admission policy refuses at run time", ends=[SUCCEEDED, "Failed/Rejected"])
async def refused_at_run(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.refuse("create", JOB, Forbidden("not on Mondays", status=403))
    flow.reschedule("again")
    await flow.to(40)
    flow.expect(lambda: flow.newest().message, "not on Mondays")


@scenario("a run whose name is taken by a Job of somebody else", ends=["Failed/NameTaken"])
async def name_taken(flow: Flow) -> None:
    owner = {"apiVersion": "v1", "kind": "ReplicationController", "name": "theirs", "uid": "u", "controller": True}
    flow.controllers.jobs_away = True
    flow.cluster.foreign_uids.add("u")
    flow.apply(timing=NOW, suspend=True)
    foreign = {"name": "job-f34a2bff-s1", "ownerReferences": [owner]}
    flow.cluster.create(JOB, {"metadata": foreign, "spec": {"template": {"metadata": {}, "spec": {}}}})
    await flow.to(10)
    flow.edit(suspend=False)
    await flow.to(20)
    # Not whose it is: the user may not be allowed to read Jobs.
    taken = "the name is taken by Job default/job-f34a2bff-s1, which does not belong to this run"
    flow.expect(lambda: flow.newest().message, taken)
