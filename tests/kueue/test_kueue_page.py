"""Page about Kueue (docs/how-to/kueue.md): its manifests and commands, in their order, against the real Kueue."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest
from tests.chart.helm import REPOSITORY
from tests.cluster.manifests import IMAGE
from tests.cluster.workspace import Workspace
from tests.kueue.kueue_manager import NAMESPACE_LABEL, KueueManager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

PAGE: Final = REPOSITORY / "docs" / "how-to" / "kueue.md"
NAMESPACE: Final = "erp"
BLOCK: Final = re.compile(r"^```(sh|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMPLETE, HELD, RELEASED = range(3)
"""The shell blocks of the page."""


@pytest.fixture
def erp(cluster: Kubectl, kueue: KueueManager) -> Iterator[Workspace]:  # noqa: ARG001
    """The namespace of the page, in which the webhooks of Kueue hold before anything is created."""
    cluster.run("create", "namespace", NAMESPACE)
    cluster.run("label", "namespace", NAMESPACE, f"{NAMESPACE_LABEL}=true")
    try:
        yield Workspace(cluster, NAMESPACE)
    finally:
        cluster.run("delete", "clusterqueue", NAMESPACE, "--ignore-not-found", "--wait=false")
        cluster.run("delete", "resourceflavor", "any-node", "--ignore-not-found", "--wait=false")
        cluster.run("delete", "namespace", NAMESPACE, "--wait=false")


def _blocks(language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(PAGE.read_text()) if found == language]


def _shell(cluster: Kubectl, script: str) -> str:
    """The output of a block, run by bash with this cluster's kubectl."""
    environment = {
        **os.environ,
        "PATH": f"{cluster.binary.parent}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(cluster.kubeconfig),
    }
    command = ("bash", "-euo", "pipefail", "-c", script)
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_the_page_does_what_it_says(cluster: Kubectl, erp: Workspace) -> None:
    shell, (queues, request) = _blocks("sh"), _blocks("yaml")
    assert len(shell) == 3
    cluster.run("apply", "--filename", "-", stdin=queues)
    assert cluster.wait("localqueue", "team-a", NAMESPACE, "condition=Active").ok
    cluster.run("apply", "--filename", "-", stdin=request.replace("busybox:1", IMAGE))
    _shell(cluster, shell[COMPLETE])

    shown = _shell(cluster, shell[HELD])
    assert "close-day" in shown
    (held,) = [run for run in erp.runs("close-day") if run["status"]["phase"] not in ("Succeeded", "Running")]
    status = erp.wait_reason(held["metadata"]["name"], "Suspended")["status"]
    assert "queued by Kueue (LocalQueue team-a)" in status["message"]

    _shell(cluster, shell[RELEASED])
    assert [run["status"]["phase"] for run in erp.runs("close-day")] == ["Succeeded", "Succeeded"]
