"""Scenarios of processes with steps: a run for each step, one after the other, whatever happens in the middle."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.flow.controllers import Work
from tests.flow.driver import Flow, shown, template
from tests.flow.scenario import Collection

from process_operator.cluster.errors import Forbidden, QuotaExceeded
from process_operator.resources import names
from process_operator.resources.kinds import JOB, PROCESS, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.process_run import ProcessRun, StepStatus

STEPS = Collection()
scenario = partial(STEPS.scenario, writes=(12, 60))
"""The first writes are about the Processes, and the first step is begun alike in all: one scenario tries them all."""

NOW: dict[str, object] = {"runImmediately": {}}
SUCCEEDED, CANCELED = "Succeeded/Completed", "Canceled/Canceled"
FAILED, STEP_FAILED = "Failed/ExitCode", "Failed/StepFailed"
EXTRACT, LOAD, REPORT = "extract", "load", "report"


def group(flow: Flow, *steps: str, fails: str = "", seconds: float = 5, **spec: Any) -> None:
    """The Process `nightly` with a Process for each of its steps; the Job of the step `fails` fails."""
    for step in dict.fromkeys(steps or (EXTRACT, LOAD, REPORT)):
        flow.apply_process(step)
    flow.cluster.create(PROCESS, {"metadata": {"name": "nightly"}, "spec": {"steps": listed(*steps), **spec}})
    flow.controllers.work = lambda job: (
        Work(exit_code=3, log="no such ledger", seconds=seconds)
        if fails and job.endswith(f"-{fails}")
        else Work(seconds=seconds)
    )


def listed(*steps: str) -> list[dict[str, Any]]:
    """Steps as a manifest has them, each of the Process of its name."""
    return [{"name": step, "process": {"name": step}} for step in steps or (EXTRACT, LOAD, REPORT)]


def request(flow: Flow, **spec: Any) -> None:
    """The request `job` for that Process, to be run at once."""
    flow.apply(**{"timing": NOW, "process": {"name": "nightly"}, **spec})


def runs(flow: Flow) -> list[str]:
    """The step's name (of a parent: `-`) and the phase of every run that is there, parents first, in order of
    making."""
    found = [ProcessRun.model_validate(body) for body in flow.cluster.all(PROCESS_RUN)]
    found.sort(key=lambda run: (int(run.metadata.uid[:8]), run.metadata.name))
    return [f"{run.spec.parent.step if run.spec.parent else '-'} {shown(run)}" for run in found]


def steps(flow: Flow) -> list[str | None]:
    """`Phase/Reason` of the steps of the only parent."""
    return [step.phase and f"{step.phase}/{step.reason}" for step in recorded(flow)]


def recorded(flow: Flow) -> tuple[StepStatus, ...]:
    """The steps as the only parent records them."""
    return parent(flow).status.steps or ()


def parent(flow: Flow) -> ProcessRun:
    """The newest run that is not of a step."""
    return [run for run in flow.runs() if run.spec.parent is None][-1]


def child(flow: Flow, step: str) -> str:
    """Name of the run of a step of the newest parent."""
    run = parent(flow)
    return names.step_run_name(run.metadata.name, run.metadata.uid, step)


def is_there(flow: Flow, step: str) -> bool:
    """Whether the run of a step exists; in a late flow its run need not exist yet."""
    return not flow.is_late or flow.cluster.find(PROCESS_RUN, child(flow, step)) is not None


def log(flow: Flow) -> str:
    """The log of the newest parent, with its name in the names of the runs left out."""
    found = parent(flow).status.log
    assert found is not None
    return (found.text or "").replace(child(flow, "")[:-1], "RUN")


@scenario("three steps that succeed", ends=[SUCCEEDED] * 4, writes=(1, 60))
async def succeed(flow: Flow) -> None:
    group(flow)
    request(flow)
    await flow.to(4)
    flow.expect(lambda: (runs(flow), steps(flow)), (["- Running", "extract Running"], [None] * 3), undisturbed=True)
    await flow.to(60)
    flow.expect(lambda: runs(flow), [f"{step} {SUCCEEDED}" for step in ("-", EXTRACT, LOAD, REPORT)])
    flow.expect(
        lambda: log(flow),
        "1/3 extract: Succeeded after 5s (run RUN-extract)\n"
        "2/3 load: Succeeded after 5s (run RUN-load)\n"
        "3/3 report: Succeeded after 5s (run RUN-report)",
    )
    flow.expect(lambda: flow.request().status.phase, "Succeeded")
    flow.expect(lambda: flow.request().status.counts.succeeded, 1)
    flow.expect(lambda: (parent(flow).status.process, parent(flow).status.exit_code), ("nightly", 0))
    flow.expect(lambda: flow.run(child(flow, LOAD)).status.process, LOAD)


@scenario("steps that are over within a second", ends=[SUCCEEDED] * 3)
async def brief(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD, seconds=0)
    request(flow)
    await flow.to(30)
    flow.expect(lambda: steps(flow), [SUCCEEDED] * 2)


@scenario("the middle one of three steps fails, and the last is not run", ends=[STEP_FAILED, SUCCEEDED, FAILED])
async def fails(flow: Flow) -> None:
    group(flow, fails=LOAD)
    request(flow)
    await flow.to(60)
    flow.expect(lambda: steps(flow), [SUCCEEDED, FAILED, None])
    flow.expect(lambda: log(flow).splitlines()[1:], [
        "2/3 load: Failed after 5s (run RUN-load): ExitCode",
        "3/3 report: not run",
    ])  # fmt: skip
    flow.expect(lambda: parent(flow).status.message, 'step "load": Failed (ExitCode: no such ledger)')
    flow.expect(lambda: parent(flow).status.exit_code, 3)
    flow.expect(lambda: flow.request().status.phase, "Failed")


@scenario(
    "the middle one of three steps fails, and the last still runs",
    ends=[STEP_FAILED, SUCCEEDED, FAILED, SUCCEEDED],
)
async def fails_and_goes_on(flow: Flow) -> None:
    group(flow, fails=LOAD, stopOnFailure=False)
    request(flow)
    await flow.to(60)
    flow.expect(lambda: steps(flow), [SUCCEEDED, FAILED, SUCCEEDED])
    flow.expect(lambda: parent(flow).status.message, 'step "load": Failed (ExitCode: no such ledger)')


@scenario("a run with steps that is canceled in the middle", ends=[CANCELED, SUCCEEDED, CANCELED])
async def canceled(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow)
    await flow.to(30)
    flow.cancel(parent(flow).metadata.name)
    await flow.to(60)
    flow.expect(lambda: steps(flow), [SUCCEEDED, CANCELED, None])
    flow.expect(lambda: parent(flow).status.message, "spec.cancel was set")


@scenario("a step that is canceled counts as one that failed", ends=[STEP_FAILED, SUCCEEDED, CANCELED])
async def step_canceled(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow)
    await flow.to(30)
    if is_there(flow, LOAD):
        flow.cancel(child(flow, LOAD))
    await flow.to(60)
    flow.expect(lambda: steps(flow), [SUCCEEDED, CANCELED, None])


@scenario("a run with steps is unscheduled in the middle, and continues", ends=[SUCCEEDED] * 4)
async def keeps_running(flow: Flow) -> None:
    group(flow, seconds=10)
    request(flow)
    await flow.to(18)
    flow.edit(suspend=True)
    await flow.to(80)
    flow.expect(lambda: steps(flow), [SUCCEEDED] * 3)


@scenario(
    "a run with steps is unscheduled in the middle, and canceled by that",
    ends=["Canceled/Unscheduled", SUCCEEDED, "Canceled/Unscheduled"],
)
async def cancel_running(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow, onSuspend="CancelRunning")
    await flow.to(30)
    flow.edit(suspend=True)
    await flow.to(60)
    flow.expect(lambda: steps(flow), [SUCCEEDED, "Canceled/Unscheduled", None])


@scenario("a run with steps is unscheduled and resumed in the middle, and rests in between", ends=[SUCCEEDED] * 4)
async def suspend_running(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow, onSuspend="SuspendRunning")
    await flow.to(30)
    flow.edit(suspend=True)
    await flow.to(100)
    flow.expect(lambda: runs(flow), ["- Pending/Suspended", f"extract {SUCCEEDED}", "load Pending/Suspended"])
    flow.edit(suspend=False)
    await flow.to(180)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("a run with steps that is unscheduled while a step ends, and resumed", ends=[SUCCEEDED] * 3)
async def suspended_between(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    request(flow, onSuspend="SuspendRunning")
    await flow.to(5)
    await flow.stop()
    await flow.to(15)
    flow.edit(suspend=True)
    await flow.start()
    await flow.to(40)
    flow.expect(lambda: runs(flow), ["- Pending/Suspended", f"extract {SUCCEEDED}"])
    flow.edit(suspend=False)
    await flow.to(80)


@scenario("a run with steps that is canceled while it rests", ends=[CANCELED, SUCCEEDED, CANCELED])
async def canceled_suspended(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow, onSuspend="SuspendRunning")
    await flow.to(30)
    flow.edit(suspend=True)
    await flow.to(50)
    flow.cancel(parent(flow).metadata.name)
    await flow.to(70)


@scenario("the list of steps is edited in the middle", ends=[SUCCEEDED] * 3)
async def edited(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    request(flow)
    await flow.to(4)
    flow.cluster.patch(PROCESS, "default", "nightly", {"spec": {"steps": listed(EXTRACT)}})
    await flow.to(60)
    flow.expect(lambda: steps(flow), [SUCCEEDED] * 2)


@scenario("the Process of a later step is edited in the middle", ends=[SUCCEEDED] * 3)
async def step_edited(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    request(flow)
    await flow.to(4)
    flow.cluster.patch(PROCESS, "default", LOAD, {"spec": {"jobTemplate": template(image="busybox:2")}})
    await flow.to(60)
    flow.expect(lambda: image(flow, LOAD), "busybox:2")


def image(flow: Flow, step: str) -> str:
    return str(flow.cluster.read(JOB, child(flow, step))["spec"]["template"]["spec"]["containers"][0]["image"])


@scenario("the Process of a later step goes in the middle, and comes back", ends=[SUCCEEDED] * 3)
async def step_process_missing(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    request(flow)
    await flow.to(4)
    flow.cluster.delete(PROCESS, LOAD)
    await flow.to(30)
    flow.expect(lambda: runs(flow), ["- Running/ProcessNotFound", f"extract {SUCCEEDED}"])
    flow.expect(flow.acceptance, ("Pending", "ProcessNotFound"))
    flow.apply_process(LOAD)
    await flow.to(60)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("the run of a step is deleted while it runs", ends=[STEP_FAILED, SUCCEEDED, "Running"])
async def step_deleted(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow)
    await flow.to(32)
    if is_there(flow, LOAD):
        flow.cluster.delete(PROCESS_RUN, child(flow, LOAD))
    await flow.to(60)
    flow.expect(lambda: steps(flow), [SUCCEEDED, "Unknown/RunDeleted", None])
    flow.expect(lambda: [name for name in flow.jobs() if name.endswith(LOAD)], [])


@scenario("the run of a step that is over is deleted while the next runs", ends=[SUCCEEDED] * 4)
async def ended_step_deleted(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow)
    await flow.to(32)
    flow.cluster.delete(PROCESS_RUN, child(flow, EXTRACT))
    await flow.to(90)
    flow.expect(lambda: steps(flow), [SUCCEEDED] * 3)


@scenario("a run with steps that a person deletes in the middle")
async def parent_deleted(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow)
    await flow.to(30)
    flow.cluster.delete(PROCESS_RUN, parent(flow).metadata.name)
    await flow.to(60)
    flow.expect(lambda: (flow.jobs(), flow.runs(), flow.request().status.phase), ([], [], "Failed"))


@scenario("a request that is deleted while a step is open, and its runs are left behind")
async def request_orphaned(flow: Flow) -> None:
    group(flow, seconds=20)
    request(flow)
    await flow.to(30)
    flow.cluster.delete(PROCESS_REQUEST, "job", propagation="Orphan")
    await flow.to(90)
    flow.expect(lambda: runs(flow), ["- Canceled/RequestNotFound", f"extract {SUCCEEDED}", f"load {SUCCEEDED}"])


@scenario("a run of steps by hand, beside the one of the request", ends=[SUCCEEDED] * 6, writes=(22, 60))
async def by_hand(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    request(flow)
    await flow.to(40)
    flow.run_now("by-hand")
    await flow.to(80)
    flow.expect(lambda: flow.run("by-hand").status.phase, "Succeeded")


@scenario("Run Later of a process with steps", ends=[SUCCEEDED] * 3)
async def later(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    request(flow, timing={"runLater": {"after": "20s"}})
    await flow.to(15)
    flow.expect(lambda: (runs(flow), flow.jobs()), (["- Pending"], []))
    await flow.to(60)
    flow.expect(lambda: flow.request().status.phase, "Succeeded")


@scenario("a schedule of steps that overlaps itself under Forbid", writes=(18, 32))
async def forbid(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD, seconds=11)
    timing = {"schedule": {"secondly": {"every": 10}, "finishTime": "2027-03-01T12:00:40Z"}}
    request(flow, timing=timing, concurrencyPolicy="Forbid", history={"successful": 9})
    await flow.to(150)
    flow.expect(
        lambda: [shown(run) for run in flow.runs() if run.spec.parent is None],
        [SUCCEEDED, "Skipped/Overlap", SUCCEEDED, "Skipped/Overlap", SUCCEEDED],
    )


@scenario("a schedule of steps whose runs replace each other", writes=(12, 30))
async def replace(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD, seconds=8)
    timing = {"schedule": {"secondly": {"every": 12}, "finishTime": "2027-03-01T12:00:12Z"}}
    request(flow, timing=timing, concurrencyPolicy="Replace")
    await flow.to(80)
    flow.expect(
        lambda: [shown(run) for run in flow.runs() if run.spec.parent is None], ["Canceled/Replaced", SUCCEEDED]
    )


@scenario("old runs with steps are removed with the runs of their steps", writes=(44, 72))
async def retention(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD, seconds=1)
    timing = {"schedule": {"secondly": {"every": 20}, "finishTime": "2027-03-01T12:01:20Z"}}
    request(flow, timing=timing, history={"successful": 2})
    await flow.to(240)
    flow.expect(lambda: runs(flow), [f"{step} {SUCCEEDED}" for step in ("-", EXTRACT, LOAD)] * 2)
    flow.expect(lambda: len(flow.jobs()), 4)


@scenario("a quota that is full when a later step is due, and heals", ends=[SUCCEEDED] * 3)
async def quota(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    request(flow)
    await flow.to(4)
    flow.reject("create", JOB, QuotaExceeded("exceeded quota: q", status=403))
    await flow.to(30)
    flow.expect(lambda: runs(flow)[0], "- Running/QuotaExceeded")
    flow.reject("create", JOB, None)
    await flow.to(80)


@scenario("the Job of a step that an admission policy rejects", ends=[STEP_FAILED, "Failed/Rejected"])
async def rejected(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    request(flow, timing={"runLater": {"after": "20s"}})
    await flow.to(10)
    flow.reject("create", JOB, Forbidden("not on Mondays", status=403))
    await flow.to(40)
    flow.expect(lambda: parent(flow).status.message, 'step "extract": Failed (Rejected: not on Mondays)')


@scenario("steps whose templates have ttlSecondsAfterFinished", ends=[SUCCEEDED] * 3, writes=(20, 60))
async def job_ttl(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    for step, seconds in ((EXTRACT, 2), (LOAD, 20)):
        body = template()
        body["spec"]["ttlSecondsAfterFinished"] = seconds
        flow.cluster.patch(PROCESS, "default", step, {"spec": {"jobTemplate": body}})
    request(flow)
    await flow.to(25)
    flow.expect(lambda: flow.jobs(), [child(flow, LOAD)])
    await flow.to(60)
    flow.expect(lambda: (flow.jobs(), len(flow.runs())), ([], 3))
