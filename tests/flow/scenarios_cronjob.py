"""Scenarios of schedules whose Jobs a CronJob of Kubernetes makes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.builders.instants import at
from tests.builders.objects import Object
from tests.flow.driver import BEGIN, Flow, later, template
from tests.flow.scenario import Collection

from process_operator.cluster.errors import Forbidden
from process_operator.decisions.engines.cronjob_sync import MAX_UNRECORDED_JOBS
from process_operator.resources.kinds import CRONJOB, JOB, POD, PROCESS_REQUEST, PROCESS_RUN
from process_operator.timing.cron.standard import resolve_cron

CRONJOBS = Collection()
scenario = CRONJOBS.scenario

SUCCEEDED = "Succeeded/Completed"
SUPERSEDED, SKIPPED = "Missed/Superseded", "Skipped/Overlap"
MINUTE = 60


def cron(expression: str = "*/10 * * * *") -> dict[str, Any]:
    """A timing by expression."""
    return {"schedule": {"cron": expression}}


def ticks(*minutes: int) -> list[datetime]:
    """Instants by their minutes after the beginning."""
    return [BEGIN.replace(microsecond=0) + timedelta(minutes=minute) for minute in minutes]


@scenario("every 10 minutes", ends=[SUCCEEDED] * 3)
async def plain(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(32 * MINUTE)
    flow.expect(lambda: (flow.request().status.engine, flow.request().status.phase), ("CronJob", "Scheduled"))
    flow.expect(lambda: flow.request().status.last_schedule_time, at("12:30:00"))


@scenario("every hour from a full minute on, whose first tick is the start of the activation", ends=[SUCCEEDED] * 2)
async def hourly(flow: Flow) -> None:
    flow.apply(timing={"schedule": {"hourly": {"every": 1}}})
    await flow.to(61 * MINUTE)
    flow.expect(lambda: flow.request().status.engine, "CronJob")


@scenario(
    "every hour from a full minute on, resumed at another full minute",
    ends=[SUCCEEDED] * 3,
    due=lambda: ticks(0, 30, 90),
)
async def hourly_resumed(flow: Flow) -> None:
    flow.apply(timing={"schedule": {"hourly": {"every": 1}}})
    await flow.to(10 * MINUTE)
    flow.edit(suspend=True)
    await flow.to(30 * MINUTE)
    flow.edit(suspend=False)
    await flow.to(91 * MINUTE)


@scenario("every 10 minutes from a minute that the request draws for itself", ends=[SUCCEEDED] * 4)
async def hashed(flow: Flow) -> None:
    flow.apply(timing=cron("H/10 * * * *"))
    await flow.to(34 * MINUTE)
    flow.expect(lambda: flow.request().status.engine, "CronJob")
    drawn = resolve_cron("H/10 * * * *", flow.request().metadata.key)
    flow.expect(lambda: flow.cluster.all(CRONJOB)[0]["spec"]["schedule"], drawn)


@scenario("every 10 minutes, with runs of 15 minutes under Allow", ends=[SUCCEEDED, "Running", "Running"])
async def allow(flow: Flow) -> None:
    flow.work(seconds=15 * MINUTE)
    flow.apply(timing=cron())
    await flow.to(32 * MINUTE)
    flow.expect(lambda: flow.request().status.active_count, 2, undisturbed=True)


@scenario("a tick that the controller forgets", ends=[SUCCEEDED] * 3)
async def overlooked(flow: Flow) -> None:
    flow.controllers.overlooks = frozenset({at("12:20:00")})
    flow.apply(timing=cron())
    await flow.to(32 * MINUTE)


@scenario("a controller that is away for an hour", ends=[SUCCEEDED] * 7)
async def controller_away(flow: Flow) -> None:
    flow.apply(timing=cron(), history={"successful": 10})
    await flow.to(12 * MINUTE)
    flow.controllers.cronjobs_away = True
    await flow.to(72 * MINUTE)
    flow.controllers.cronjobs_away = False
    await flow.to(75 * MINUTE)


@scenario("under Forbid, with a run of half an hour", ends=[SUCCEEDED, SKIPPED, SKIPPED, SUCCEEDED, SUCCEEDED])
async def forbid(flow: Flow) -> None:
    flow.work(seconds=31 * MINUTE)
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    await flow.to(42 * MINUTE)
    flow.work(seconds=5)
    await flow.to(53 * MINUTE)


@scenario("an operator that is away for an hour", ends=[SUCCEEDED] * 7)
async def operator_away(flow: Flow) -> None:
    flow.apply(timing=cron(), history={"successful": 10})
    await flow.to(12 * MINUTE)
    await flow.stop()
    await flow.to(72 * MINUTE)
    await flow.start()
    await flow.to(73 * MINUTE)


@scenario("an operator that is away while Jobs end whose time to live is short", ends=[SUCCEEDED] * 3)
async def job_ttl(flow: Flow) -> None:
    body = template()
    body["spec"]["ttlSecondsAfterFinished"] = 5
    flow.apply(timing=cron(), jobTemplate=body)
    await flow.to(12 * MINUTE)
    await flow.stop()
    await flow.to(32 * MINUTE)
    await flow.start()
    await flow.to(33 * MINUTE)
    flow.expect(flow.jobs, [])


@scenario("both away for an hour", ends=[SUCCEEDED, *[SUPERSEDED] * 5, SUCCEEDED])
async def both_away(flow: Flow) -> None:
    flow.apply(timing=cron(), history={"other": 10})
    await flow.to(12 * MINUTE)
    await flow.stop()
    flow.controllers.cronjobs_away = True
    await flow.to(72 * MINUTE)
    flow.controllers.cronjobs_away = False
    await flow.start()
    await flow.to(75 * MINUTE)


@scenario("suspended for an hour, then resumed", ends=[SUCCEEDED, SUCCEEDED], due=lambda: ticks(10, 80))
async def suspended(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    flow.edit(suspend=True)
    await flow.to(75 * MINUTE)
    flow.expect(lambda: flow.cluster.all(CRONJOB)[0]["spec"]["suspend"], True)
    flow.expect(lambda: flow.request().status.suspended_since, at("12:12:00"))
    before = len(flow.cluster.writes)
    flow.edit(suspend=False)
    await flow.to(76 * MINUTE)
    flow.expect(lambda: flow.request().status.suspended_since, None)
    # Otherwise the controller would make up the newest tick of the hour.
    order = [str(write) for write in flow.cluster.writes[before:] if "status.activation" not in str(write)][:3]
    wanted = ["PATCH processrequests/status", "PATCH cronjobs/status", "PATCH cronjobs"]
    flow.expect(lambda: order, wanted, undisturbed=True)
    await flow.to(83 * MINUTE)


@scenario("suspended with SuspendRunning, then resumed", ends=[SUCCEEDED, SUCCEEDED], due=lambda: ticks(10, 80))
async def suspend_running(flow: Flow) -> None:
    flow.work(seconds=5 * MINUTE)
    flow.apply(timing=cron(), onSuspend="SuspendRunning")
    await flow.to(12 * MINUTE)
    flow.edit(suspend=True)
    await flow.to(72 * MINUTE)
    flow.expect(flow.phases, ["Pending/Suspended"])
    flow.edit(suspend=False)
    await flow.to(87 * MINUTE)


@scenario("suspended with CancelRunning", ends=["Canceled/Unscheduled"], due=lambda: ticks(10))
async def cancel_running(flow: Flow) -> None:
    flow.work(seconds=5 * MINUTE)
    flow.apply(timing=cron(), onSuspend="CancelRunning")
    await flow.to(12 * MINUTE)
    flow.edit(suspend=True)
    await flow.to(30 * MINUTE)


@scenario(
    "a tick that waits under Forbid when it is suspended",
    ends=[SUCCEEDED, "Missed/Suspended"],
    due=lambda: ticks(10, 20),
)
async def suspended_waiting(flow: Flow) -> None:
    flow.work(seconds=15 * MINUTE)
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    await flow.to(22 * MINUTE)
    flow.edit(suspend=True)
    await flow.to(40 * MINUTE)


@scenario(
    "a tick that waits under Forbid when the timing is edited",
    ends=[SUCCEEDED, "Missed/Edited", SUCCEEDED],
    due=lambda: ticks(10, 20, 30),
)
async def edited_waiting(flow: Flow) -> None:
    flow.work(seconds=15 * MINUTE)
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    await flow.to(22 * MINUTE)
    flow.edit(timing=cron("30 * * * *"))
    await flow.to(48 * MINUTE)


@scenario("edited so that a time that has passed would be due", ends=[SUCCEEDED] * 2, due=lambda: ticks(10, 65))
async def edited(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    flow.edit(timing=cron("5 * * * *"))
    await flow.to(67 * MINUTE)


@scenario("a startTime in the future", ends=[SUCCEEDED] * 2)
async def starts_later(flow: Flow) -> None:
    timing = cron()
    timing["schedule"]["startTime"] = later(30 * MINUTE)
    flow.apply(timing=timing)
    await flow.to(42 * MINUTE)


@scenario("from engine CronJob to Operator and back", ends=[SUCCEEDED] * 4)
async def engines(flow: Flow) -> None:
    flow.apply(timing=cron(), history={"successful": 10})
    await flow.to(12 * MINUTE)
    flow.edit(engine="Operator")
    await flow.to(25 * MINUTE)
    flow.expect(lambda: flow.request().status.engine, "Operator")
    flow.edit(engine="CronJob")
    await flow.to(43 * MINUTE)


@scenario("the controller is faster than the operator that takes over", ends=[SUCCEEDED] * 3)
async def faster(flow: Flow) -> None:
    flow.apply(timing=cron(), history={"successful": 10})
    await flow.to(19 * MINUTE)
    flow.controllers.cronjobs_away = True
    flow.edit(engine="Operator")

    def fire_first(_job: Object) -> None:
        flow.reject("create", JOB, None)
        flow.controllers.fire(at("12:20:00"))

    flow.cluster.rejections["create", JOB] = fire_first
    await flow.to(31 * MINUTE)
    flow.expect(lambda: flow.request().status.engine, "Operator")


@scenario(
    "a Job that the controller makes for a tick that is recorded as missed",
    ends=["Missed/Superseded", SUCCEEDED, SUCCEEDED],
)
async def stray(flow: Flow) -> None:
    flow.controllers.cronjobs_away = True
    flow.apply(timing=cron())
    await flow.to(5 * MINUTE)
    await flow.stop()
    await flow.to(20 * MINUTE)
    await flow.start()
    flow.controllers.cronjobs_away = False
    await flow.to(22 * MINUTE)
    flow.controllers.fire(at("12:10:00"))
    await flow.to(25 * MINUTE)
    flow.expect(lambda: len(flow.cluster.all(POD)), 1)
    await flow.to(32 * MINUTE)


@scenario(
    "a CronJob is suspended before Jobs that cannot be recorded would be lost",
    ends=[*[SUCCEEDED] * MAX_UNRECORDED_JOBS, *[SUPERSEDED] * 4, SUCCEEDED],
    due=lambda: ticks(*range(1, 56)),
    writes=(1, 20),
    rest=10,
)
async def unrecorded(flow: Flow) -> None:
    flow.apply(timing=cron("* * * * *"), history={"successful": 99, "other": 99}, engine="CronJob")
    await flow.to(10)
    flow.reject("create", PROCESS_RUN, Forbidden("label team is required", status=403))
    await flow.to(55 * MINUTE + 20)
    flow.expect(lambda: [len(flow.jobs()), len(flow.runs())], [MAX_UNRECORDED_JOBS, 0])
    flow.expect(lambda: flow.cluster.all(CRONJOB)[0]["spec"]["suspend"], True)
    ready = next(found for found in flow.request().status.conditions if found.type == "Ready")
    flow.expect(lambda: (ready.status, "label team is required" in ready.message), ("False", True))
    told = [message for reason, _, message in flow.heard() if reason == "Blocked"]
    flow.expect(lambda: any(message.startswith("suspended CronJob") for message in told), True, undisturbed=True)
    flow.reject("create", PROCESS_RUN, None)
    await flow.to(55 * MINUTE + 50)
    flow.expect(lambda: flow.cluster.all(CRONJOB)[0]["spec"]["suspend"], False)
    flow.edit(suspend=True)


@scenario("a template that is edited", ends=[SUCCEEDED] * 2)
async def template_edited(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    flow.edit(jobTemplate=template(image="busybox:2"))
    await flow.to(23 * MINUTE)
    newest = "job-f34a2bff-30065060"
    flow.expect(
        lambda: flow.cluster.read(JOB, newest)["spec"]["template"]["spec"]["containers"][0]["image"], "busybox:2"
    )


@scenario("a Job that is deleted while it runs", ends=["Canceled/JobDeleted", SUCCEEDED], loses=frozenset({"ends"}))
async def job_deleted(flow: Flow) -> None:
    # An operator that was away when the Job and its pod were deleted cannot say how they ended: Unknown.
    flow.work(seconds=5 * MINUTE)
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    flow.delete_jobs()
    await flow.to(27 * MINUTE)


@scenario("a Job that is gone before it was recorded", ends=["Unknown/JobGone", SUCCEEDED])
async def job_gone(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(5 * MINUTE)
    await flow.stop()
    await flow.to(12 * MINUTE)
    flow.delete_jobs()
    await flow.start()
    await flow.to(22 * MINUTE)


@scenario("a run by kubectl create job --from=cronjob", ends=[SUCCEEDED] * 2)
async def from_cronjob(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(5 * MINUTE)
    for cronjob in flow.cluster.all(CRONJOB):
        body = cronjob["spec"]["jobTemplate"]
        owner = {"apiVersion": "batch/v1", "kind": "CronJob", "controller": True}
        owner |= {key: cronjob["metadata"][key] for key in ("name", "uid")}
        annotations = {**body["metadata"]["annotations"], "cronjob.kubernetes.io/instantiate": "manual"}
        metadata = {**body["metadata"], "name": "by-hand", "annotations": annotations, "ownerReferences": [owner]}
        flow.cluster.create(JOB, {"metadata": metadata, "spec": body["spec"]})
    await flow.to(12 * MINUTE)
    flow.expect(lambda: flow.run("by-hand").spec.trigger, "Manual")


@scenario("a run that is canceled while it runs", ends=["Canceled/Canceled", SUCCEEDED])
async def canceled(flow: Flow) -> None:
    flow.work(seconds=5 * MINUTE)
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    flow.cancel_newest()
    await flow.to(27 * MINUTE)


@scenario("a run that a person deletes while it runs", ends=["Running", SUCCEEDED])
async def run_deleted(flow: Flow) -> None:
    flow.work(seconds=5 * MINUTE)
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    flow.delete_newest()
    await flow.to(13 * MINUTE)
    flow.expect(lambda: (flow.runs(), flow.jobs()), ([], []))
    await flow.to(27 * MINUTE)


@scenario("retention removes the Jobs of the controller first", ends=[SUCCEEDED] * 5, writes=(18, 36))
async def retention(flow: Flow) -> None:
    flow.apply(timing=cron(), history={"successful": 2})
    await flow.to(53 * MINUTE)
    flow.expect(lambda: (len(flow.runs()), len(flow.jobs())), (2, 2))


@scenario("a request that is deleted and leaves its CronJob behind")
async def orphaned(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    flow.cluster.delete(PROCESS_REQUEST, "job", propagation="Orphan")
    await flow.to(32 * MINUTE)
    flow.expect(lambda: len(flow.cluster.all(PROCESS_RUN)), 1)
    flow.expect(lambda: flow.cluster.all(CRONJOB)[0]["spec"]["suspend"], True)


@scenario("a request that is deleted and made again", ends=[SUCCEEDED, SUCCEEDED])
async def made_again(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(12 * MINUTE)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    flow.apply(timing=cron())
    await flow.to(23 * MINUTE)
    flow.expect(lambda: len(flow.cluster.all(CRONJOB)), 1)


@scenario("a run by hand beside the CronJob", ends=[SUCCEEDED, SUCCEEDED])
async def by_hand(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(5 * MINUTE)
    flow.run_now("by-hand")
    await flow.to(12 * MINUTE)
