"""Two operators and one Lease: one leads, the other takes over, and every tick is in exactly one run all the while.

Neighbour: `test_restart.py` does the same with one operator that is away.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.chart.helm import RELEASE
from tests.cluster.account import NAMESPACE
from tests.cluster.manifests import immediately, request, schedule
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.test_restart import MANY, assert_every_tick_once
from tests.cluster.workspace import LATE, OPEN, instant, now

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.cluster.workspace import Workspace

pytestmark = [pytest.mark.node, pytest.mark.disruptive]

KILLED: Final = timedelta(seconds=15) + LATE
"""Within this time another has taken over from a leader that was killed, on a machine that is very busy."""
EVERY: Final = 2
TICKING: Final = tuple(f"tick-{number}" for number in range(4))


class Pair:
    """Two operators, of which one leads."""

    def __init__(self, account: Path, folder: Path, space: Workspace) -> None:
        environment = {
            "PROCESS_OPERATOR_LEASE_NAMESPACE": NAMESPACE,
            "PROCESS_OPERATOR_WATCH_NAMESPACES": space.namespace,
            "PROCESS_OPERATOR_HTTP_HOST": "127.0.0.1",
            "PROCESS_OPERATOR_HTTP_PORT": "0",
        }
        self.space = space
        self.operators = [
            OperatorProcess(
                account, folder / f"{name}.log", environment={**environment, "PROCESS_OPERATOR_POD_NAME": name}
            )
            for name in ("one", "two")
        ]
        self.leader, self.standby = self.operators

    def start(self) -> None:
        """The first leads, the second stands by."""
        self.leader.start()
        self.standby.start(until="stand-by")

    def swap(self, *, restart: bool) -> None:
        """The stand-by leads now. The former leader stands by, and is started again if it has ended."""
        self.leader, self.standby = self.standby, self.leader
        if restart:
            self.standby.start(until="stand-by")

    def end(self) -> None:
        for operator in self.operators:
            if operator.running:
                with suppress(ProcessLookupError):
                    operator.resume()
                operator.kill()

    def said(self, operator: OperatorProcess, event: str) -> list[datetime]:
        """When an operator said something."""
        return [instant(record["timestamp"]) for record in operator.records() if record.get("event") == event]

    def taken_over(self, since: datetime) -> datetime:
        """Wait until the stand-by leads; when it began to."""

        def look() -> list[datetime]:
            return [at for at in self.said(self.standby, "leading") if at >= since]

        return self.space.wait(look, "the stand-by leads")[0]

    def holder(self) -> str:
        """Holder of the Lease; empty if it has none."""
        field = ("--output", "jsonpath={.spec.holderIdentity}")
        return self.space.cluster.run("get", "lease", RELEASE, "--namespace", NAMESPACE, *field)

    def ask(self, operator: OperatorProcess, path: str) -> tuple[int, str]:
        """Status and body of an operator's answer on its port."""
        port = [record["port"] for record in operator.records() if record.get("event") == "probes and metrics"][-1]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, operator: OperatorProcess, name: str) -> float:
        """The value of a metric without labels."""
        _, text = self.ask(operator, "/metrics")
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(line.split()[1])


@pytest.fixture(scope="module")
def pair(
    account: Path, tmp_path_factory: pytest.TempPathFactory, shared_space: Workspace, shared_operator: OperatorProcess
) -> Iterator[Pair]:
    """They work in one namespace, and the operator of the other tests is away."""
    shared_operator.stop()
    # A Lease that another test left would have to expire first.
    shared_space.cluster.delete("lease", RELEASE, NAMESPACE)
    pair = Pair(account, tmp_path_factory.mktemp("pair"), shared_space)
    try:
        pair.start()
        yield pair
    finally:
        pair.end()
        shared_operator.start()


def ticking(space: Workspace) -> None:
    """Requests with a tick every other second, which run already."""
    for name in TICKING:
        space.apply(request(name, schedule(secondly={"every": EVERY}), "true", history=MANY))
    for name in TICKING:
        space.wait_first_runs(name, 2)


def assert_all_ticks(space: Workspace) -> None:
    """End the schedules; each tick is in exactly one run then, and the last ones have run."""
    for name in TICKING:
        before = len(space.runs(name))
        space.wait_first_runs(name, before + 3)
        space.edit(name, suspend=True)
    for name in TICKING:
        space.wait_phase(name, "Suspended")
        runs = space.wait(partial(_ended, space, name), f"all runs of {name} have ended")
        assert_every_tick_once(space, name, runs, every=EVERY)


def _ended(space: Workspace, name: str) -> list[dict[str, Any]]:
    runs = space.runs(name)
    return runs if all(run["status"]["phase"] not in OPEN for run in runs) else []


def test_probes_and_metrics_name_the_leader(pair: Pair) -> None:
    space = pair.space
    space.apply(request("one", immediately()))
    space.wait_runs("one", 1, "Succeeded")
    assert pair.ask(pair.leader, "/readyz") == (200, "ready: leading\n")
    assert pair.ask(pair.standby, "/readyz")[1].startswith("ready: stand-by, one_")
    assert [pair.ask(operator, "/livez") for operator in pair.operators] == [(200, "live\n")] * 2
    assert [pair.metric(operator, "process_operator_leader") for operator in pair.operators] == [1, 0]
    assert [pair.metric(operator, "process_operator_requests") for operator in pair.operators] == [1, 1]
    assert 'process_operator_runs_finished_total{phase="Succeeded"} 1.0' in pair.ask(pair.leader, "/metrics")[1]
    assert 'process_operator_runs_finished_total{phase="Succeeded"} 0.0' in pair.ask(pair.standby, "/metrics")[1]
    assert len(pair.said(pair.standby, "CreateRun")) == 0, "a stand-by does nothing"


def test_a_namespace_that_is_not_watched_is_left_alone(pair: Pair) -> None:
    with pair.space.cluster.new_namespace() as other:
        pair.space.cluster.apply(request("elsewhere", immediately()), other)
        pair.space.apply(request("here", immediately()))
        pair.space.wait_runs("here", 1, "Succeeded")
        assert pair.space.cluster.get("preq", "elsewhere", other)["status"] == {"observedGeneration": -1}


def test_every_tick_is_in_one_run_through_all_hand_overs(pair: Pair) -> None:
    ticking(pair.space)

    left_at = now()
    assert pair.leader.stop() == 0
    assert not pair.holder().startswith("one_"), "it has released the Lease, so that no stand-by waits until it expires"
    pair.taken_over(left_at)
    pair.swap(restart=True)

    killed_at = now()
    pair.leader.kill()
    assert pair.taken_over(killed_at) - killed_at < KILLED
    pair.swap(restart=True)

    stopped_at = now()
    pair.leader.suspend()
    assert pair.taken_over(stopped_at) - stopped_at < KILLED
    pair.leader.resume()
    pair.space.wait(
        lambda: [at for at in pair.said(pair.leader, "stand-by") if at > stopped_at],
        "the leader that had stalled stands by",
    )
    pair.swap(restart=False)
    assert pair.ask(pair.standby, "/readyz")[1].startswith("ready: stand-by, ")
    assert_all_ticks(pair.space)
    for operator in pair.operators:
        assert not [record for record in operator.records() if record.get("level") == "error"]
