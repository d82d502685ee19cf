"""Recorder of a scenario: every version of our objects that its API server stores, as real inputs for other tools.

Neighbours: `memory_api.py` is that API server, `argo_cd.py` and `tests/oracles/test_kstatus.py` read the versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.builders.objects import Object
from tests.flow.memory_api import Cluster
from tests.flow.scenario import Scenario, play

from process_operator.resources.kinds import PROCESS, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.names import API_VERSION

if TYPE_CHECKING:
    import pytest

OURS: Final = (PROCESS, PROCESS_REQUEST, PROCESS_RUN, PROCESS_BACKFILL)


def versions_of(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> list[Object]:
    """Play a scenario, and give every version of our objects that it stores."""
    seen: list[Object] = []
    store = Cluster._store

    def watched(cluster: Cluster, kind: Kind, body: Object) -> Any:
        stored = store(cluster, kind, body)
        if kind in OURS:
            seen.append({"apiVersion": API_VERSION, "kind": kind.kind, **stored})
        return stored

    with monkeypatch.context() as patched:
        patched.setattr(Cluster, "_store", watched)
        play(scenario)
    return seen
