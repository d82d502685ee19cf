"""A real cluster for the tests in this folder, with the CRDs installed.

It is the one of KUBECONFIG_TEST where that is set; else `hack/cluster` gives one: the user's own with CLUSTER=existing,
or one that it starts on this machine and that is left running, because the next test run finds it again in no time.
Neighbour: `kubectl.py`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cluster.kubectl import Kubectl

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]


def _hack_cluster(*arguments: str) -> str:
    """Run `hack/cluster`; what it has to say on stderr is for the person who waits."""
    command = (sys.executable, str(REPOSITORY / "hack" / "cluster"), *arguments)
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The file that leads to the cluster."""
    given = os.environ.get("KUBECONFIG_TEST")
    if given:
        return Path(given)
    printed = _hack_cluster("up", "--tier", "control-plane", "--name", "test")
    (_, assignment) = shlex.split(printed)
    return Path(assignment.removeprefix("KUBECONFIG="))


@pytest.fixture(scope="session")
def cluster(kubeconfig: Path) -> Kubectl:
    """The cluster, ready for our kinds."""
    built = Path(_hack_cluster("path"), "kubectl")
    binary = built if built.exists() else Path(shutil.which("kubectl") or "kubectl")
    kubectl = Kubectl(binary, kubeconfig)
    crds = str(REPOSITORY / "crds")
    kubectl.run("apply", "--filename", crds)
    kubectl.run("wait", "--for=condition=Established", "--timeout=60s", "--filename", crds)
    return kubectl


@pytest.fixture
def namespace(cluster: Kubectl) -> Iterator[str]:
    """A namespace for one test."""
    with cluster.new_namespace() as name:
        yield name


@pytest.fixture(scope="module")
def shared_namespace(cluster: Kubectl) -> Iterator[str]:
    """A namespace for tests of one module that do not get in each other's way."""
    with cluster.new_namespace() as name:
        yield name
