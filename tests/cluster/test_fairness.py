"""One noisy request beside others: their ticks stay on time, and the operator works on the noisy one too.

The noise is made without pods: Jobs that the Job controller fails by their deadline, and runs that are canceled before
they begin. The API server's audit log says how late a tick is: it has the instant at which the operator sent the Job.
Neighbours: `audit_log.py`, and `hack/bench/fairness.py` for figures.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from kubernetes import client, config
from tests.builders.objects import Object
from tests.cluster.audit_log import AuditLog
from tests.cluster.manifests import job_template, manual_run, request, schedule
from tests.cluster.workspace import now, written

from process_operator.resources import names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.workspace import Workspace

QUIET: Final = tuple(f"quiet-{number}" for number in range(3))
TICKS: Final = 4
FAR: Final = "2031-01-01T00:00:00Z"
EVERY: Final = 3
ON_TIME: Final = 15.0
"""Seconds. Behind the noise it would be minutes; how punctual the ticks are is measured elsewhere, on a quiet
machine."""
MANY: Final = 2000
KEPT: Final = {"successful": 100_000, "failed": 100_000, "other": 100_000}


@pytest.fixture
def audit(kubeconfig: Path) -> AuditLog:
    path = kubeconfig.parent / "logs" / "audit.log"
    if not path.exists():
        pytest.fail("the API server of this cluster writes no audit log: `hack/cluster up --audit`")
    return AuditLog(path)


def quiet_ones(**bounds: str) -> list[Object]:
    """Requests with a tick every few seconds."""
    timing = schedule(secondly={"every": EVERY}, **bounds)
    return [request(name, timing, engine="Operator", catchUp="All") for name in QUIET]


def let_quiet_ones_tick(space: Workspace) -> None:
    """Quiet requests with ticks for some seconds, soon."""
    lead = space.accept(6, *quiet_ones(startTime=FAR))
    start = now().replace(microsecond=0) + lead
    finish = start + timedelta(seconds=EVERY * (TICKS - 1))
    space.apply_all(*quiet_ones(startTime=written(start), finishTime=written(finish)))


def assert_on_time(space: Workspace, audit: AuditLog) -> None:
    def lateness() -> list[float] | None:
        sent = audit.created("jobs", space.namespace)
        late = sorted(at - int(job.rpartition("-")[2]) for job, at in sent if job.startswith("quiet-"))
        return late if len(late) >= len(QUIET) * TICKS else None

    late = space.wait(lateness, "each tick has its Job")
    assert late is not None
    assert len(late) == len(QUIET) * TICKS
    assert late[-1] < ON_TIME, late


def test_beside_a_tick_each_second_that_fails(space: Workspace, audit: AuditLog) -> None:
    fails = job_template("exit 1", activeDeadlineSeconds=1)
    space.apply(request("noisy", schedule(secondly={"every": 1}), jobTemplate=fails, engine="Operator"))
    let_quiet_ones_tick(space)
    assert_on_time(space, audit)
    space.wait(
        lambda: space.status("noisy").get("counts", {}).get("failed", 0) >= TICKS, f"{TICKS} failures are counted"
    )


def test_beside_thousands_of_runs(space: Workspace, audit: AuditLog, kubeconfig: Path) -> None:
    daily = schedule(daily={"at": "04:00"}, timeZone="Europe/Madrid")
    space.apply(request("noisy", daily, engine="Operator", history=KEPT))
    space.wait_phase("noisy", "Scheduled")
    let_quiet_ones_tick(space)
    group, version = names.API_VERSION.split("/")
    api = client.CustomObjectsApi(config.new_client_from_config(str(kubeconfig)))  # type: ignore[no-untyped-call]

    def make(number: int) -> None:
        run = manual_run("noisy", f"noise-{number}", cancel=True)
        api.create_namespaced_custom_object(group, version, space.namespace, "processruns", run)

    with ThreadPoolExecutor(8) as makers:
        assert len(list(makers.map(make, range(MANY)))) == MANY
    assert_on_time(space, audit)
    done = "spec.request.name=noisy,status.phase=Canceled"
    space.wait(lambda: space.cluster.objects("prun", space.namespace, fields=done), "the noisy one gets on")
