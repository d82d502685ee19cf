"""Scenarios of foreign objects with a name or a label of the operator: it changes none of them."""

from __future__ import annotations

from typing import Any

from tests.builders.objects import Object
from tests.flow.driver import Flow, later
from tests.flow.scenario import Collection
from tests.flow.scenarios_blocked import ready
from tests.flow.scenarios_cronjob import MINUTE, cron, ticks
from tests.flow.scenarios_steps import EXTRACT, LOAD, child, group, parent, request, runs

from process_operator.resources import names
from process_operator.resources.kinds import CRONJOB, JOB, PROCESS_RUN
from process_operator.resources.names import ANNOTATION_ENGINE, ANNOTATION_MISSED_REASON
from process_operator.resources.process_run import RunLog

OWNERSHIP = Collection()
scenario = OWNERSHIP.scenario

NOW: dict[str, object] = {"runImmediately": {}}
SUCCEEDED, CANCELED = "Succeeded/Completed", "Canceled/Canceled"
_TEMPLATE = {"metadata": {}, "spec": {"containers": [{"name": "main", "image": "busybox"}]}}


def job_of_somebody(flow: Flow, name: str = "payroll", **metadata: Any) -> Object:
    """A Job of another owner, at work; the owner is of a kind that the operator does not know."""
    owner = {"apiVersion": "v1", "kind": "Payroll", "name": "theirs", "uid": "uid-of-theirs", "controller": True}
    flow.cluster.foreign_uids.add("uid-of-theirs")
    body = {"metadata": {"name": name, "ownerReferences": [owner], **metadata}, "spec": {"template": _TEMPLATE}}
    flow.cluster.create(JOB, body)
    return flow.cluster.read(JOB, name)


def is_untouched(flow: Flow, name: str = "payroll") -> bool:
    """Whether the other owner's Job still works, unchanged and unread by the operator."""
    found = flow.cluster.find(JOB, name)
    readings = [reading.run for process in flow.processes for reading in process.logs.readings]
    writes = [write for write in flow.cluster.writes if write.name == name and write.resource.startswith("jobs")]
    ours = [write for write in writes if write.verb != "POST"]
    return found is not None and "activeDeadlineSeconds" not in found["spec"] and not ours and name not in readings


def ours(flow: Flow) -> dict[str, str]:
    """The labels that the operator gives to the Jobs of the request."""
    return {names.LABEL_REQUEST: "job", names.LABEL_REQUEST_UID: flow.request().metadata.uid}


def run_by_hand(flow: Flow, request: str = "job", **metadata: Any) -> None:
    """A run that a person creates, with the cancel in it."""
    spec = {"request": {"name": request}, "cancel": True}
    flow.cluster.create(PROCESS_RUN, {"metadata": {"name": "payroll", **metadata}, "spec": spec})


@scenario("a canceled run with the name of another owner's Job", ends=[CANCELED], due=list)
async def canceled_at_once(flow: Flow) -> None:
    flow.apply(timing=cron(), suspend=True)
    job_of_somebody(flow)
    run_by_hand(flow)
    await flow.to(30)
    await flow.resync()
    flow.expect(lambda: is_untouched(flow), wanted=True)
    flow.expect(lambda: flow.run("payroll").status.log, RunLog(reason="NeverStarted"))


@scenario("a canceled run with the name of another owner's Job, of a request that is not there", ends=[CANCELED])
async def canceled_without_request(flow: Flow) -> None:
    job_of_somebody(flow)
    run_by_hand(flow, request="nobody")
    await flow.to(30)
    await flow.resync()
    flow.expect(lambda: is_untouched(flow), wanted=True)


@scenario(
    "a canceled run with the name of another owner's Job, which carries the labels of the request",
    ends=[CANCELED],
    due=list,
)
async def canceled_with_labels(flow: Flow) -> None:
    flow.apply(timing=cron(), suspend=True)
    job_of_somebody(flow, labels=ours(flow))
    run_by_hand(flow, labels={**ours(flow), names.LABEL_RUN: "payroll"}, annotations={ANNOTATION_ENGINE: "CronJob"})
    await flow.to(30)
    await flow.resync()
    flow.expect(lambda: is_untouched(flow), wanted=True)


@scenario("a run that waits while another owner's Job has its name, then is canceled", ends=[SUCCEEDED, CANCELED])
async def canceled_while_waiting(flow: Flow) -> None:
    flow.work(seconds=40)
    flow.apply(timing=NOW, concurrencyPolicy="Forbid")
    await flow.to(10)
    job_of_somebody(flow, labels=ours(flow))
    flow.run_now("payroll")
    await flow.to(20)
    flow.cancel("payroll")
    await flow.to(60)
    flow.expect(lambda: is_untouched(flow), wanted=True)


# The tick's Job has no record of its own then: any user who may create runs may take its name.
@scenario("a canceled run with the name of the Job that the CronJob makes next", due=lambda: ticks(20))
async def canceled_before_the_tick(flow: Flow) -> None:
    flow.work(seconds=MINUTE)
    flow.apply(timing=cron())
    await flow.to(5 * MINUTE)
    cronjob = flow.cluster.all(CRONJOB)[0]["metadata"]["name"]
    name = f"{cronjob}-{int(ticks(10)[0].timestamp()) // 60}"
    run_by_hand(flow, name=name, annotations={ANNOTATION_ENGINE: "CronJob"})
    await flow.to(10 * MINUTE + 30)
    flow.expect(lambda: "activeDeadlineSeconds" in flow.cluster.read(JOB, name)["spec"], wanted=False)
    await flow.to(22 * MINUTE)


@scenario("a Job that only says that it is a tick of the CronJob, in a year to come", ends=[SUCCEEDED] * 3)
async def forged_tick(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(5 * MINUTE)
    cronjob = flow.cluster.all(CRONJOB)[0]["metadata"]
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cronjob["name"],
        "uid": cronjob["uid"],
        "controller": True,
    }
    metadata = {
        "name": "forged",
        "labels": ours(flow),
        "annotations": {names.ANNOTATION_CRONJOB_TICK: "2099-01-01T00:00:00Z"},
        "ownerReferences": [owner],
    }
    flow.cluster.create(JOB, {"metadata": metadata, "spec": {"template": _TEMPLATE}})
    await flow.to(22 * MINUTE)
    # A Job that a person made from the CronJob is a run by hand.
    flow.expect(lambda: flow.run("forged").spec.trigger, "Manual")
    flow.expect(lambda: flow.run("forged").spec.scheduled_time, None)
    flow.expect(lambda: flow.request().status.last_schedule_time, ticks(20)[0])


@scenario("a Job with the name of a minute at which its CronJob has no tick", ends=[SUCCEEDED] * 3)
async def forged_minute(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(13 * MINUTE)
    flow.controllers.fire(ticks(13)[0])
    await flow.to(22 * MINUTE)
    flow.expect(lambda: [str(run.spec.trigger) for run in flow.runs()], ["Schedule", "Manual", "Schedule"])
    flow.expect(lambda: flow.request().status.last_schedule_time, ticks(20)[0])


@scenario("a run at work whose labels and owner a user changes, under Forbid")
async def relabelled_run(flow: Flow) -> None:
    flow.work(seconds=90)
    flow.apply(timing={"schedule": {"secondly": {"every": 60}, "finishTime": later(100)}}, concurrencyPolicy="Forbid")
    await flow.to(70)
    (run,) = flow.runs()
    stolen = {"labels": {names.LABEL_REQUEST_UID: "of-another", names.LABEL_RUN: "another"}, "ownerReferences": None}
    flow.cluster.patch(PROCESS_RUN, "default", run.metadata.name, {"metadata": stolen})
    await flow.to(85)
    flow.expect(lambda: len(flow.cluster.all(JOB)), 1)
    flow.expect(
        lambda: flow.run(run.metadata.name).metadata.labels[names.LABEL_REQUEST_UID], flow.request().metadata.uid
    )
    flow.expect(lambda: flow.run(run.metadata.name).metadata.owner_references[0].uid, flow.request().metadata.uid)
    await flow.to(170)
    flow.expect(lambda: flow.phases()[0], SUCCEEDED)


@scenario("a Job at work whose labels a user removes, under Forbid")
async def relabelled_job(flow: Flow) -> None:
    flow.work(seconds=90)
    flow.apply(timing={"schedule": {"secondly": {"every": 60}, "finishTime": later(100)}}, concurrencyPolicy="Forbid")
    await flow.to(70)
    (job,) = flow.cluster.all(JOB)
    nothing = dict.fromkeys((names.LABEL_REQUEST, names.LABEL_REQUEST_UID))
    flow.cluster.patch(JOB, "default", job["metadata"]["name"], {"metadata": {"labels": nothing}})
    await flow.to(85)
    flow.expect(lambda: len(flow.cluster.all(JOB)), 1)
    flow.expect(lambda: ours(flow).items() <= flow.cluster.all(JOB)[0]["metadata"]["labels"].items(), wanted=True)
    await flow.to(170)
    flow.expect(lambda: flow.phases()[0], SUCCEEDED)


@scenario("a CronJob whose labels a user removes", ends=[SUCCEEDED] * 3)
async def relabelled_cronjob(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    name = flow.cluster.all(CRONJOB)[0]["metadata"]["name"]
    nothing = dict.fromkeys((names.LABEL_REQUEST, names.LABEL_REQUEST_UID))
    flow.cluster.patch(CRONJOB, "default", name, {"metadata": {"labels": nothing}})
    await flow.to(32 * MINUTE)
    flow.expect(
        lambda: ours(flow).items() <= flow.cluster.read(CRONJOB, name)["metadata"]["labels"].items(), wanted=True
    )


@scenario("a finished run of another request that carries the labels of this one")
async def labels_of_another(flow: Flow) -> None:
    flow.apply("other", timing=NOW)
    flow.apply(timing=NOW, history={"successful": 1})
    await flow.to(20)
    (theirs,) = flow.runs("other")
    flow.cluster.patch(PROCESS_RUN, "default", theirs.metadata.name, {"metadata": {"labels": ours(flow)}})
    await flow.crash()
    for number in range(3):
        flow.reschedule(f"again {number}")
        await flow.advance(90)
    flow.expect(lambda: flow.cluster.find(PROCESS_RUN, theirs.metadata.name) is not None, wanted=True)


@scenario(
    "a run of another request that has taken the name of the next tick, until a user deletes it",
    remade=frozenset({"job-f34a2bff-30065041"}),
)
async def name_of_the_next_tick(flow: Flow) -> None:
    flow.apply(timing={"schedule": {"secondly": {"every": 60}, "finishTime": later(100)}})
    await flow.to(30)
    (first,) = flow.runs()
    stem = first.metadata.name.rsplit("-", 1)[0]
    name = f"{stem}-{int(ticks(1)[0].timestamp()) // 60}"
    flow.cluster.create(PROCESS_RUN, {"metadata": {"name": name}, "spec": {"request": {"name": "nobody"}}})
    await flow.to(90)
    flow.expect(lambda: is_name_taken(flow), ("False", "NameTaken", True))
    flow.cluster.delete(PROCESS_RUN, name)
    await flow.to(150)
    flow.expect(lambda: flow.phases(), [SUCCEEDED] * 2)


def is_name_taken(flow: Flow) -> tuple[str, str, bool]:
    """Status and reason of the condition Ready of the request, and whether its message is about a name."""
    found = ready(flow)
    return str(found.status), found.reason, "the name is taken by a ProcessRun" in found.message


@scenario(
    "a run of another request that has taken the name of the next step, until a user deletes it",
    remade=frozenset({"job-66837228-s1-c62860ec-load"}),
)
async def name_of_the_next_step(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD, seconds=20)
    request(flow)
    await flow.to(10)
    name = child(flow, LOAD)
    if flow.cluster.find(PROCESS_RUN, name) is not None:
        return  # the operator was away until the step had begun
    flow.cluster.create(PROCESS_RUN, {"metadata": {"name": name}, "spec": {"request": {"name": "nobody"}}})
    await flow.to(90)
    flow.expect(lambda: is_name_taken(flow), ("False", "NameTaken", True))
    flow.expect(lambda: parent(flow).status.reason, "NameTaken")
    flow.expect(lambda: 'step "load": ' in (parent(flow).status.message or ""), wanted=True)
    theirs = flow.run(name)
    flow.expect(lambda: (theirs.spec.request.name, theirs.metadata.labels), ("nobody", {}))
    flow.expect(flow.jobs, [child(flow, EXTRACT)])
    flow.cluster.delete(PROCESS_RUN, name)
    await flow.to(150)
    flow.expect(lambda: runs(flow), [f"{step} {SUCCEEDED}" for step in ("-", EXTRACT, LOAD)])


@scenario("a run at work that a user annotates as skipped, under Forbid")
async def annotated_as_skipped(flow: Flow) -> None:
    flow.work(seconds=90)
    flow.apply(timing={"schedule": {"secondly": {"every": 60}, "finishTime": later(100)}}, concurrencyPolicy="Forbid")
    await flow.to(30)
    (run,) = flow.runs()
    mark = {"metadata": {"annotations": {ANNOTATION_MISSED_REASON: "Skipped/Overlap another"}}}
    flow.cluster.patch(PROCESS_RUN, "default", run.metadata.name, mark)
    await flow.to(85)
    flow.expect(lambda: len(flow.cluster.all(JOB)), 1)
    await flow.to(170)
    flow.expect(lambda: flow.phases()[0], SUCCEEDED)


@scenario("a run by hand that a backup restored without its status", ends=["Unknown/FormerRequest"], due=list)
async def restored_by_hand(flow: Flow) -> None:
    flow.apply(timing=cron(), suspend=True)
    labels = {**ours(flow), names.LABEL_RUN: "by-hand", names.LABEL_RESTORED: "nightly"}
    spec = {"request": {"name": "job"}}
    flow.cluster.create(PROCESS_RUN, {"metadata": {"name": "by-hand", "labels": labels}, "spec": spec})
    await flow.to(60)
