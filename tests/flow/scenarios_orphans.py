"""Scenarios of what an earlier request, or a run that was deleted, leaves behind: two never work where one may."""

from __future__ import annotations

from tests.builders.objects import Object
from tests.flow.driver import Flow, Work, later
from tests.flow.scenario import Collection
from tests.flow.scenarios_cronjob import MINUTE, cron
from tests.flow.scenarios_cronjob import ticks as minutes
from tests.flow.scenarios_once import NOW
from tests.flow.scenarios_schedule import SUCCEEDED, every, ticks
from tests.flow.scenarios_steps import group

from process_operator.resources.kinds import CRONJOB, JOB, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.names import LABEL_REQUEST, LABEL_REQUEST_UID, LABEL_RESTORED

ORPHANS = Collection(alone=frozenset({"work"}))
scenario = ORPHANS.scenario

SKIPPED, UNKNOWN = "Skipped/Overlap", "Unknown/FormerRequest"
USES: Object = {"process": {"name": "work"}}
FORMER = "uid-of-a-request-that-is-gone"


def _leave(flow: Flow) -> None:
    """`kubectl delete processrequest job --cascade=orphan`."""
    flow.cluster.delete(PROCESS_REQUEST, "job", propagation="Orphan")


def _uid(flow: Flow) -> str:
    return flow.request().metadata.uid


def _uids_of_runs(flow: Flow) -> set[str | None]:
    return {run.metadata.labels.get(LABEL_REQUEST_UID) for run in flow.runs()}


def _most_jobs(flow: Flow) -> int:
    """Number of Jobs that work now."""
    return sum(1 for job in flow.cluster.all(JOB) if job["status"].get("active") and not job["spec"].get("suspend"))


@scenario(
    "a request under Forbid that is made again while a run works on",
    ends=[SUCCEEDED, SKIPPED, SUCCEEDED, SUCCEEDED],
    due=lambda: ticks(0, 6, 16, 26),
)
async def forbid(flow: Flow) -> None:
    flow.work(seconds=15)
    flow.apply_process("work")
    flow.apply(**USES, timing=every(10, until=29), concurrencyPolicy="Forbid")
    await flow.to(5)
    _leave(flow)
    await flow.to(6)
    flow.apply(**USES, timing=every(10, until=29), concurrencyPolicy="Forbid")
    await flow.to(8)
    flow.expect(lambda: (_uids_of_runs(flow), len(flow.runs())), ({_uid(flow)}, 1))
    flow.expect(lambda: flow.request().status.active_count, 1, undisturbed=True)
    await flow.to(90)
    flow.expect(lambda: any(reason == "Adopted" for reason, _, _ in flow.heard()), True, undisturbed=True)


@scenario("a request under Replace that is made again while a run works on", ends=["Canceled/Replaced", SUCCEEDED])
async def replace(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply_process("work")
    flow.apply(**USES, timing=NOW, concurrencyPolicy="Replace")
    await flow.to(10)
    _leave(flow)
    flow.apply(**USES, timing=NOW, concurrencyPolicy="Replace")
    await flow.to(60)


@scenario(
    "a request with a CronJob that is made again while a Job of it works on",
    ends=[SUCCEEDED, SUCCEEDED, SUCCEEDED],
    due=lambda: minutes(10, 20, 30),
)
async def by_cronjob(flow: Flow) -> None:
    flow.controllers.work = lambda name: Work(seconds=12 * MINUTE if name.endswith("-30065050") else 5)
    flow.apply_process("work")
    flow.apply(**USES, timing=cron(), concurrencyPolicy="Forbid", engine="CronJob", history={"successful": 9})
    await flow.to(12 * MINUTE)
    _leave(flow)
    await flow.to(13 * MINUTE)
    flow.apply(**USES, timing=cron(), concurrencyPolicy="Forbid", engine="CronJob", history={"successful": 9})
    await flow.to(21 * MINUTE)
    flow.expect(lambda: (_uids_of_runs(flow), _most_jobs(flow)), ({_uid(flow)}, 1))
    await flow.to(37 * MINUTE)
    owners = [body["metadata"]["ownerReferences"][0]["uid"] for body in flow.cluster.all(CRONJOB)]
    flow.expect(lambda: owners, [_uid(flow)] * 2)


@scenario("a run that is deleted under Forbid and leaves its Job at work", ends=None)
async def job_left(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.apply(timing=every(10, until=29), concurrencyPolicy="Forbid")
    await flow.to(5)
    for run in flow.runs():
        flow.cluster.delete(PROCESS_RUN, run.metadata.name, propagation="Orphan")
    for second in (12, 18, 24):
        await flow.to(second)
        flow.expect(lambda: (_most_jobs(flow), flow.request().status.active_count), (1, 1), undisturbed=True)
    await flow.to(40)
    flow.expect(lambda: [shown for shown in flow.phases() if shown != SKIPPED], ["Running"], undisturbed=True)
    await flow.to(90)


@scenario("a run that is deleted under Replace and leaves its Job at work: a newer run ends it", ends=None)
async def job_replaced(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.apply(timing=every(10, until=15), concurrencyPolicy="Replace")
    await flow.to(8)
    for run in flow.runs():
        flow.cluster.delete(PROCESS_RUN, run.metadata.name, propagation="Orphan")
    await flow.to(14)
    flow.expect(lambda: (_most_jobs(flow), len(flow.jobs())), (1, 1), undisturbed=True)
    await flow.to(90)


@scenario("runs that a backup restored without owner and status", ends=[UNKNOWN] * 4 + [SUCCEEDED])
async def restored(flow: Flow) -> None:
    flow.apply(timing=NOW, suspend=True)
    await flow.to(2)
    specs: dict[str, Object] = {
        "by-hand": {},
        "mine": {},
        "now": {"trigger": "Immediate", "scheduledTime": later(-60)},
        "tick": {"trigger": "Schedule", "scheduledTime": later(-120)},
    }
    for name, spec in specs.items():
        # The labels are those of the same request if only the runs were restored.
        labels = {LABEL_REQUEST: "job", LABEL_REQUEST_UID: _uid(flow) if name == "mine" else FORMER}
        labels |= {LABEL_RESTORED: "of-yesterday"} if name in ("by-hand", "mine") else {}
        body = {"metadata": {"name": name, "labels": labels}, "spec": {"request": {"name": "job"}, **spec}}
        flow.cluster.create(PROCESS_RUN, body)
    await flow.to(4)
    flow.expect(lambda: {str(run.status.phase) for run in flow.runs()}, {"Pending"})
    flow.edit(suspend=False)
    await flow.to(40)
    flow.expect(lambda: flow.cluster.made[JOB].total(), 1)


@scenario("a Run Later that waits when its request is made again", ends=[SUCCEEDED, UNKNOWN])
async def waiting(flow: Flow) -> None:
    timing = {"runLater": {"startTime": later(30)}}
    flow.apply(timing=timing)
    await flow.to(5)
    _leave(flow)
    flow.apply(timing=timing)
    await flow.to(60)
    flow.expect(lambda: len(flow.jobs()), 1)


@scenario("a run with steps whose request is made again", ends=[SUCCEEDED] * 4, alone=frozenset({"nightly"}))
async def steps(flow: Flow) -> None:
    group(flow, seconds=10)
    flow.apply(process={"name": "nightly"}, timing=NOW)
    await flow.to(5)
    _leave(flow)
    flow.apply(process={"name": "nightly"}, timing=NOW, suspend=True)
    await flow.to(60)
    flow.expect(lambda: _uids_of_runs(flow), {_uid(flow)})
