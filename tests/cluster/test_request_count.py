"""Number of API requests for each run, counted by the API server itself; a request at rest needs none.

Beyond the creation of the run and its Job, a plain run needs at most three. These are a PATCH when it has run for a
while, the GET of its log, and the PATCH of its end. The runs of a request share some more: its status, Events, retention. `pytest -s`
prints the tables. Neighbour: `audit_log.py`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import pytest
from tests.builders.objects import Object
from tests.cluster.audit_log import AuditLog, Call
from tests.cluster.manifests import sleeper
from tests.cluster.run_requests import Runs, request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.kubectl import Kubectl

pytestmark = [pytest.mark.node, pytest.mark.disruptive]

RUNS: Final = 20
EVERY: Final = 3
"""Seconds. The cases run side by side. An overloaded node would make their pods wait, which the operator reports."""
PROMPT: Final = 8.0
"""Seconds in which a run of these cases is over if the node is not overloaded."""
PODS: Final = Call("list", "pods")
CANCELED: Final = 5
QUIET_SECONDS: Final = 20
MAKING: Final = frozenset({Call("create", "processruns"), Call("create", "jobs"), Call("create", "jobs (dry run)")})
RETENTION: Final = frozenset(
    {Call("delete", "processruns"), Call("deletecollection", "jobs"), Call("list", "processruns")}
)
REMOVED: Final = RUNS - 3
"""Runs beyond the default limit of the history, each deleted by its UID. The slower the machine is, the more of them are
deleted while the test counts."""
STATUS: Final = Call("patch", "processrequests/status")
EVENTS: Final = (Call("create", "events"), Call("patch", "events"))


@pytest.fixture
def audit(kubeconfig: Path) -> AuditLog:
    return from_now_on(kubeconfig)


def from_now_on(kubeconfig: Path) -> AuditLog:
    path = kubeconfig.parent / "logs" / "audit.log"
    if not path.exists():
        pytest.fail("the API server of this cluster writes no audit log: `hack/cluster up --audit`")
    return AuditLog(path)


@dataclass(frozen=True)
class Case:
    """A script that is run by a schedule, how its runs end, and what one of them may cost."""

    script: str
    phase: str
    most: float
    job: Object = field(default_factory=dict)


CASES: Final = {
    # Two for most of the brief ones, where the kubelet is fast enough.
    "a brief success": Case("echo hello", "Succeeded", 3),
    "a brief failure": Case("echo hello; exit 3", "Failed", 3),
    "a longer success": Case("echo hello; sleep 5", "Succeeded", 3),
    "a longer failure": Case("echo hello; sleep 5; exit 3", "Failed", 3),
    "a run that meets its deadline": Case(sleeper(600), "Failed", 5, {"activeDeadlineSeconds": 4}),
}


@dataclass(frozen=True)
class Spent:
    """Calls about the namespace of each case, while all cases ran side by side."""

    calls: dict[str, Counter[Call]]
    seconds: dict[str, list[float]]
    """Time for which each run was open."""
    minutes: float


@pytest.fixture(scope="module")
def spent(cluster: Kubectl, kubeconfig: Path) -> Iterator[Spent]:
    audit, began = from_now_on(kubeconfig), time.monotonic()
    # If the operator is late by a tick, that tick still runs.
    timing = {"schedule": {"secondly": {"every": EVERY}, "maxRuns": RUNS}}
    with ExitStack() as stack:
        places = {name: stack.enter_context(cluster.new_namespace()) for name in CASES}
        for name, case in CASES.items():
            wanted = request("counted", case.script, job=case.job, timing=timing, catchUp="All")
            Runs(cluster, places[name]).apply(wanted)
        for name, case in CASES.items():
            over = partial(all_over, cluster, places[name], case.phase)
            cluster.wait_until(over, what=f"{RUNS} runs are {case.phase}", namespace=places[name])
        settle(audit)
        minutes = (time.monotonic() - began) / 60
        calls = {name: audit.calls(place) for name, place in places.items()}
        yield Spent(calls, {name: audit.seconds_of_runs(place) for name, place in places.items()}, minutes)


def all_over(cluster: Kubectl, namespace: str, phase: str) -> bool:
    status = cluster.get("preq", "counted", namespace).get("status", {})
    return status.get("phase") == "Finished" and bool(status["counts"][phase.lower()] == RUNS)


@pytest.mark.parametrize("name", CASES)
def test_a_scheduled_run_costs(spent: Spent, name: str) -> None:
    calls = spent.calls[name]
    show(calls, RUNS)
    assert calls[Call("create", "processruns")] == RUNS
    assert calls[Call("create", "jobs")] == RUNS
    assert cost(calls) <= CASES[name].most * RUNS + sum(map(waiting, spent.seconds[name]))
    # These come by the clock, not with each run: on a slow machine there is more of it.
    assert calls[Call("delete", "processruns")] <= REMOVED
    assert sum(calls[call] for call in RETENTION) <= REMOVED + 0.2 * RUNS + 3 * spent.minutes
    assert calls[STATUS] <= 4 + 6 * spent.minutes
    assert sum(calls[call] for call in EVENTS) <= 4 + 4 * spent.minutes


def test_a_canceled_run_costs(cluster: Kubectl, namespace: str, audit: AuditLog) -> None:
    runs = Runs(cluster, namespace)
    names = [f"canceled-{number}" for number in range(CANCELED)]
    runs.apply(*(request(name, sleeper(600)) for name in names))
    for name in names:
        run = runs.wait(name, {"Running"})["metadata"]["name"]
        assert cluster.patch("prun", run, namespace, {"spec": {"cancel": True}}).ok
    assert {runs.end(name)["status"]["phase"] for name in names} == {"Canceled"}
    settle(audit)
    calls = audit.calls(namespace)
    show(calls, CANCELED)
    # A run that starts late says why. Whether the pod is gone is looked up more often if the kubelet takes longer.
    late = sum(map(waiting, audit.seconds_of_runs(namespace)))
    assert cost(calls) - calls[PODS] <= 4 * CANCELED + late
    assert 1 <= calls[PODS] <= 3 * CANCELED + late


def test_a_request_at_rest_costs_nothing(cluster: Kubectl, namespace: str, audit: AuditLog) -> None:
    runs = Runs(cluster, namespace)
    far = datetime.now(ZoneInfo("Europe/Madrid")) + timedelta(hours=12)
    daily = {"schedule": {"daily": {"at": f"{far:%H}:00"}, "timeZone": "Europe/Madrid"}}
    runs.apply(
        request("resting", "echo hello", timing=daily, engine="Operator"),
        request("resting-cronjob", "echo hello", timing=daily, engine="CronJob"),
        request("over", "echo hello"),
        request("unscheduled", "echo hello", timing=daily, suspend=True),
        request("waiting", "echo hello", timing={"runLater": {"after": "10h"}}, suspend=True),
        request("invalid", "echo hello", timing={"schedule": {"cron": "0 0 31 2 *"}}),
    )
    runs.end("over")
    settle(audit, seconds=12)  # what is held back for a while comes at most 10 s later
    resting = AuditLog(audit.path)
    time.sleep(QUIET_SECONDS)
    asked = resting.calls(namespace, None)
    assert {call: times for call, times in asked.items() if call.verb != "watch"} == {}


def waiting(seconds: float) -> float:
    """Calls allowed beyond that for a run that was open for `seconds`: the operator looks up repeatedly why it waits."""
    return 1 + (seconds - PROMPT) / 2 if seconds > PROMPT else 0


def cost(calls: Counter[Call]) -> int:
    """Number of calls about runs, Jobs and pods, beyond creating them and without retention."""
    ours = {"processruns", "jobs", "pods"}
    return sum(
        times for call, times in calls.items() if call.resource.split("/")[0] in ours and call not in MAKING | RETENTION
    )


def settle(audit: AuditLog, seconds: float = 2) -> None:
    """Wait until the operator has sent no call for `seconds`."""
    while True:
        newest = AuditLog(audit.path)
        time.sleep(seconds)
        if not newest.calls():
            return


def show(calls: Counter[Call], runs: int) -> None:
    """Print how many requests there were, in all and for each run."""
    lines = [*sorted(calls.items()), ("for a run, beyond making it and its Job", cost(calls))]
    print("", *(f"  {times:5} {times / runs:6.2f}  {call}" for call, times in lines), sep="\n")
