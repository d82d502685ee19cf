"""Sign-in at an identity provider: the real oauth2-proxy before the monitor, and an API server that knows the issuer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.cluster.manifests import request
from tests.cluster.monitor_program import Monitor, free_port, running
from tests.cluster.servers import start_api_server
from tests.cluster.test_monitor import DAILY
from tests.cluster.workspace import Workspace
from tests.monitor.conftest import Window
from tests.monitor_cluster import oauth2_proxy
from tests.monitor_cluster.browser_network import BrowserNetwork
from tests.monitor_cluster.oidc_issuer import CLIENT, Issuer
from tests.monitor_cluster.people import OUTAGES, PATIENCE_MS, REJECTED

pytestmark = pytest.mark.node

ANN: Final = "ann@example.com"
BOB: Final = "bob@example.com"
GROUP: Final = "erp-viewers"
CALL: Final = """async ({ path, headers }) => {
  const answer = await fetch(path, { headers: { "X-Process-Monitor": "1", ...headers } });
  return { status: answer.status, text: await answer.text() };
}"""


@dataclass(frozen=True)
class Front:
    """The proxy before the monitor, and the provider at which people sign in."""

    address: str
    issuer: Issuer
    space: Workspace
    monitor: Monitor


@pytest.fixture(scope="module")
def issuer(network: BrowserNetwork, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """A provider that the API server trusts. The file of its configuration stays, for later starts of the server."""
    port = free_port()
    found = Issuer(tmp_path_factory.mktemp("issuer"), port, {ANN: [GROUP], BOB: []})
    network.forward(port)
    path = kubeconfig.parent / "authentication.json"
    path.write_text(json.dumps(_authentication(found)))
    start_api_server(kubeconfig, f"--authentication-config={path}")
    yield found
    found.close()
    path.write_text(json.dumps({**_authentication(found), "jwt": []}))


def _authentication(issuer: Issuer) -> dict[str, Any]:
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [
            {
                "issuer": {
                    "url": issuer.url,
                    "audiences": [CLIENT],
                    "certificateAuthority": issuer.ca.read_text(),
                },
                "claimMappings": {
                    "username": {"claim": "email", "prefix": ""},
                    "groups": {"claim": "groups", "prefix": ""},
                },
            }
        ],
    }


@pytest.fixture(scope="module")
def front(
    shared_space: Workspace,
    kubeconfig: Path,
    issuer: Issuer,
    network: BrowserNetwork,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    where = ("--namespace", shared_space.namespace)
    shared_space.cluster.run("create", "rolebinding", "viewers", *where, "--clusterrole", "view", "--group", GROUP)
    shared_space.apply(request("daily", DAILY))
    folder, port = tmp_path_factory.mktemp("proxy"), free_port()
    public = f"http://localhost:{port}"
    network.forward(port)
    with (
        running(kubeconfig, folder, public, token_sign_in="false") as monitor,
        # Each request that comes a second after the last one refreshes the session. The second flag is that of the
        # recipes for ingress-nginx and Traefik; it changes the answers to them alone.
        oauth2_proxy.running(
            port,
            f"http://127.0.0.1:{monitor.port}",
            issuer,
            folder,
            cookie_refresh="1s",
            set_authorization_header="true",
        ) as address,
    ):
        _wait_until_known(shared_space, monitor, issuer)
        yield Front(address, issuer, shared_space, monitor)


def _wait_until_known(space: Workspace, monitor: Monitor, issuer: Issuer) -> None:
    """The API server reads the keys of an issuer a moment after its start."""
    code = issuer.grant(ANN, "")
    token = issuer.tokens({"grant_type": "authorization_code", "code": code})["id_token"]
    space.wait(lambda: monitor.call("GET", "/api/session", token)[0] == 200, "the API server knows the issuer")


def window_of(browser: Browser, front: Front, email: str) -> Window:
    """Open the page of the requests as a person who is not signed in, and sign in at the provider."""
    window = Window(browser, front.address, viewport={"width": 1440, "height": 900}, ignore_https_errors=True)
    window.expected = (
        f"request to another origin: {front.issuer.url}",
        *REJECTED,
        *OUTAGES,
    )
    page = window.open(f"/requests?ns={front.space.namespace}")
    expect(page).to_have_title("Sign in")
    page.get_by_role("link", name=email).click()
    expect(page.locator(".person")).to_have_text(email, timeout=PATIENCE_MS)
    assert page.url.startswith(f"{front.address}/requests?ns={front.space.namespace}")
    return window


def rows(page: Page) -> Any:
    return page.locator(".table-requests .body .row")


def test_two_people_sign_in_and_each_sees_what_the_api_server_allows(browser: Browser, front: Front) -> None:
    ann, bob = (window_of(browser, front, email) for email in (ANN, BOB))
    for _ in range(2):
        expect(ann.page.locator("output.live")).to_have_text("Live", timeout=PATIENCE_MS)
        expect(rows(ann.page)).to_have_count(1)
        expect(bob.page.locator("output.live")).to_contain_text(f'User "{BOB}" cannot list resource')
        expect(rows(bob.page)).to_have_count(0)
        assert BOB not in ann.page.content()
        assert ANN not in bob.page.content()
        for window, email in ((ann, ANN), (bob, BOB)):
            window.page.reload()
            expect(window.page.locator(".person")).to_have_text(email)
    ann.close()
    bob.close()


def test_a_forged_header_changes_no_person(browser: Browser, front: Front) -> None:
    window = window_of(browser, front, BOB)
    forged = {"X-Forwarded-User": ANN, "X-Forwarded-Email": ANN, "Impersonate-User": ANN, "Authorization": "Bearer x"}
    answer = window.page.evaluate(CALL, {"path": "/api/session", "headers": forged})
    assert (answer["status"], json.loads(answer["text"])["user"]) == (200, BOB)
    window.close()


def test_the_answer_to_an_ingress_has_the_token_for_the_monitor(browser: Browser, front: Front) -> None:
    """With auth_request of nginx and ForwardAuth of Traefik, the ingress copies the header of this answer."""
    window = window_of(browser, front, ANN)
    answer = window.context.request.get(f"{front.address}/oauth2/auth")
    scheme, _, token = answer.headers["authorization"].partition(" ")
    assert (answer.status, scheme) == (202, "Bearer")
    assert front.monitor.get("/api/session", token)["user"] == ANN
    window.context.clear_cookies()
    assert window.context.request.get(f"{front.address}/oauth2/auth").status == 401
    window.close()


def test_a_refreshed_token_reaches_the_api_server(browser: Browser, front: Front) -> None:
    window = window_of(browser, front, ANN)
    before = front.issuer.refreshes
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while front.issuer.refreshes == before and time.monotonic() < deadline:
        answer = window.page.evaluate(CALL, {"path": "/api/session", "headers": {}})
        assert (answer["status"], json.loads(answer["text"])["user"]) == (200, ANN)
        time.sleep(0.2)
    assert front.issuer.refreshes > before
    window.page.reload()
    expect(window.page.locator(".person")).to_have_text(ANN)
    expect(rows(window.page)).to_have_count(1)
    window.close()


def test_a_page_whose_session_has_ended_asks_to_sign_in_at_the_proxy(
    browser: Browser, front: Front, network: BrowserNetwork
) -> None:
    window = window_of(browser, front, ANN)
    page = window.page
    expect(page.locator("output.live")).to_have_text("Live", timeout=PATIENCE_MS)
    page.context.clear_cookies()
    # The open stream breaks, and the next one needs a session.
    network.cut()
    expect(page.get_by_role("status")).to_contain_text("sign in", timeout=PATIENCE_MS)
    expect(page.get_by_label("Bearer token")).to_have_count(0)
    page.get_by_role("button", name="Load the page again").click()
    page.get_by_role("link", name=ANN).click()
    expect(page.locator(".person")).to_have_text(ANN, timeout=PATIENCE_MS)
    window.close()
