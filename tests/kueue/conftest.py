"""Real cluster with the operator (as in `tests/cluster`) and beside it the real Kueue. `make test-kueue` runs these.

Neighbours: `kueue_manager.py`, `job_queue_space.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cluster.conftest import (
    cluster,
    kubeconfig,
    namespace,
    pytest_sessionfinish,
    pytest_sessionstart,
    pytest_terminal_summary,
)
from tests.kueue.job_queue_space import QueueSpace
from tests.kueue.kueue_manager import KueueManager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.kubectl import Kubectl

__all__ = [
    "cluster",
    "kubeconfig",
    "namespace",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_terminal_summary",
]


@pytest.fixture(scope="session")
def kueue(cluster: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KueueManager]:
    """Kueue's manager."""
    manager = KueueManager(cluster, tmp_path_factory.mktemp("kueue"))
    manager.start()
    yield manager
    manager.stop()


@pytest.fixture
def space(cluster: Kubectl, namespace: str, kueue: KueueManager) -> Iterator[QueueSpace]:  # noqa: ARG001
    """A namespace for one test, with a queue that admits one pod at a time."""
    found = QueueSpace(cluster, namespace)
    found.set_up()
    yield found
    found.tear_down()
