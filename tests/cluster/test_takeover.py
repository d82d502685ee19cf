"""Takeover, against the real CronJob controller, which is stopped across a tick; it starts the next tick itself again.

One stop of the controller manager serves several requests. Neighbour: `test_schedule_cronjob.py` tests the work of the
controller alone.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest
from tests.builders.objects import Object
from tests.cluster.components import pid_of
from tests.cluster.manifests import held, manual_run, request, schedule
from tests.cluster.workspace import LATE, created, instant, name_of, next_minute, now, written

from process_operator.resources.names import ANNOTATION_CRONJOB_TICK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.operator_process import OperatorProcess
    from tests.cluster.workspace import Workspace

pytestmark = [pytest.mark.disruptive, pytest.mark.node]

SCRIPT: Final = "echo at work"
TAKEN_OVER_AFTER: Final = timedelta(seconds=9)
"""The controller has a tick for itself for ten seconds; `creationTimestamp` is cut to the second."""
MINUTE: Final = timedelta(minutes=1)
CONTROLLER: Final = "kube-controller-manager"
PLAIN: Final = ("plain-1", "plain-2", "forbid")


@pytest.fixture
def controller_manager(kubeconfig: Path) -> Iterator[int]:
    """Pid of the controller manager of the tests' own cluster; it continues after each test."""
    pid = pid_of("kube-controller-manager", kubeconfig)
    yield pid
    os.kill(pid, signal.SIGCONT)


def jobs_at(space: Workspace, of: str, tick: datetime) -> list[Object]:
    """The Jobs of a request for one tick, by their names."""
    return [job for job in space.jobs(of) if name_of(job).endswith(f"-{int(tick.timestamp()) // 60}")]


def test_ticks_of_a_stopped_controller_run_once(
    controller_manager: int, space: Workspace, operator: OperatorProcess
) -> None:
    tick, manual = prepare(space)
    os.kill(controller_manager, signal.SIGSTOP)

    # The operator is stalled until the edit is there, so it cannot have taken over the tick before that.
    operator.suspend()
    space.wait_until(tick + timedelta(seconds=1))
    space.edit("unscheduled", suspend=True)
    operator.resume()
    space.wait(lambda: all(jobs_at(space, name, tick) for name in PLAIN), "the operator has started the tick")
    for name in PLAIN:
        (job,) = jobs_at(space, name, tick)
        assert tick + TAKEN_OVER_AFTER <= instant(created(job)) <= tick + TAKEN_OVER_AFTER + LATE
        assert job["metadata"]["annotations"][ANNOTATION_CRONJOB_TICK] == written(tick)
        assert job["metadata"]["ownerReferences"] == [owner(space.cronjob(name))]
        wait_counted(space, name, name_of(job))
        assert space.cronjob(name)["status"]["lastScheduleTime"] == written(tick)
    (missed,) = space.wait_runs("unscheduled", 1, "Missed")
    assert (missed["spec"]["scheduledTime"], missed["status"]["reason"]) == (written(tick), "Suspended")
    assert space.cronjob("unscheduled")["status"]["lastScheduleTime"] == written(tick), "claimed, then recorded"

    os.kill(controller_manager, signal.SIGCONT)
    space.wait(lambda: all(made_by_controller(space, name) for name in PLAIN[:2]), "later ticks are its own again")
    following = max(tick_of(made_by_controller(space, name)[0]) for name in PLAIN[:2])
    space.wait_until(following + timedelta(seconds=13))
    seen = [written(tick + number * MINUTE) for number in range((following - tick) // MINUTE + 1)]
    for name in PLAIN[:2]:
        scheduled = Counter(run["spec"]["scheduledTime"] for run in space.runs(name))
        assert {moment: scheduled[moment] for moment in seen} == dict.fromkeys(seen, 1)
        assert all(jobs_at(space, name, instant(moment)) for moment in seen)
    assert [name_of(job) for job in space.jobs("forbid")] == [name_of(job) for job in jobs_at(space, "forbid", tick)]
    assert [name_of(job) for job in space.jobs("by-hand")] == [manual], "a run by hand blocks both"
    # The controller may still start Jobs that it had queued when it was stopped. They are ended, and the record stays.
    space.wait(lambda: all(has_failed(job) for job in space.jobs("unscheduled")), "no recorded tick runs")
    assert [run["status"]["phase"] for run in space.runs("unscheduled")] == ["Missed"]
    for job in space.jobs("plain-1"):
        space.wait_run(name_of(job), "Succeeded")
    assert space.cluster.patch("prun", manual, space.namespace, {"spec": {"cancel": True}}).ok
    space.wait(lambda: manual not in counted(space, "by-hand"), "it counts no more")
    space.wait(lambda: len(space.jobs("by-hand")) == 2, "the tick that waited is started")


def prepare(space: Workspace) -> tuple[datetime, str]:
    """Arm the requests, one of which has a run by hand; their first minute, which is yet to come, and that run."""
    lead = space.lead(20)
    while True:
        began = now()
        tick = next_minute(began + lead)
        # Nothing fires before that minute, however far away it is.
        minutes = ",".join(str((tick.minute + number) % 60) for number in range(15))
        each_minute = schedule(cron=f"{minutes} * * * *")
        space.apply_all(
            *(request(name, each_minute, SCRIPT) for name in ("plain-1", "plain-2", "unscheduled")),
            *(request(name, each_minute, held(), concurrencyPolicy="Forbid") for name in ("forbid", "by-hand")),
        )
        for name in (*PLAIN, "by-hand", "unscheduled"):
            space.wait_phase(name, "Scheduled", "Active")
            space.wait_cronjob(name, suspended=False)
        manual = space.create(manual_run("by-hand"))
        wait_seen(space, "by-hand", manual)
        if now() < tick:
            return tick, manual
        # The machine was too slow for that minute: once more, for a later one.
        lead = 2 * (now() - began)
        space.delete("prun", manual)
        space.delete_with_all(*PLAIN, "by-hand", "unscheduled")


def made_by_controller(space: Workspace, of: str) -> list[Object]:
    """The Jobs that the CronJob controller has made itself, oldest first."""
    return [job for job in space.jobs(of) if job["metadata"]["managedFields"][0]["manager"] == CONTROLLER]


def tick_of(job: Object) -> datetime:
    """The full minute that the name of a CronJob's Job ends with."""
    return datetime.fromtimestamp(int(name_of(job).rpartition("-")[2]) * 60, UTC)


def has_failed(job: Object) -> bool:
    """Whether a Job has failed."""
    return any((c["type"], c["status"]) == ("Failed", "True") for c in job["status"].get("conditions", ()))


def counted(space: Workspace, of: str) -> list[str]:
    """The Jobs that the CronJob controller counts as running."""
    return [job["name"] for job in space.cronjob(of).get("status", {}).get("active", ())]


def wait_counted(space: Workspace, of: str, job: str) -> None:
    """Wait until a Job is the one that the controller counts."""
    space.wait(lambda: counted(space, of) == [job], f"{job} counts as running")


def wait_seen(space: Workspace, of: str, job: str) -> None:
    """Wait until the controller itself has read that it counts a Job.

    The API server may have the list before the controller, which is stopped next. The controller removes Jobs that do
    not exist from the list that it has read, so it gets one.
    """
    wait_counted(space, of, job)
    active = space.cronjob(of)["status"]["active"]
    gone = {**active[0], "name": f"{job}-gone", "uid": str(uuid4())}
    answer = space.cluster.patch(
        "cronjob",
        name_of(space.cronjob(of)),
        space.namespace,
        {"status": {"active": [*active, gone]}},
        subresource="status",
    )
    assert answer.ok, answer.message
    wait_counted(space, of, job)


def owner(cronjob: Object) -> Object:
    """Owner reference as the CronJob controller writes it."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": name_of(cronjob),
        "uid": cronjob["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
