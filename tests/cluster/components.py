"""Processes of the tests' own cluster, for tests that stop one of them.

Neighbours: `conftest.py` starts the cluster, `test_takeover.py` and `test_node_away.py` stop one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def pid_of(component: str, kubeconfig: Path) -> int:
    """The pid of a component such as `kubelet`. Fails the test if `hack/cluster` did not start the cluster here."""
    record = kubeconfig.parent / "pids" / f"{component}.json"
    if not record.exists():
        pytest.fail(f"the {component} of this cluster cannot be stopped from here: there is no {record}")
    return int(json.loads(record.read_text())["pid"])
