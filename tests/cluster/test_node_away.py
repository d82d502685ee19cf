"""The node stops answering and comes back: each tick still runs once, and what it did meanwhile is recorded as it was.

The kubelet is stopped for longer than it takes the control plane to call the node lost (50 s). One absence serves
several requests. Neighbour: `test_run_pods_removed.py` has pods that are taken away while the node answers.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.cluster.components import pid_of
from tests.cluster.manifests import immediately, job_template, request, schedule, sleeper
from tests.cluster.workspace import instant, name_of, now, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.kubectl import Kubectl
    from tests.cluster.workspace import Workspace

pytestmark = [pytest.mark.disruptive, pytest.mark.node]

EVERY: Final = 10
TICKS: Final = 6
HISTORY: Final = {"successful": 100, "failed": 100, "other": 100}
AWAY: Final = "process-operator.io/away"
"""A taint of our own. Where no node is left the control plane takes back its own one for a lost node, sooner or
later."""


class Node:
    """The node of the cluster that was started for the tests."""

    def __init__(self, kubelet: int, cluster: Kubectl) -> None:
        self._kubelet = kubelet
        self._cluster = cluster

    def stop(self) -> None:
        """Stop the kubelet: it no longer answers, and its containers keep running."""
        os.kill(self._kubelet, signal.SIGSTOP)

    def evict(self) -> None:
        """Take it from all pods that do not tolerate its absence."""
        self._cluster.run("taint", "node", "localhost", "--overwrite", f"{AWAY}=yes:NoExecute")

    def go_on(self) -> None:
        """It answers again, and takes pods."""
        os.kill(self._kubelet, signal.SIGCONT)
        self._cluster.ask("taint", "node", "localhost", f"{AWAY}-")


@pytest.fixture
def node(kubeconfig: Path, cluster: Kubectl) -> Iterator[Node]:
    """The node; its kubelet continues after each test, also after a failed one."""
    found = Node(pid_of("kubelet", kubeconfig), cluster)
    yield found
    found.go_on()


def patient(script: str) -> dict[str, Any]:
    """A Job template whose pod is left where it is."""
    template = job_template(script)
    template["spec"]["template"]["spec"]["tolerations"] = [{"key": AWAY, "operator": "Exists"}]
    return template


def test_a_node_is_away_for_a_minute(node: Node, space: Workspace) -> None:
    lead = space.lead(12)
    space.apply(request("evicted", immediately(), sleeper(600)))
    (run,) = space.wait_first_runs("evicted")
    space.wait_log(name_of(run), "begun")
    # It ends while the node is away, however long it takes until that is stopped.
    work = f"echo begun; sleep {28 + lead.seconds}; echo ended"
    space.apply(request("ends-alone", immediately(), jobTemplate=patient(work)))
    (run,) = space.wait_first_runs("ends-alone")
    space.wait_log(name_of(run), "begun")
    node.stop()
    stopped = now()
    start = stopped.replace(microsecond=0) + lead
    ticks = [start + number * timedelta(seconds=EVERY) for number in range(TICKS)]
    bounds = {"startTime": written(start), "finishTime": written(ticks[-1])}
    timing = schedule(secondly={"every": EVERY}, **bounds)
    common: dict[str, Any] = {"catchUp": "All", "history": HISTORY}
    space.apply_all(
        *(
            request(policy.lower(), timing, "echo $PROCESS_RUN", concurrencyPolicy=policy, **common)
            for policy in ("Allow", "Queue")
        )
    )
    node.evict()
    (pod,) = space.pods("evicted")
    space.wait(
        lambda: "deletionTimestamp" in space.cluster.get("pod", name_of(pod), space.namespace)["metadata"],
        "the pod shall go",
    )
    space.wait_until(ticks[-1] + timedelta(seconds=1))
    assert not any(run["status"].get("startTime") for run in space.runs("allow")), "no pod can begin"

    resumed = now()
    node.go_on()
    (ended,) = space.wait_runs("ends-alone", 1, "Succeeded")
    assert ended["status"]["log"]["text"] == "begun\nended"
    assert stopped < instant(ended["status"]["endTime"]) < resumed, "its end is that of its container"
    (evicted,) = space.wait_runs("evicted", 1, "Failed")
    assert evicted["status"]["reason"] == "DeletionByTaintManager"
    for name in ("allow", "queue"):
        space.wait_phase(name, "Finished")
        runs = space.wait_runs(name, TICKS, "Succeeded")
        assert [instant(run["spec"]["scheduledTime"]) for run in runs] == ticks
        assert len(space.jobs(name)) == len(space.pods(name)) == TICKS
        assert [run["status"]["log"]["text"] for run in runs] == [name_of(run) for run in runs]
