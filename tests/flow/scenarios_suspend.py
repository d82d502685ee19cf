"""Scenarios of Jobs that a user suspends, or a queue as Kueue is one.

`memory_api.py` fails every scenario in which the operator resumes a Job that it did not suspend.
"""

from __future__ import annotations

from typing import Any

from tests.builders.instants import at
from tests.flow.driver import Flow, later, template
from tests.flow.job_queue import DEFAULT_QUEUE, QUEUE
from tests.flow.scenario import Collection
from tests.flow.scenarios_cronjob import MINUTE, cron
from tests.flow.scenarios_schedule import FIRST, every, tick_run, ticks
from tests.flow.scenarios_steps import EXTRACT, LOAD, group, runs
from tests.flow.scenarios_steps import request as run_steps

from process_operator.resources.kinds import CRONJOB, JOB, POD, PROCESS, PROCESS_REQUEST
from process_operator.resources.names import LABEL_KUEUE_QUEUE

SUSPENSIONS = Collection()
scenario = SUSPENSIONS.scenario

NOW: dict[str, object] = {"runImmediately": {}}
LATER = {"runLater": {"after": "20s", "within": "60s"}}
SUCCEEDED, CANCELED, UNSCHEDULED = "Succeeded/Completed", "Canceled/Canceled", "Canceled/Unscheduled"
REPLACED, SKIPPED = "Canceled/Replaced", "Skipped/Overlap"
HELD = "Pending/Suspended"


def labelled() -> dict[str, Any]:
    """A template with the label of the queue."""
    return {**template(), "metadata": {"labels": {LABEL_KUEUE_QUEUE: QUEUE}}}


def suspensions(flow: Flow) -> list[bool]:
    """`spec.suspend` of every Job that is there."""
    return [bool(job["spec"].get("suspend")) for job in flow.cluster.all(JOB)]


def resumed_by_operator(flow: Flow) -> list[str]:
    """Jobs that ran although the queue had not admitted them."""
    assert flow.controllers.queue is not None
    return flow.controllers.queue.resumed_by_others


# ---- a person suspends a Job


@scenario("the Job is suspended by hand while it runs, and resumed", ends=[SUCCEEDED])
async def by_hand(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.suspend_job()
    await flow.to(100)
    flow.expect(lambda: (flow.phases(), suspensions(flow), flow.cluster.all(POD)), ([HELD], [True], []))
    flow.expect(lambda: "another client suspended the Job" in (flow.newest().message or ""), True)
    flow.suspend_job(suspend=False)
    await flow.to(140)


@scenario("the Job is suspended by hand, and its run canceled", ends=[CANCELED])
async def by_hand_canceled(flow: Flow) -> None:
    flow.work(seconds=200)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.suspend_job()
    await flow.to(40)
    flow.cancel_newest()
    await flow.advance(3)
    flow.expect(lambda: (flow.phases(), flow.jobs()), ([CANCELED], []))


@scenario("the run is canceled in the moment in which its Job is suspended by hand", ends=[CANCELED])
async def canceled_while_suspended(flow: Flow) -> None:
    flow.work(seconds=200)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.suspend_job()
    flow.cancel_newest()
    await flow.advance(3)
    flow.expect(lambda: (flow.phases(), flow.jobs()), ([CANCELED], []))


# A Job that is gone before its end is recorded is only remembered by the operator that saw it.
@scenario("the Job is suspended by hand, and deleted", ends=["Canceled/JobDeleted"], loses=frozenset({"ends"}))
async def by_hand_deleted(flow: Flow) -> None:
    flow.work(seconds=200)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.suspend_job()
    await flow.to(40)
    flow.delete_jobs()
    await flow.to(60)


@scenario("the request is deleted while its Job is suspended by hand", ends=None)
async def request_deleted(flow: Flow) -> None:
    flow.work(seconds=200)
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.suspend_job()
    await flow.to(20)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    await flow.to(40)
    flow.expect(flow.jobs, [])


@scenario(
    "Forbid: a Job that is suspended by hand keeps its place",
    ends=[SUCCEEDED, SKIPPED, SKIPPED, SUCCEEDED],
)
async def forbid(flow: Flow) -> None:
    flow.work(seconds=8)
    flow.apply(timing=every(10, until=35), concurrencyPolicy="Forbid")
    await flow.to(4)
    flow.suspend_job(FIRST)
    await flow.to(25)
    flow.expect(lambda: (flow.jobs(), suspensions(flow)), ([FIRST], [True]))
    flow.suspend_job(FIRST, suspend=False)
    await flow.to(80)


@scenario("Queue: a Job that is suspended by hand keeps its place, and the others wait", ends=[SUCCEEDED] * 3)
async def queue(flow: Flow) -> None:
    flow.apply(timing=every(10, until=25), concurrencyPolicy="Queue")
    await flow.to(4)
    flow.suspend_job(FIRST)
    await flow.to(30)
    flow.expect(flow.phases, [HELD, "Pending/Waiting", "Pending/Waiting"])
    flow.suspend_job(FIRST, suspend=False)
    await flow.to(80)


@scenario("Replace: a Job that is suspended by hand makes room at once", ends=[REPLACED, SUCCEEDED, SUCCEEDED])
async def replace(flow: Flow) -> None:
    flow.apply(timing=every(10, until=25), concurrencyPolicy="Replace")
    await flow.to(4)
    flow.suspend_job(FIRST)
    await flow.to(14)
    flow.expect(lambda: (flow.phases()[0], flow.jobs()), (REPLACED, [tick_run(10)]))
    await flow.to(60)


@scenario("Allow: others run beside a Job that is suspended by hand", ends=[SUCCEEDED] * 3)
async def allow(flow: Flow) -> None:
    flow.apply(timing=every(10, until=25), concurrencyPolicy="Allow")
    await flow.to(4)
    flow.suspend_job(FIRST)
    await flow.to(40)
    flow.expect(flow.phases, [HELD, SUCCEEDED, SUCCEEDED])
    flow.suspend_job(FIRST, suspend=False)
    await flow.to(80)


@scenario("a shared Process with Forbid: a Job that is suspended by hand keeps its place", ends=[SUCCEEDED] * 2)
async def shared(flow: Flow) -> None:
    flow.apply_process("shared", concurrencyPolicy="Forbid")
    flow.apply("a", timing=NOW, process={"name": "shared"})
    await flow.to(3)
    flow.suspend_job()
    flow.apply("b", timing=NOW, process={"name": "shared"})
    await flow.to(40)
    flow.expect(lambda: (flow.phases("a"), flow.phases("b")), ([HELD], ["Pending/Waiting"]))
    flow.suspend_job(suspend=False)
    await flow.to(80)


@scenario("onSuspend: CancelRunning ends a run whose Job is suspended by hand", ends=[UNSCHEDULED])
async def cancel_running(flow: Flow) -> None:
    flow.work(seconds=200)
    flow.apply(timing=NOW, onSuspend="CancelRunning")
    await flow.to(10)
    flow.suspend_job()
    await flow.to(20)
    flow.edit(suspend=True)
    await flow.advance(3)
    flow.expect(lambda: (flow.phases(), flow.jobs()), ([UNSCHEDULED], []))


@scenario(
    "onSuspend: SuspendRunning: the resume of the request leaves what a person suspended",
    ends=[SUCCEEDED],
    due=lambda: ticks(0),
)
async def suspend_running(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=every(60, until=15), onSuspend="SuspendRunning")
    await flow.to(5)
    flow.suspend_job()
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.to(20)
    flow.edit(suspend=False)
    await flow.to(50)
    flow.expect(lambda: (flow.phases(), suspensions(flow)), ([HELD], [True]))
    flow.suspend_job(suspend=False)
    await flow.to(100)


@scenario("onSuspend: SuspendRunning: a Job that is resumed by hand continues, and says so", ends=[SUCCEEDED])
async def suspend_running_resumed(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=every(60, until=15), onSuspend="SuspendRunning")
    await flow.to(5)
    flow.edit(suspend=True)
    await flow.to(15)
    flow.expect(lambda: (flow.phases(), suspensions(flow)), ([HELD], [True]))
    flow.suspend_job(suspend=False)
    await flow.to(25)
    flow.expect(lambda: (flow.phases(), suspensions(flow)), (["Running/NotSuspended"], [False]))
    flow.expect(lambda: "another client resumed its Job" in (flow.newest().message or ""), True)
    await flow.to(60)


@scenario("a Job that the operator suspended is resumed by hand, and then suspended by hand", ends=[SUCCEEDED])
async def mark_is_removed(flow: Flow) -> None:
    flow.work(seconds=30)
    flow.apply(timing=LATER)
    await flow.to(10)
    flow.suspend_job(suspend=False)
    await flow.to(14)
    flow.suspend_job()
    await flow.to(60)
    flow.expect(lambda: (flow.phases(), suspensions(flow)), ([HELD], [True]))
    flow.suspend_job(suspend=False)
    await flow.to(120)


@scenario("engine CronJob under Forbid: the Job is suspended by hand, and its run canceled", ends=None)
async def by_cronjob(flow: Flow) -> None:
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    await flow.until(at("12:10:02"))
    flow.suspend_job()
    await flow.to(35 * MINUTE)
    flow.expect(lambda: (flow.phases(), len(flow.cluster.all(CRONJOB))), ([HELD], 1))
    flow.cancel_newest()
    await flow.advance(10)
    flow.expect(lambda: flow.phases()[0], CANCELED)
    await flow.to(45 * MINUTE)
    flow.expect(lambda: flow.phases()[-1], SUCCEEDED)


@scenario("the Job of a step is suspended by hand, and resumed", ends=[SUCCEEDED] * 3)
async def step(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD, seconds=10)
    run_steps(flow)
    await flow.to(5)
    flow.suspend_job()
    await flow.to(40)
    flow.expect(lambda: (runs(flow), suspensions(flow)), ([f"- {HELD}", f"extract {HELD}"], [True]))
    flow.suspend_job(suspend=False)
    await flow.to(90)


@scenario("the Job of a step is suspended by hand, and the run canceled", ends=[CANCELED] * 2)
async def step_canceled(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD, seconds=100)
    run_steps(flow)
    await flow.to(5)
    flow.suspend_job()
    await flow.to(40)
    flow.cancel(next(run.metadata.name for run in flow.runs() if run.spec.parent is None))
    await flow.advance(4)
    flow.expect(lambda: (runs(flow), flow.jobs()), ([f"- {CANCELED}", f"extract {CANCELED}"], []))


# ---- a queue suspends Jobs, and resumes those that it admits


@scenario("a queue that is full, and admits the Job later", ends=[SUCCEEDED] * 2)
async def queued(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.queue_jobs()
    flow.apply("a", timing=NOW, jobTemplate=labelled())
    await flow.to(2)
    flow.apply("b", timing=NOW, jobTemplate=labelled())
    await flow.to(10)
    flow.expect(lambda: (flow.phases("a"), flow.phases("b")), (["Running"], [HELD]))
    flow.expect(lambda: "queued by Kueue (LocalQueue team-a)" in (flow.newest("b").message or ""), True)
    await flow.to(80)
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario("a run is canceled while its Job is queued", ends=[SUCCEEDED, CANCELED])
async def queued_canceled(flow: Flow) -> None:
    flow.work(seconds=30)
    flow.queue_jobs()
    flow.apply("a", timing=NOW, jobTemplate=labelled())
    await flow.to(2)
    flow.apply("b", timing=NOW, jobTemplate=labelled())
    await flow.to(10)
    flow.cancel_newest("b")
    await flow.advance(2)
    flow.expect(lambda: (flow.phases("b"), len(flow.jobs())), ([CANCELED], 1))
    await flow.to(60)
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario("a run is preempted, and its work starts over when it is admitted again", ends=[SUCCEEDED])
async def preempted(flow: Flow) -> None:
    flow.work(seconds=20)
    queue = flow.queue_jobs()
    flow.apply(timing=NOW, jobTemplate=labelled())
    await flow.to(10)
    for job in flow.jobs():
        queue.preempt(job)
    await flow.to(40)
    flow.expect(lambda: (flow.phases(), flow.cluster.all(POD)), ([HELD], []))
    queue.quota = 1
    await flow.to(90)
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario("a Workload is deactivated: the Job stays suspended until its run is canceled", ends=[CANCELED])
async def deactivated(flow: Flow) -> None:
    flow.work(seconds=200)
    queue = flow.queue_jobs()
    flow.apply(timing=NOW, jobTemplate=labelled())
    await flow.to(10)
    queue.deactivated.update(flow.jobs())
    await flow.to(100)
    flow.expect(lambda: (flow.phases(), suspensions(flow)), ([HELD], [True]))
    flow.cancel_newest()
    await flow.advance(3)
    flow.expect(lambda: (flow.phases(), flow.jobs()), ([CANCELED], []))
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario("Replace in a queue that is full: the newest takes the place of the one that waits", ends=None)
async def queued_replace(flow: Flow) -> None:
    flow.work(seconds=3)
    flow.queue_jobs(quota=0)
    flow.apply(timing=every(10, until=25), concurrencyPolicy="Replace", jobTemplate=labelled())
    await flow.to(24)
    flow.expect(flow.phases, [REPLACED, REPLACED, HELD])
    flow.controllers.queue.quota = 1  # type: ignore[union-attr]
    await flow.to(60)
    flow.expect(flow.phases, [REPLACED, REPLACED, SUCCEEDED])
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario("Forbid in a queue that is full: one waits in the queue, and later ticks are skipped", ends=None)
async def queued_forbid(flow: Flow) -> None:
    flow.work(seconds=3)
    flow.queue_jobs(quota=0)
    flow.apply(timing=every(10, until=25), concurrencyPolicy="Forbid", jobTemplate=labelled())
    await flow.to(24)
    flow.expect(lambda: (flow.phases()[0], len(flow.jobs())), (HELD, 1))
    flow.controllers.queue.quota = 1  # type: ignore[union-attr]
    await flow.to(60)
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario("Run Later with the label: its Job is made at its start", ends=[SUCCEEDED])
async def later_labelled(flow: Flow) -> None:
    flow.queue_jobs()
    flow.apply(timing=LATER, jobTemplate=labelled())
    await flow.to(15)
    flow.expect(lambda: (flow.phases(), flow.jobs()), ([HELD], []))
    flow.expect(lambda: f"waits until {later(20)}" in (flow.newest().message or ""), True)
    await flow.to(60)
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario(
    "Run Later where admission puts the label of a default queue on it: its Job is made at its start", ends=[SUCCEEDED]
)
async def later_default(flow: Flow) -> None:
    flow.queue_jobs(has_default=True)
    flow.apply(timing=LATER)
    await flow.to(15)
    flow.expect(lambda: (flow.phases(), flow.jobs()), ([HELD], []))
    await flow.to(22)
    flow.expect(lambda: len(flow.jobs()), 1)
    await flow.to(60)
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario("Run Later where admission gives the Job to another controller: it is made at its start", ends=["Pending"])
async def later_managed(flow: Flow) -> None:
    flow.cluster.webhooks[JOB] = lambda job: job["spec"].update(managedBy="example.com/runner")
    flow.controllers.jobs_away = True
    flow.apply(timing=LATER)
    await flow.to(15)
    flow.expect(lambda: (flow.phases(), flow.jobs()), ([HELD], []))
    await flow.to(30)
    flow.expect(lambda: suspensions(flow), [False])


@scenario("onSuspend: SuspendRunning is rejected for a template with the label", ends=None)
async def suspend_running_rejected(flow: Flow) -> None:
    flow.queue_jobs()
    flow.apply(timing=NOW, jobTemplate=labelled(), onSuspend="SuspendRunning")
    await flow.to(10)
    flow.expect(lambda: (flow.acceptance()[1], flow.runs()), ("Unsupported", []))


@scenario("onSuspend: SuspendRunning leaves a Job that admission gave to a queue, and says so", ends=[SUCCEEDED])
async def suspend_running_default(flow: Flow) -> None:
    flow.work(seconds=40)
    flow.queue_jobs(has_default=True)
    flow.apply(timing=every(60, until=30), onSuspend="SuspendRunning")
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.to(20)
    flow.expect(flow.phases, ["Running/NotSuspended"])
    flow.expect(lambda: f"LocalQueue {DEFAULT_QUEUE}" in (flow.newest().message or ""), True)
    await flow.to(100)
    flow.expect(lambda: resumed_by_operator(flow), [])


@scenario("onSuspend: CancelRunning ends a run whose Job is queued", ends=[UNSCHEDULED])
async def cancel_running_queued(flow: Flow) -> None:
    flow.queue_jobs(quota=0)
    flow.apply(timing=NOW, jobTemplate=labelled(), onSuspend="CancelRunning")
    await flow.to(10)
    flow.edit(suspend=True)
    await flow.advance(3)
    flow.expect(lambda: (flow.phases(), flow.jobs()), ([UNSCHEDULED], []))


@scenario("the steps of a run pass the queue one after the other", ends=[SUCCEEDED] * 3)
async def queued_steps(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD, seconds=5)
    for name in (EXTRACT, LOAD):
        flow.cluster.patch(PROCESS, "default", name, {"spec": {"jobTemplate": labelled()}})
    queue = flow.queue_jobs(quota=0)
    run_steps(flow)
    await flow.to(10)
    flow.expect(lambda: runs(flow), [f"- {HELD}", f"extract {HELD}"])
    queue.quota = 1
    await flow.to(60)
    flow.expect(lambda: resumed_by_operator(flow), [])
