"""Scenarios of CronJobs whose controller is away, slow, or as fast as the operator that steps in for it."""

from __future__ import annotations

from datetime import timedelta

from tests.builders.instants import at
from tests.builders.objects import Object
from tests.flow.driver import Flow, later, template
from tests.flow.scenario import Collection
from tests.flow.scenarios_cronjob import MINUTE, SKIPPED, SUCCEEDED, SUPERSEDED, cron, ticks

from process_operator.cluster.errors import QuotaExceeded
from process_operator.resources import names
from process_operator.resources.kinds import CRONJOB, JOB

TAKEOVERS = Collection()
scenario = TAKEOVERS.scenario

TOO_LATE = "Missed/DeadlinePassed"


def without_controller(flow: Flow) -> None:
    """Stop the CronJob controller: only the operator can start anything."""
    flow.controllers.cronjobs_away = True


def cursor(flow: Flow) -> str:
    """Last tick that the CronJob controller has recorded."""
    (cronjob,) = flow.cluster.all(CRONJOB)
    return str(cronjob["status"]["lastScheduleTime"])


def counted(flow: Flow) -> list[str]:
    """The Jobs that the CronJob controller counts as running."""
    (cronjob,) = flow.cluster.all(CRONJOB)
    return [job["name"] for job in cronjob["status"].get("active") or []]


@scenario("no controller", ends=[SUCCEEDED] * 3)
async def away(flow: Flow) -> None:
    without_controller(flow)
    flow.apply(timing=cron())
    await flow.to(10 * MINUTE + 9)
    flow.expect(flow.jobs, [])
    await flow.to(10 * MINUTE + 12)
    flow.expect(lambda: (len(flow.jobs()), len(counted(flow))), (1, 1))
    await flow.to(31 * MINUTE)
    flow.expect(lambda: cursor(flow), "2027-03-01T12:30:00Z")


@scenario("a Job of the operator is the one that the controller would have made", ends=[SUCCEEDED])
async def same_job(flow: Flow) -> None:
    without_controller(flow)
    timing = cron("30 14 * * *")
    timing["schedule"]["timeZone"] = "Europe/Madrid"
    flow.apply(timing=timing, engine="CronJob")
    await flow.to(91 * MINUTE)
    (job,), (cronjob,) = flow.cluster.all(JOB), flow.cluster.all(CRONJOB)
    minute = int(at("13:30:00").timestamp()) // 60
    assert job["metadata"]["name"] == f"{cronjob['metadata']['name']}-{minute}"
    assert job["metadata"]["annotations"][names.ANNOTATION_CRONJOB_TICK] == "2027-03-01T14:30:00+01:00"
    # If the API server fails at this Job, the operator creates the run first, and its Job from that.
    template, (owner,) = cronjob["spec"]["jobTemplate"], job["metadata"]["ownerReferences"]
    flow.expect(lambda: (job["metadata"]["labels"], job["spec"]), (template["metadata"]["labels"], template["spec"]))
    flow.expect(lambda: (owner["kind"], owner["uid"]), ("CronJob", cronjob["metadata"]["uid"]))
    assert owner["controller"] and owner["blockOwnerDeletion"]


@scenario("a controller that comes to each tick only when the next is due", ends=[SUCCEEDED] * 5)
async def slow(flow: Flow) -> None:
    flow.controllers.lag = timedelta(minutes=10)
    flow.apply(timing=cron(), history={"successful": 10})
    await flow.to(52 * MINUTE)


@scenario("a controller that comes at the very moment of the operator", ends=[SUCCEEDED] * 3)
async def as_slow(flow: Flow) -> None:
    flow.controllers.lag = timedelta(seconds=10)
    flow.apply(timing=cron(), history={"successful": 10})
    await flow.to(32 * MINUTE)


@scenario("a controller that makes the Job between the operator's claim and its Job", ends=[SUCCEEDED] * 3)
async def between(flow: Flow) -> None:
    flow.apply(timing=cron(), history={"successful": 10})
    await flow.to(19 * MINUTE)
    without_controller(flow)

    def fire_first(_job: Object) -> None:
        flow.reject("create", JOB, None)
        flow.controllers.fire(at("12:20:00"))

    flow.cluster.rejections["create", JOB] = fire_first
    await flow.to(31 * MINUTE)


@scenario("a controller whose Job the operator has not seen", ends=[SUCCEEDED] * 2)
async def unseen(flow: Flow) -> None:
    flow.apply(timing=cron())
    await flow.to(8 * MINUTE)
    before = flow.delivery
    flow.deliver("lost")
    await flow.to(11 * MINUTE)
    flow.deliver(before)
    await flow.resync()
    await flow.to(21 * MINUTE)


@scenario("a controller that dies between the Job and the status, under Forbid", ends=[SUCCEEDED, SUCCEEDED])
async def dies(flow: Flow) -> None:
    flow.work(seconds=15 * MINUTE)
    flow.controllers.forgets_status = True
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    await flow.to(11 * MINUTE)
    flow.controllers.forgets_status = False
    flow.expect(lambda: (cursor(flow), counted(flow)), ("2027-03-01T12:10:00Z", flow.jobs()))
    await flow.to(22 * MINUTE)
    flow.expect(lambda: len(flow.jobs()), 1)
    flow.work(seconds=5)
    await flow.to(27 * MINUTE)


@scenario("no controller, runs of 15 minutes under Allow", ends=[SUCCEEDED, "Running", "Running"])
async def allow(flow: Flow) -> None:
    without_controller(flow)
    flow.work(seconds=15 * MINUTE)
    flow.apply(timing=cron())
    await flow.to(32 * MINUTE)


@scenario("no controller, under Forbid", ends=[SUCCEEDED, SKIPPED, SKIPPED, SUCCEEDED, SUCCEEDED])
async def forbid(flow: Flow) -> None:
    without_controller(flow)
    flow.work(seconds=31 * MINUTE)
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    await flow.to(12 * MINUTE)
    flow.expect(lambda: counted(flow), flow.jobs())
    await flow.to(41 * MINUTE)
    flow.expect(lambda: (len(flow.jobs()), flow.request().status.waiting_count), (1, 1), undisturbed=True)
    flow.work(seconds=5)
    await flow.to(53 * MINUTE)


@scenario("the controller is back while a run of the operator is open, under Forbid", ends=[SUCCEEDED, SUCCEEDED])
async def forbid_back(flow: Flow) -> None:
    without_controller(flow)
    flow.work(seconds=15 * MINUTE)
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    await flow.to(12 * MINUTE)
    flow.controllers.cronjobs_away = False
    await flow.to(22 * MINUTE)
    flow.expect(lambda: len(flow.jobs()), 1)
    flow.work(seconds=5)
    await flow.to(27 * MINUTE)


@scenario("no controller, and too late for a tick when the operator is back", ends=[TOO_LATE, SUCCEEDED])
async def too_late(flow: Flow) -> None:
    without_controller(flow)
    flow.apply(timing=cron(), startingDeadlineSeconds=60)
    await flow.to(9 * MINUTE)
    await flow.stop()
    await flow.to(12 * MINUTE)
    await flow.start()
    await flow.to(13 * MINUTE)
    flow.expect(lambda: cursor(flow), "2027-03-01T12:10:00Z")
    flow.controllers.cronjobs_away = False
    await flow.to(21 * MINUTE)


@scenario("a tick that waits under Forbid until it is too late", ends=[SUCCEEDED, SKIPPED, SUCCEEDED])
async def waits_too_long(flow: Flow) -> None:
    flow.work(seconds=15 * MINUTE)
    flow.apply(timing=cron(), concurrencyPolicy="Forbid", startingDeadlineSeconds=60)
    await flow.to(21 * MINUTE + 5)
    flow.expect(lambda: cursor(flow), "2027-03-01T12:20:00Z")
    flow.work(seconds=5)
    await flow.to(31 * MINUTE)


@scenario(
    "unscheduled right after a tick that has no Job yet",
    ends=["Missed/Suspended", SUCCEEDED],
    due=lambda: ticks(10, 30),
)
async def unscheduled(flow: Flow) -> None:
    without_controller(flow)
    flow.apply(timing=cron())
    await flow.to(10 * MINUTE + 5)
    flow.edit(suspend=True)
    await flow.to(11 * MINUTE)
    flow.expect(lambda: cursor(flow), "2027-03-01T12:10:00Z")
    flow.controllers.cronjobs_away = False
    await flow.to(22 * MINUTE)
    flow.edit(suspend=False)
    await flow.to(31 * MINUTE)


@scenario(
    "edited right after a tick that has no Job yet",
    ends=["Missed/Edited", SUCCEEDED],
    due=lambda: ticks(10, 35),
)
async def edited(flow: Flow) -> None:
    without_controller(flow)
    flow.apply(timing=cron())
    await flow.to(10 * MINUTE + 5)
    flow.edit(timing=cron("35 * * * *"))
    await flow.to(11 * MINUTE)
    flow.controllers.cronjobs_away = False
    await flow.to(36 * MINUTE)


@scenario(
    "rescheduled right after a tick that has no Job yet",
    ends=["Missed/Rescheduled", SUCCEEDED],
    due=lambda: ticks(10, 20),
)
async def rescheduled(flow: Flow) -> None:
    without_controller(flow)
    flow.apply(timing=cron())
    await flow.to(10 * MINUTE + 5)
    flow.reschedule("again")
    await flow.to(11 * MINUTE)
    flow.controllers.cronjobs_away = False
    await flow.to(21 * MINUTE)


@scenario("no controller, and a startTime that is a tick", ends=[SUCCEEDED] * 2)
async def starts_later(flow: Flow) -> None:
    without_controller(flow)
    timing = cron()
    timing["schedule"]["startTime"] = later(30 * MINUTE)
    flow.apply(timing=timing)
    await flow.to(29 * MINUTE)
    flow.expect(lambda: cursor(flow), "2027-03-01T12:29:59Z")
    await flow.to(42 * MINUTE)


@scenario("both away for an hour, and only the operator is back", ends=[SUCCEEDED, *[SUPERSEDED] * 5, SUCCEEDED])
async def operator_back(flow: Flow) -> None:
    flow.apply(timing=cron(), history={"other": 10})
    await flow.to(12 * MINUTE)
    await flow.stop()
    without_controller(flow)
    await flow.to(72 * MINUTE)
    await flow.start()
    await flow.to(75 * MINUTE)
    flow.controllers.cronjobs_away = False


@scenario("no controller, and a quota that is used up for a while", ends=[SUCCEEDED])
async def quota(flow: Flow) -> None:
    without_controller(flow)
    flow.apply(timing=cron())
    await flow.to(8 * MINUTE)
    flow.reject("create", JOB, QuotaExceeded("exceeded quota: jobs", status=403, reason="Forbidden"))
    await flow.to(11 * MINUTE)
    flow.expect(flow.phases, ["Pending/QuotaExceeded"])
    flow.reject("create", JOB, None)
    await flow.to(13 * MINUTE)


@scenario("a template that was edited is that of the operator's Job", ends=[SUCCEEDED])
async def template_edited(flow: Flow) -> None:
    without_controller(flow)
    flow.apply(timing=cron())
    await flow.to(5 * MINUTE)
    flow.edit(jobTemplate=template(image="busybox:2"))
    await flow.to(11 * MINUTE)
    (job,) = flow.cluster.all(JOB)
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "busybox:2"


@scenario("a run by hand blocks under Forbid", ends=[SUCCEEDED, SUCCEEDED, SUCCEEDED])
async def by_hand(flow: Flow) -> None:
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    flow.work(seconds=10 * MINUTE)
    await flow.to(5 * MINUTE)
    flow.run_now("by-hand")
    await flow.to(6 * MINUTE)
    flow.expect(lambda: counted(flow), ["by-hand"])
    await flow.to(12 * MINUTE)
    flow.expect(flow.jobs, ["by-hand"])
    flow.work(seconds=5)
    await flow.to(17 * MINUTE)
    flow.expect(lambda: (len(flow.jobs()), counted(flow)), (2, []))
    await flow.to(21 * MINUTE)


@scenario("a Job that a person made from the CronJob blocks under Forbid", ends=[SUCCEEDED, SUCCEEDED])
async def from_cronjob(flow: Flow) -> None:
    flow.apply(timing=cron(), concurrencyPolicy="Forbid")
    flow.work(seconds=10 * MINUTE)
    await flow.to(5 * MINUTE)
    for cronjob in flow.cluster.all(CRONJOB):
        body = cronjob["spec"]["jobTemplate"]
        owner = {"apiVersion": "batch/v1", "kind": "CronJob", "controller": True}
        owner |= {key: cronjob["metadata"][key] for key in ("name", "uid")}
        metadata = {**body["metadata"], "name": "by-hand", "ownerReferences": [owner]}
        flow.cluster.create(JOB, {"metadata": metadata, "spec": body["spec"]})
    await flow.to(12 * MINUTE)
    flow.expect(flow.jobs, ["by-hand"])
    flow.work(seconds=5)
    await flow.to(17 * MINUTE)
    flow.expect(lambda: len(flow.jobs()), 2)
