"""Scenarios in which the API server keeps rejecting what a request needs: a webhook is down, a policy, a quota is
full."""

from __future__ import annotations

from typing import Any

from tests.builders.objects import Object
from tests.flow.driver import BEGIN, Flow, later
from tests.flow.scenario import Collection

from process_operator.cluster.errors import ApiError, Invalid, QuotaExceeded, ServerError
from process_operator.resources.conditions import Condition
from process_operator.resources.kinds import CRONJOB, JOB, PROCESS_RUN

BLOCKED = Collection()
scenario = BLOCKED.scenario

SUCCEEDED = "Succeeded/Completed"
WEBHOOK = ServerError(
    'Internal error occurred: failed calling webhook "down.example.com": connect: connection refused', status=500
)
POLICY = Invalid(
    'processruns.process-operator.io "job-1" is forbidden: ValidatingAdmissionPolicy "team" denied request: label team '
    "is required",
    status=422,
)
HISTORY = {"successful": 100, "failed": 100, "other": 100}
NOT_READY = ("False", "Rejected")


def every(seconds: int, until: int) -> dict[str, Any]:
    """Timing with a tick every `seconds` from the beginning, up to a second."""
    return {"schedule": {"secondly": {"every": seconds}, "finishTime": later(until)}}


def ready(flow: Flow, name: str = "job") -> Condition:
    """The condition Ready of a request."""
    return next(found for found in flow.request(name).status.conditions if found.type == "Ready")


def is_ready(flow: Flow) -> tuple[str, str]:
    """Status and reason of the condition Ready."""
    found = ready(flow)
    return str(found.status), found.reason


def events(flow: Flow, reason: str) -> list[str]:
    """Messages of all Events with a reason."""
    said = flow.said + [said for process in flow.processes for said in process.events.said]
    return [message for found, _, message in said if found == reason]


@scenario("a webhook is down when a request is applied", ends=[SUCCEEDED])
async def webhook_at_apply(flow: Flow) -> None:
    flow.reject("create", JOB, WEBHOOK)
    flow.apply(timing={"runImmediately": {}})
    await flow.to(30)
    flow.expect(lambda: flow.acceptance(), ("Pending", "WebhookFailed"))
    flow.expect(lambda: is_ready(flow), ("False", "WebhookFailed"))
    flow.expect(lambda: "connection refused" in ready(flow).message, True)
    flow.expect(lambda: len(events(flow, "NotAccepted")), 1, undisturbed=True)
    await flow.to(300)
    flow.reject("create", JOB, None)
    await flow.advance(30)
    flow.expect(lambda: [run.status.phase for run in flow.runs()] in (["Running"], ["Succeeded"]), True)
    await flow.advance(20)


@scenario("a webhook goes down under a schedule with a deadline", ends=None)
async def webhook_later(flow: Flow) -> None:
    flow.apply(timing=every(60, 500), startingDeadlineSeconds=30, history=HISTORY)
    await flow.to(50)
    flow.reject("create", JOB, WEBHOOK)
    await flow.to(60 + 25)
    flow.expect(lambda: flow.phases()[-1], "Pending/WebhookFailed")
    flow.expect(lambda: is_ready(flow), ("False", "WebhookFailed"))
    flow.expect(lambda: "since" in ready(flow).message, True)
    flow.expect(lambda: len(events(flow, "Blocked")), 1, undisturbed=True)
    await flow.to(240 + 5)
    flow.expect(lambda: [phase for phase in flow.phases() if phase == "Missed/DeadlinePassed"] != [], True)
    missed = [run.status.message or "" for run in flow.runs() if run.status.phase == "Missed"]
    flow.expect(lambda: all("failed calling webhook" in message for message in missed), True)
    flow.reject("create", JOB, None)
    await flow.advance(30)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    await flow.to(600)
    flow.expect(lambda: flow.phases()[-1], SUCCEEDED)


@scenario("a policy rejects the runs of a schedule for a while", ends=None)
async def policy_on_runs(flow: Flow) -> None:
    flow.apply(timing=every(60, 500), startingDeadlineSeconds=30, history=HISTORY)
    await flow.to(50)
    flow.reject("create", PROCESS_RUN, POLICY)
    await flow.to(60 + 30)
    flow.expect(lambda: is_ready(flow), ("False", "Rejected"))
    flow.expect(lambda: "label team is required" in ready(flow).message, True)
    flow.expect(lambda: str(flow.request().status.phase), "Pending")
    flow.expect(lambda: len(events(flow, "Blocked")), 1, undisturbed=True)
    written = len(flow.cluster.writes)
    await flow.to(180 + 50)
    # Tried again every twenty seconds at most, and the status is not written with each try.
    flow.expect(lambda: 7 <= len(flow.cluster.writes) - written <= 25, True, undisturbed=True)
    statuses = [write for write in flow.cluster.writes[written:] if write.resource == "processrequests/status"]
    flow.expect(lambda: len(statuses) <= 4, True, undisturbed=True)
    next_run = flow.request().status.next_run_time
    flow.expect(lambda: next_run is not None and next_run > flow.clock(), True)
    flow.reject("create", PROCESS_RUN, None)
    await flow.advance(30)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    missed = [run.status.message or "" for run in flow.runs() if run.status.phase == "Missed"]
    flow.expect(lambda: bool(missed) and all("label team is required" in message for message in missed), True)
    await flow.to(600)


@scenario("a policy rejects the runs of a schedule, and the operator restarts", ends=None)
async def policy_over_a_restart(flow: Flow) -> None:
    flow.apply(timing=every(60, 500), startingDeadlineSeconds=30, history=HISTORY)
    await flow.to(50)
    flow.reject("create", PROCESS_RUN, POLICY)
    await flow.to(125)
    said = ready(flow)
    for _ in range(2):
        await flow.crash()
        # A new operator has to try before it knows. Until then it keeps what the status says.
        flow.expect(lambda: (is_ready(flow), ready(flow).last_transition_time), (NOT_READY, said.last_transition_time))
        await flow.advance(5)
        flow.expect(lambda: (is_ready(flow), ready(flow).last_transition_time), (NOT_READY, said.last_transition_time))
    flow.expect(lambda: len(events(flow, "Blocked")), 1, undisturbed=True)
    await flow.to(230)
    flow.reject("create", PROCESS_RUN, None)
    await flow.advance(30)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    missed = [run.status.message or "" for run in flow.runs() if run.status.phase == "Missed"]
    flow.expect(lambda: ["label team is required" in message for message in missed], [True] * 3)
    await flow.to(600)


@scenario("a webhook is down, and the operator restarts after the deadline of the run", ends=None)
async def webhook_over_a_restart(flow: Flow) -> None:
    flow.apply(timing=every(60, 100), startingDeadlineSeconds=30, history=HISTORY)
    await flow.to(50)
    flow.reject("create", JOB, WEBHOOK)
    await flow.to(60 + 25)
    await flow.stop()
    await flow.to(60 + 40)
    await flow.start()
    await flow.advance(5)
    flow.expect(lambda: flow.phases()[-1], "Missed/DeadlinePassed")
    flow.expect(lambda: "failed calling webhook" in (flow.newest().message or ""), True)
    flow.reject("create", JOB, None)
    await flow.to(200)


@scenario("a policy rejects the run of a request that runs once", ends=[SUCCEEDED])
async def policy_on_a_run(flow: Flow) -> None:
    flow.reject("create", PROCESS_RUN, POLICY)
    flow.apply(timing={"runImmediately": {}})
    await flow.to(30)
    flow.expect(lambda: is_ready(flow), ("False", "Rejected"))
    flow.expect(lambda: str(flow.request().status.phase), "Pending")
    said = ready(flow)
    await flow.to(200)
    await flow.crash()
    await flow.advance(1)
    flow.expect(lambda: ready(flow).last_transition_time, said.last_transition_time)
    await flow.to(400)
    flow.expect(lambda: ready(flow).last_transition_time, said.last_transition_time)
    flow.reject("create", PROCESS_RUN, None)
    await flow.advance(30)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    await flow.advance(20)


@scenario("the API server rejects a Job for one reason after another", ends=[SUCCEEDED, SUCCEEDED])
async def reasons(flow: Flow) -> None:
    flow.apply(timing=every(60, 100), history=HISTORY)
    await flow.to(50)
    flow.reject("create", JOB, QuotaExceeded("exceeded quota: jobs", status=403))
    await flow.to(80)
    flow.expect(lambda: is_ready(flow), ("False", "QuotaExceeded"))
    flow.reject("create", JOB, WEBHOOK)
    await flow.to(120)
    flow.expect(lambda: is_ready(flow), ("False", "WebhookFailed"))
    reported = ["QuotaExceeded", "WebhookFailed"]
    flow.expect(lambda: [said.partition(":")[0] for said in events(flow, "Blocked")], reported, undisturbed=True)
    flow.reject("create", JOB, None)
    await flow.to(160)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))


@scenario("a policy rejects the CronJob of a schedule", ends=None)
async def policy_on_a_cronjob(flow: Flow) -> None:
    flow.reject("create", CRONJOB, POLICY)
    flow.apply(timing={"schedule": {"cron": "*/10 * * * *"}}, history=HISTORY)
    await flow.to(40)
    flow.expect(lambda: is_ready(flow), ("False", "Rejected"))
    flow.reject("create", CRONJOB, None)
    await flow.advance(30)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    await flow.to(620)


@scenario("a policy rejects the records of the Jobs of a CronJob", ends=[SUCCEEDED] * 3)
async def policy_on_records(flow: Flow) -> None:
    flow.apply(timing={"schedule": {"cron": "*/10 * * * *"}}, history=HISTORY, engine="CronJob")
    await flow.to(30)
    flow.reject("create", PROCESS_RUN, POLICY)
    await flow.to(600 + 40)
    flow.expect(lambda: is_ready(flow), ("False", "Rejected"))
    await flow.to(1800 + 20)
    flow.reject("create", PROCESS_RUN, None)
    await flow.advance(30)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))


def quota(flow: Flow, limit: int) -> None:
    """Let the server hold at most this number of ProcessRuns."""

    def judge(_body: Object) -> ApiError | None:
        used = len(flow.cluster.all(PROCESS_RUN))
        if used < limit:
            return None
        key = "count/processruns.process-operator.io"
        words = f'processruns.process-operator.io "x" is forbidden: exceeded quota: runs, requested: {key}=1, used: '
        return QuotaExceeded(f"{words}{key}={used}, limited: {key}={limit}", status=403)

    flow.cluster.rejections["create", PROCESS_RUN] = judge


@scenario("a quota on runs is as large as the history", ends=[SUCCEEDED] * 6)
async def quota_of_the_history(flow: Flow) -> None:
    quota(flow, 3)
    flow.apply(timing=every(60, 310), history={"successful": 3, "failed": 3, "other": 3})
    await flow.to(310)
    flow.expect(lambda: len(flow.runs()), 3)
    flow.expect(lambda: flow.runs()[-1].spec.scheduled_time == BEGIN.replace(microsecond=0, minute=5), True)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))


@scenario("a quota on runs is taken by others, then has one place", ends=None)
async def quota_of_others(flow: Flow) -> None:
    for number in range(3):
        flow.apply(f"other-{number}", timing={"runImmediately": {}})
    await flow.to(10)
    quota(flow, 3)
    flow.apply(timing=every(60, 600), startingDeadlineSeconds=20, history={"successful": 1})
    await flow.to(150)
    flow.expect(lambda: is_ready(flow), ("False", "QuotaExceeded"))
    flow.expect(lambda: flow.phases(), [])
    quota(flow, 4)
    await flow.to(180)
    flow.expect(flow.phases, ["Missed/DeadlinePassed x3"])
    flow.expect(lambda: "exceeded quota" in (flow.newest().message or ""), True)
    # The record keeps its place only until a run needs it, and a run that is over only until the next one does.
    await flow.to(180 + 25)
    flow.expect(flow.phases, [SUCCEEDED])
    await flow.to(240 + 25)
    flow.expect(flow.phases, [SUCCEEDED])
    flow.expect(lambda: flow.request().status.counts.succeeded, 2, undisturbed=True)
    await flow.to(600)
    flow.expect(lambda: flow.request().status.counts.missed, 1, undisturbed=True)


@scenario(
    "a quota on runs has one place, and the next tick is not claimed before the missed ones are recorded",
    ends=None,
    looks_ahead=True,
)
@scenario("a quota on runs has one place, for which ticks that were missed wait as well as one that is due", ends=None)
async def quota_with_one_place(flow: Flow) -> None:
    for number in range(3):
        flow.apply(f"other-{number}", timing={"runImmediately": {}})
    await flow.to(10)
    quota(flow, 3)
    flow.apply(timing=every(60, 600), startingDeadlineSeconds=40, history={"successful": 1})
    await flow.to(135)
    quota(flow, 4)
    await flow.to(165)
    # A run that took the place before they are recorded would keep it, because the cursor stays behind them.
    flow.expect(flow.phases, ["Missed/DeadlinePassed x2"])
    await flow.to(600)
    flow.expect(flow.phases, [SUCCEEDED])
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    flow.expect(lambda: flow.phases(pruned=True).count(SUCCEEDED) >= 6, True)
