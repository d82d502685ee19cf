"""Monitor of the chart: installed by Helm from the image of this checkout, and reached through its Service.

Neighbour: `tests/cluster/test_install.py` has the whole chart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import Browser, expect
from tests.chart.helm import helm
from tests.cluster.manifests import request
from tests.cluster.monitor_program import free_port
from tests.cluster.port_forward import forwarded
from tests.cluster.test_install import NAMESPACE, PORT, Installation, image
from tests.cluster.test_monitor import DAILY
from tests.monitor.conftest import Window
from tests.monitor_cluster.people import PATIENCE_MS, REJECTED
from tests.monitor_cluster.tls_relay import TlsRelay

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl
    from tests.cluster.workspace import Workspace
    from tests.monitor_cluster.browser_network import BrowserNetwork

pytestmark = pytest.mark.node
__all__ = ["image"]

RELEASE: Final = "with-monitor"


@pytest.fixture
def relay(kubeconfig: Path, tmp_path: Path) -> Iterator[TlsRelay]:
    found = TlsRelay(kubeconfig, tmp_path)
    yield found
    found.close()


@pytest.fixture
def address(
    cluster: Kubectl,
    image: str,
    relay: TlsRelay,
    network: BrowserNetwork,
    tmp_path: Path,
) -> Iterator[str]:
    """The address of the page. Its port of this machine leads to the Service."""
    port = free_port()
    public = f"http://localhost:{port}"
    cluster.run("create", "namespace", NAMESPACE)
    try:
        ca = {"relay.crt": relay.ca}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "relay"}, "data": ca}
        cluster.run("create", "--namespace", NAMESPACE, "--filename", "-", stdin=json.dumps(config))
        monitor = {
            "enabled": True,
            "publicURL": public,
            "apiServer": relay.url,
            "caConfigMap": {"name": "relay", "key": "relay.crt"},
        }
        installation = Installation(cluster, image, tmp_path)
        # The operator of the tests works here, and the CRDs are there.
        installation.install(RELEASE, PORT, replicaCount=0, crds={"enabled": False}, monitor=monitor)
        with forwarded(cluster, NAMESPACE, f"service/{RELEASE}-process-operator-monitor", 80, port):
            network.forward(port)
            yield public
    finally:
        helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--wait", kubeconfig=cluster.kubeconfig)
        cluster.run("delete", "namespace", NAMESPACE)


def test_a_person_signs_in_with_a_pasted_token_and_out_again(
    address: str, shared_space: Workspace, browser: Browser
) -> None:
    where = ("--namespace", shared_space.namespace)
    shared_space.cluster.run("create", "serviceaccount", "viewer", *where)
    account = f"{shared_space.namespace}:viewer"
    shared_space.cluster.run(
        "create", "rolebinding", "viewer", *where, "--clusterrole", "view", "--serviceaccount", account
    )
    token = shared_space.cluster.run("create", "token", "viewer", *where).strip()
    shared_space.apply(request("daily", DAILY))
    window = Window(browser, address, viewport={"width": 1440, "height": 900})
    window.expected = REJECTED
    page = window.open(f"/requests?ns={shared_space.namespace}")
    page.get_by_label("Bearer token").fill(f"{token}x")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status")).to_contain_text("Unauthorized", timeout=PATIENCE_MS)
    page.get_by_label("Bearer token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".person")).to_have_text(f"system:serviceaccount:{account}", timeout=PATIENCE_MS)
    expect(page.locator("output.live")).to_have_text("Live", timeout=PATIENCE_MS)
    expect(page.locator(".table-requests .body .row")).to_have_count(1)
    cookies = window.context.cookies()
    assert cookies
    for cookie in cookies:
        assert cookie["name"].startswith("__Host-process-monitor-")
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Strict")
    page.reload()
    expect(page.locator(".person")).to_have_text(f"system:serviceaccount:{account}", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Bearer token")).to_be_visible()
    assert window.context.cookies() == []
    window.close()
