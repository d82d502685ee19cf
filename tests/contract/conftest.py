"""The client under test, against the server of `fault_server.py`, on a clock that only its own waiting moves.

Tests of the monitor have a browser, against the simulated API server of `monitor_upstream.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from tests.contract.fault_server import TOKEN, FaultServer
from tests.contract.monitor_browser import Browser, opened
from tests.contract.monitor_routes import TIMING

from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection, connect
from process_operator.cluster.retry import Retries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from process_operator.resources.kinds import Kind


class Waits:
    """Replacement of sleeping: it records the seconds, and moves the clock by them."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.now += seconds


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@pytest.fixture
def kubeconfig(server: FaultServer, tmp_path: Path) -> Path:
    """A kubeconfig with a token, as `kubectl config` would write it."""
    path = tmp_path / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "local", "user": "me"}}],
        "clusters": [{"name": "local", "cluster": {"server": server.url}}],
        "users": [{"name": "me", "user": {"token": TOKEN}}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
async def connection(kubeconfig: Path) -> AsyncIterator[Connection]:
    made = await connect(kubeconfig=str(kubeconfig), max_connections=4)
    yield made
    await made.close()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def retries(waits: Waits) -> Retries:
    return Retries(sleep=waits.sleep, clock=lambda: waits.now, chance=lambda: 1.0)


@pytest.fixture
def requests() -> list[tuple[str, str, str]]:
    """Verb, kind and outcome of each try, as the hook for metrics tells them."""
    return []


@pytest.fixture
def api(connection: Connection, retries: Retries, requests: list[tuple[str, str, str]]) -> Api:
    def note(verb: str, kind: Kind, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        requests.append((verb, kind.kind, outcome))

    return Api(connection, retries=retries, on_request=note)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of the monitor, in front of an API server with the request `daily` and a run of it."""
    async with opened() as found:
        found.upstream.put(
            "ProcessRun",
            "processruns",
            "daily-1",
            spec={"request": {"name": "daily"}, "trigger": "Manual"},
            status={"phase": "Succeeded", "log": {"text": "done\n"}},
        )
        found.upstream.put(
            "ProcessRequest", "processrequests", "daily", spec={"process": {"name": "p"}, "timing": TIMING}, status={}
        )
        yield found
