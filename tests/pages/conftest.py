"""A real cluster with the operator, as in `tests/cluster`, for the commands of the pages. `make test-docs` runs these.

The operator knows the receiver `tutorial`, at a port of its own. Neighbour: `reader.py`.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.cluster.conftest import cluster, kubeconfig, namespace, pytest_sessionfinish, pytest_terminal_summary
from tests.cluster.conftest import pytest_sessionstart as start_operator
from tests.pages.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.kubectl import Kubectl

__all__ = ["cluster", "kubeconfig", "namespace", "pytest_sessionfinish", "pytest_terminal_summary"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Define the receiver before the operator starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    receiver = {"name": "tutorial", "url": f"http://127.0.0.1:{port}/", "allowHTTP": True, "namespaces": ["*"]}
    file = Path(tempfile.mkdtemp()) / "receivers.yaml"
    file.write_text(yaml.safe_dump({"receivers": [receiver]}))
    os.environ |= {"PROCESS_OPERATOR_RECEIVERS_FILE": str(file), "RECEIVER_PORT": str(port)}
    start_operator(session)


@pytest.fixture
def reader(cluster: Kubectl, kubeconfig: Path, tmp_path: Path, namespace: str) -> Reader:
    """A reader of pages: in a folder with the files of the repository, and a namespace of the kubeconfig."""
    return Reader(cluster, kubeconfig, tmp_path, namespace)


@pytest.fixture
def tutorial_namespace(cluster: Kubectl) -> Iterator[None]:
    """Delete the namespace that the tutorial creates, also that of an earlier test that failed halfway."""
    delete = ("delete", "namespace", "tutorial", "--ignore-not-found")
    cluster.run(*delete)
    yield
    cluster.run(*delete)
