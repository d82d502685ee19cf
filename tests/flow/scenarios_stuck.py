"""Scenarios of runs that do not start, or do not end: what they and their requests say, and how it ends."""

from __future__ import annotations

from typing import Any

from tests.flow.driver import BEGIN, Flow, Work, later, template
from tests.flow.scenario import Collection
from tests.flow.scenarios_blocked import events, is_ready, ready
from tests.flow.scenarios_steps import EXTRACT, LOAD, child, group, is_there, parent, request, runs

from process_operator.resources.kinds import EVENT, JOB, POD, PROCESS

STUCK = Collection()
scenario = STUCK.scenario

SUCCEEDED = "Succeeded/Completed"
FIRST, SECOND = (f"job-f34a2bff-{int(BEGIN.timestamp()) // 60 + minute}" for minute in (0, 1))


def every_minute(until: int) -> dict[str, Any]:
    """A timing of every minute from the beginning, up to a second."""
    return {"schedule": {"secondly": {"every": 60}, "finishTime": later(until)}}


def warn(flow: Flow, reason: str, message: str) -> None:
    """An Event of the kubelet about the one pod that is there."""
    (pod,) = flow.cluster.all(POD)
    flow.cluster.create(
        EVENT,
        {
            "metadata": {"name": reason.lower()},
            "involvedObject": {"kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": flow.clock.text(),
        },
    )


def reads(flow: Flow) -> int:
    """Number of the operator's reads from the API server."""
    return sum(process.api.reads for process in flow.processes)


@scenario(
    "the image of a run under Forbid is corrected",
    ends=[SUCCEEDED, "Skipped/Overlap", "Skipped/Overlap", SUCCEEDED],
    remade=frozenset({FIRST}),
)
async def corrected(flow: Flow) -> None:
    flow.controllers.missing_images = frozenset({"missing"})
    flow.apply(timing=every_minute(239), concurrencyPolicy="Forbid", jobTemplate=template(image="missing"))
    await flow.to(30)
    flow.expect(flow.phases, ["Pending/ErrImagePull"])
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    await flow.to(90)
    flow.expect(lambda: ready(flow).message.startswith("Due runs wait for run"), True)
    await flow.to(150)
    flow.expect(lambda: is_ready(flow), ("False", "RunNotStarted"))
    flow.expect(lambda: "Pending since 2027-03-01T12:00:00Z (ErrImagePull: not found)" in ready(flow).message, True)
    flow.expect(lambda: len(events(flow, "Blocked")), 1, undisturbed=True)
    await flow.to(200)
    flow.edit(jobTemplate=template(image="present"))
    await flow.advance(20)
    flow.expect(lambda: flow.phases()[0], SUCCEEDED)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    await flow.to(300)


STEP = "job-66837228-s1-c62860ec-extract"


@scenario("the image of a step is corrected in its Process", ends=[SUCCEEDED] * 3, remade=frozenset({STEP}))
async def corrected_step(flow: Flow) -> None:
    flow.controllers.missing_images = frozenset({"missing"})
    group(flow, EXTRACT, LOAD)
    flow.cluster.patch(PROCESS, "default", EXTRACT, {"spec": {"jobTemplate": template(image="missing")}})
    request(flow)
    await flow.to(150)
    flow.expect(lambda: runs(flow), ["- Pending/ErrImagePull", "extract Pending/ErrImagePull"])
    flow.cluster.patch(PROCESS, "default", EXTRACT, {"spec": {"jobTemplate": template(image="present")}})
    await flow.advance(30)
    flow.expect(lambda: flow.cluster.made[JOB][STEP], 2)
    flow.expect(lambda: runs(flow), [f"{step} {SUCCEEDED}" for step in ("-", EXTRACT, LOAD)])
    await flow.advance(60)


@scenario(
    "the Process of a step gives its runs a time to start", ends=["Failed/StepFailed", SUCCEEDED, "Failed/StartTimeout"]
)
async def step_timeout(flow: Flow) -> None:
    group(flow, EXTRACT, LOAD)
    flow.cluster.patch(PROCESS, "default", LOAD, {"spec": {"startTimeoutSeconds": 30}})
    stuck = Work(starts=False, waiting={"reason": "ContainerCreating"})
    flow.controllers.work = lambda job: stuck if job.endswith(LOAD) else Work(seconds=5)
    request(flow)
    await flow.to(30)
    waits = "ContainerCreating"
    flow.expect(lambda: runs(flow), [f"- Running/{waits}", f"extract {SUCCEEDED}", f"load Pending/{waits}"])
    await flow.to(60)
    words = 'step "load": Failed (StartTimeout: no container had started 30 s after the start (startTimeoutSeconds))'
    flow.expect(lambda: parent(flow).status.message, words)


CRON_FIRST = f"job-f34a2bff-{int(BEGIN.timestamp()) // 60 + 10}"


@scenario("the image of a run of a CronJob is corrected", ends=[SUCCEEDED, SUCCEEDED], remade=frozenset({CRON_FIRST}))
async def corrected_cronjob(flow: Flow) -> None:
    flow.controllers.missing_images = frozenset({"missing"})
    cron: dict[str, Any] = {"schedule": {"cron": "*/10 * * * *"}}
    flow.apply(timing=cron, concurrencyPolicy="Forbid", jobTemplate=template(image="missing"))
    await flow.to(640)
    flow.expect(lambda: (flow.request().status.engine, flow.phases()), ("CronJob", ["Pending/ErrImagePull"]))
    flow.edit(jobTemplate=template(image="present"))
    await flow.advance(30)
    flow.expect(flow.phases, [SUCCEEDED])
    await flow.to(1230)


@scenario(
    "a run does not start within startTimeoutSeconds",
    ends=["Failed/ErrImagePull", SUCCEEDED],
    # Where the operator is late, the correction comes before the end of the first run, and starts it again.
    remade=frozenset({FIRST, SECOND}),
)
async def timed_out(flow: Flow) -> None:
    flow.controllers.missing_images = frozenset({"missing"})
    limits: dict[str, Any] = {"concurrencyPolicy": "Forbid", "startTimeoutSeconds": 90}
    flow.apply(timing=every_minute(119), jobTemplate=template(image="missing"), **limits)
    await flow.to(80)
    flow.expect(flow.phases, ["Pending/ErrImagePull"])
    await flow.to(95)
    flow.expect(lambda: flow.phases()[0], "Failed/ErrImagePull")
    words = "not found; no container had started 90 s after the start (startTimeoutSeconds)"
    flow.expect(lambda: flow.runs()[0].status.message, words)
    flow.edit(jobTemplate=template(image="present"))
    await flow.to(200)


@scenario("a process gives its runs a time to start", ends=["Failed/StartTimeout"])
async def process_timeout(flow: Flow) -> None:
    flow.work(starts=False, waiting={"reason": "ContainerCreating"})
    flow.apply_process("slow", startTimeoutSeconds=30)
    flow.apply(timing={"runImmediately": {}}, process={"name": "slow"})
    await flow.to(60)


@scenario("a run that started in time is not ended", ends=[SUCCEEDED])
async def in_time(flow: Flow) -> None:
    flow.work(seconds=100)
    flow.apply(timing={"runImmediately": {}}, startTimeoutSeconds=10)
    await flow.to(150)


@scenario("a volume cannot be mounted, of which only an Event tells", ends=["Failed/FailedMount"])
async def failed_mount(flow: Flow) -> None:
    flow.work(starts=False, waiting={"reason": "ContainerCreating"})
    job = template()
    job["spec"]["activeDeadlineSeconds"] = 600
    flow.apply(timing={"runImmediately": {}}, jobTemplate=job)
    await flow.to(6)
    words = 'MountVolume.SetUp failed for volume "key" : secret "not-there" not found'
    warn(flow, "FailedMount", words)
    await flow.to(7)
    warn(flow, "MissingClusterDNS", "kubelet does not have ClusterDNS IP configured")
    await flow.to(30)
    flow.expect(lambda: (flow.phases(), flow.newest().message), (["Pending/FailedMount"], words))
    written = len(flow.cluster.writes)
    await flow.to(200)
    await flow.resync()
    await flow.crash()
    await flow.advance(60)
    # Neither time nor a resync nor a restart takes the cause from the run.
    flow.expect(lambda: flow.phases(), ["Pending/FailedMount"])
    flow.expect(lambda: len(flow.cluster.writes) - written, 0, undisturbed=True)
    await flow.to(620)
    flow.expect(lambda: flow.newest().message, f"{words}, until the deadline of 600 s")


@scenario("a pod waits for one reason after another, of which only Events tell", ends=["Canceled/Canceled"])
async def event_causes(flow: Flow) -> None:
    flow.work(starts=False, waiting={"reason": "ContainerCreating"})
    flow.apply(timing={"runImmediately": {}})
    await flow.to(10)
    for reason in (
        "FailedScheduling",
        "FailedBinding",
        "FailedAttachVolume",
        "FailedMapVolume",
        "FailedPrepareDynamicResources",
        "NetworkNotReady",
        "FailedCreatePodSandBox",
        "FailedPodSandBoxStatus",
        "FailedSync",
    ):
        warn(flow, reason, f"{reason} of the pod")
        await flow.advance(300)
        shown = ([f"Pending/{reason}"], f"{reason} of the pod")
        flow.expect(lambda: (flow.phases(), flow.newest().message), shown)
    flow.cancel_newest()
    await flow.advance(60)


@scenario("the node of a run is silent for a while, and not yet evicted", ends=[SUCCEEDED])
async def silent_node(flow: Flow) -> None:
    flow.work(seconds=None)
    flow.apply(timing={"runImmediately": {}})
    await flow.to(10)
    # The node controller takes the readiness from its pods, and the Job controller counts that.
    flow.controllers.jobs_away = True
    (made,) = flow.jobs()
    flow.cluster.patch(JOB, "default", made, {"status": {"ready": 0}}, subresource="status")
    warn(flow, "NodeNotReady", "Node is not ready")
    await flow.to(40)
    flow.expect(lambda: (flow.phases(), flow.newest().message), (["Running/NodeNotReady"], "Node is not ready"))
    flow.controllers.jobs_away = False
    await flow.to(60)
    flow.expect(flow.phases, ["Running"])
    flow.work(seconds=5)
    await flow.advance(60)


@scenario("an image cannot be pulled, a resync and a restart later too", ends=["Pending/ErrImagePull"])
async def pending_image(flow: Flow) -> None:
    flow.work(starts=False)
    flow.apply(timing={"runImmediately": {}})
    await flow.to(30)
    written = len(flow.cluster.writes)
    await flow.resync()
    await flow.advance(400)
    await flow.crash()
    await flow.advance(400)
    flow.expect(lambda: flow.phases(), ["Pending/ErrImagePull"])
    flow.expect(lambda: len(flow.cluster.writes) - written, 0, undisturbed=True)


@scenario("the parallelism of a Job is 0", ends=["Pending/NoParallelism"])
async def no_parallelism(flow: Flow) -> None:
    flow.controllers.jobs_away = True
    job = template()
    job["spec"]["parallelism"] = 0
    flow.apply(timing={"runImmediately": {}}, jobTemplate=job)
    await flow.to(5)
    (made,) = flow.cluster.all(JOB)
    status = {"status": {"startTime": flow.clock.text()}}
    flow.cluster.patch(JOB, "default", made["metadata"]["name"], status, subresource="status")
    await flow.to(60)
    flow.expect(lambda: flow.newest().message, "spec.parallelism of its Job is 0: it starts no pod")


@scenario("the node of a canceled run does not answer", ends=["Canceled/Canceled"])
async def lost_node(flow: Flow) -> None:
    flow.controllers.lost_node = True
    flow.work(seconds=None)
    flow.apply(timing={"runImmediately": {}})
    await flow.to(30)
    flow.cancel_newest()
    await flow.to(120)
    flow.expect(flow.phases, ["Running/NotTerminated"])
    flow.expect(lambda: "node node-1 has not confirmed it" in (flow.newest().message or ""), True)
    before = reads(flow)
    await flow.to(120 + 1800)
    flow.expect(lambda: reads(flow) - before < 50, True)
    flow.controllers.lost_node = False
    await flow.advance(120)


@scenario(
    "the node of a canceled step does not answer, and the next run waits for that",
    ends=["Failed/StepFailed", "Canceled/Canceled", SUCCEEDED, SUCCEEDED, SUCCEEDED],
)
async def lost_node_of_step(flow: Flow) -> None:
    flow.controllers.lost_node = True
    group(flow, EXTRACT, LOAD)
    flow.work(seconds=None)
    request(flow, timing=every_minute(110), concurrencyPolicy="Forbid")
    await flow.to(30)
    if is_there(flow, EXTRACT):
        flow.cancel(child(flow, EXTRACT))
    await flow.to(90)
    flow.expect(lambda: runs(flow), ["- Running/NotTerminated", "extract Running/NotTerminated"])
    cause = f'step 1 of 2, "extract": pod {child(flow, EXTRACT)}-0000 should be gone by 2027-03-01T12:00:31Z'
    flow.expect(lambda: parent(flow).status.message, f"{cause}, but node node-1 has not confirmed it")
    flow.expect(lambda: f"(NotTerminated: {cause}" in ready(flow).message, True)
    flow.work(seconds=5)
    flow.controllers.lost_node = False
    await flow.advance(200)


@scenario("the wait for an open run is named", ends=[SUCCEEDED, SUCCEEDED])
async def behind_a_run(flow: Flow) -> None:
    flow.work(seconds=100)
    flow.apply(timing=every_minute(110), concurrencyPolicy="Forbid")
    await flow.to(70)
    words = "which is Running since 2027-03-01T12:00:0"
    flow.expect(lambda: (is_ready(flow), words in ready(flow).message), (("True", "InForce"), True))
    await flow.to(300)
    flow.expect(lambda: ready(flow).message, "")
