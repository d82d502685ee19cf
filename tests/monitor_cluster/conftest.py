"""A real cluster with the operator (as in `tests/cluster`), a real monitor, and Chromium in front of it.

`make test-monitor-cluster` runs these. Neighbours: `browser_network.py`, `people.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Playwright
from tests.cluster.conftest import (
    account,
    cluster,
    kubeconfig,
    pytest_sessionfinish,
    pytest_sessionstart,
    pytest_terminal_summary,
    shared_namespace,
    shared_operator,
    shared_space,
)
from tests.cluster.manifests import process, request, schedule
from tests.cluster.monitor_program import running
from tests.cluster.test_monitor import Office
from tests.monitor.conftest import ARGUMENTS, chromium, playwright
from tests.monitor_cluster.browser_network import BrowserNetwork
from tests.monitor_cluster.people import People

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.workspace import Workspace

__all__ = [
    "account",
    "cluster",
    "kubeconfig",
    "playwright",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_terminal_summary",
    "shared_namespace",
    "shared_operator",
    "shared_space",
]


@pytest.fixture(scope="session")
def network() -> Iterator[BrowserNetwork]:
    """The network of the browser."""
    found = BrowserNetwork()
    yield found
    found.close()


@pytest.fixture(scope="session")
def browser(
    playwright: Playwright, network: BrowserNetwork, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Chromium, in a network of its own."""
    path = network.program(chromium(), tmp_path_factory.mktemp("browser") / "chromium")
    browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def people(
    browser: Browser,
    network: BrowserNetwork,
    shared_space: Workspace,
    kubeconfig: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[People]:
    """People of a namespace, with a request whose process declares a parameter, and a monitor."""
    ledger = {"name": "LEDGER", "required": True, "pattern": "[0-9]+", "description": "Ledger to post."}
    shared_space.apply(process("post", 'echo "ledger $LEDGER"', parameters=[ledger]))
    with running(kubeconfig, tmp_path_factory.mktemp("monitor")) as monitor:
        network.forward(monitor.port)
        office = Office(shared_space, monitor)
        daily = schedule(daily={"at": "04:00"}, timeZone="Europe/Madrid")
        parameters = [{"name": "LEDGER", "value": "17"}]
        shared_space.apply(request("posting", daily, process={"name": "post"}, parameters=parameters))
        for name in ("daily", "posting"):
            shared_space.wait_phase(name, "Scheduled")
        found = People(browser, office)
        yield found
        found.close()
