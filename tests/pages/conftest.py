"""A real cluster with the operator, as in `tests/cluster`, for the commands of the pages. `make test-docs` runs these.

The operator knows the receivers `tutorial` and `pager`, at a port of its own. Neighbour: `reader.py`.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from tests.chart.helm import CHART, RELEASE, helm, program
from tests.cluster.conftest import cluster, kubeconfig, namespace, pytest_sessionfinish, pytest_terminal_summary
from tests.cluster.conftest import pytest_sessionstart as start_operator
from tests.pages.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.kubectl import Kubectl

_NAMESPACES: Final = ("argocd", "erp")

__all__ = ["cluster", "kubeconfig", "namespace", "pytest_sessionfinish", "pytest_terminal_summary"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Define the receivers before the operator starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    receivers = [{"name": name, "url": url, "allowHTTP": True, "namespaces": ["*"]} for name in ("tutorial", "pager")]
    file = Path(tempfile.mkdtemp()) / "receivers.yaml"
    file.write_text(yaml.safe_dump({"receivers": receivers}))
    os.environ |= {"PROCESS_OPERATOR_RECEIVERS_FILE": str(file), "RECEIVER_PORT": str(port)}
    start_operator(session)


@pytest.fixture
def reader(cluster: Kubectl, kubeconfig: Path, tmp_path: Path, namespace: str) -> Reader:
    """A reader of pages: in a folder with the files of the repository, and a namespace of the kubeconfig."""
    return Reader(cluster, kubeconfig, Path(program("helm")), tmp_path, namespace)


@pytest.fixture
def tutorial_namespace(cluster: Kubectl) -> Iterator[None]:
    """Delete the namespace that the tutorial creates, also that of an earlier test that failed halfway."""
    delete = ("delete", "namespace", "tutorial", "--ignore-not-found")
    cluster.run(*delete)
    yield
    cluster.run(*delete)


@pytest.fixture(scope="module")
def installation(cluster: Kubectl, kubeconfig: Path) -> Iterator[None]:
    """Install the chart as the pages name it, and the namespaces of Argo CD and of a team.

    The release has no pod, because the operator of the tests works in the cluster already.
    """
    values = "replicaCount=0,crds.enabled=false,admissionPolicy.enabled=false"
    release = (RELEASE, "--namespace", f"{RELEASE}-system")
    install = ("upgrade", "--install", *release, str(CHART), "--create-namespace", "--set", values)
    answer = helm(*install, kubeconfig=kubeconfig)
    assert answer.returncode == 0, answer.stderr
    for name in _NAMESPACES:
        if not cluster.ask("get", "namespace", name).ok:
            cluster.run("create", "namespace", name)
    yield
    helm("uninstall", *release, "--ignore-not-found", kubeconfig=kubeconfig)
    cluster.run("delete", "clusterrolebinding", "argocd-server-runs", "--ignore-not-found")
    cluster.run("delete", "namespace", f"{RELEASE}-system", *_NAMESPACES, "--ignore-not-found")
