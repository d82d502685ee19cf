"""Connection to the server: the configuration that is used, and tokens that rotate."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import incluster_config
from tests.contract.fault_server import TOKEN, FaultServer

from process_operator.cluster import connection as connection_module
from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection, connect
from process_operator.cluster.errors import ApiError, NotFound
from process_operator.cluster.login import Login
from process_operator.resources.kinds import JOB
from process_operator.settings import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Waits

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUSkUvDU8L7VVjsTNBu75TS83VgqgwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHdGVzdC1jYTAgFw0yNjExMjIxNzA1MTNaGA8yMTI2MTAyOTE3
MDUxM1owEjEQMA4GA1UEAwwHdGVzdC1jYTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABNkQsEcTJ3AWBOzVfUZD58innRdjau0H70L8F9n66HPFcgjbQuHbkayWK5fJ
+XL4NlZPr5TQi08ewFLkkwP53VKjYzBhMB0GA1UdDgQWBBTZx4uUrv3M3FZ63Ajx
DVfFrbqmUTAfBgNVHSMEGDAWgBTZx4uUrv3M3FZ63AjxDVfFrbqmUTAPBgNVHRMB
Af8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQDAgNJADBGAiEA6wNS
HCzutNX9BI6gbWJd9ng351L61Mj/gBN3+d+dHWECIQCQAxoYXIhpmQQPmB7i8rPA
8IaPhiP//oFQwnmIp+kpig==
-----END CERTIFICATE-----
"""
"""Certificate of an authority that signs nothing: its key was thrown away."""

JOBS = "/apis/batch/v1/namespaces/erp/jobs"
BODY = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "close-1"}}


def rotate(path: Path, server: FaultServer, content: str | None = None) -> None:
    """Let the server accept another token only, and write it (or the given content) into `path`."""
    server.tokens = {"second-token"}
    path.write_text(path.read_text().replace(TOKEN, "second-token") if content is None else content)


def move_server(kubeconfig: Path, host: str) -> None:
    """Move the server to another address."""
    kubeconfig.write_text(kubeconfig.read_text().replace("127.0.0.1", host))


async def test_a_token_that_was_rotated_is_read_again(api: Api, server: FaultServer, kubeconfig: Path) -> None:
    await api.create(JOB, "erp", BODY)
    rotate(kubeconfig, server)
    await api.create(JOB, "erp", {"metadata": {"name": "close-2"}})
    await api.get(JOB, "erp", "close-2")
    assert [seen.headers["Authorization"] for seen in server.seen] == [
        f"Bearer {TOKEN}",
        f"Bearer {TOKEN}",
        "Bearer second-token",
        "Bearer second-token",
    ]
    assert server.objects[f"{JOBS}/close-2"] == {"metadata": {"name": "close-2"}}


async def test_the_session_of_the_watches_lives_through_a_rotation_too(
    connection: Connection, server: FaultServer, kubeconfig: Path
) -> None:
    server.put(JOBS, ["there"])
    session, url = connection.new_session(limit=7)
    async with session:
        assert session.connector is not None
        assert session.connector.limit == 7
        rotate(kubeconfig, server)
        async with session.get(f"{url}{JOBS}/there") as response:
            assert response.status == 200
    assert server.seen[0].headers["User-Agent"] == "process-operator"


async def test_many_rejected_requests_make_one_login(api: Api, server: FaultServer, kubeconfig: Path) -> None:
    rotate(kubeconfig, server)
    await asyncio.gather(*(api.create(JOB, "erp", {"metadata": {"name": f"job-{n}"}}) for n in range(12)))
    assert len(server.objects) == 12


async def test_a_token_that_stays_rejected_is_an_error_after_one_request(api: Api, server: FaultServer) -> None:
    server.tokens = {"second-token"}
    for requests in (1, 2):
        with pytest.raises(ApiError) as caught:
            await api.get(JOB, "erp", "close-1")
        assert caught.value.status == 401
        assert len(server.seen) == requests


async def test_a_kubeconfig_that_was_emptied_changes_nothing(api: Api, server: FaultServer, kubeconfig: Path) -> None:
    rotate(kubeconfig, server, content="")
    with pytest.raises(ApiError) as caught:
        await api.get(JOB, "erp", "close-1")
    assert caught.value.status == 401
    server.tokens = {TOKEN}
    with pytest.raises(NotFound):
        await api.get(JOB, "erp", "close-1")


async def test_a_server_that_rejects_everybody_makes_few_logins(server: FaultServer, waits: Waits) -> None:
    logins: list[float] = []

    async def load(configuration: Configuration) -> None:
        logins.append(waits.now)
        configuration.api_key["BearerToken"] = f"Bearer token-{len(logins)}"

    configuration = Configuration(host=server.url)
    await load(configuration)
    login = Login(configuration, load, clock=lambda: waits.now)
    connection = Connection(configuration, login, max_connections=4)
    api = Api(connection)
    for _ in range(30):
        await waits.sleep(1)
        with pytest.raises(ApiError):
            await api.get(JOB, "erp", "close-1")
    await connection.close()
    assert logins == [0, 1, 11, 21]


@pytest.fixture
def service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mounted service account, as a pod has it; gives the file of the token."""
    token, certificate = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text(f"{TOKEN}\n")
    certificate.write_text(CERTIFICATE)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "198.51.100.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(certificate))
    monkeypatch.setattr(connection_module, "SERVICE_TOKEN_FILENAME", str(token))
    return token


async def test_in_a_pod_the_mounted_service_account_is_taken_and_read_again(
    service_account: Path, server: FaultServer
) -> None:
    server.put(JOBS, ["there"])
    connection = await connect()
    assert connection.server == "https://198.51.100.1:443"
    async with connection.new_session().session as session:
        for _ in range(2):
            async with session.get(f"{server.url}{JOBS}/there") as response:
                assert response.status == 200
            rotate(service_account, server)
    assert len(server.seen) == 3
    await connection.close()


@pytest.mark.usefixtures("service_account")
async def test_a_kubeconfig_that_is_named_wins_over_the_service_account(kubeconfig: Path, server: FaultServer) -> None:
    connection = await connect(kubeconfig=str(kubeconfig))
    assert connection.server == server.url
    await connection.close()


@pytest.mark.parametrize(
    ("content", "context", "says"),
    [
        pytest.param(None, None, "kubeconfig at", id="no file"),
        pytest.param("{}", None, "current-context", id="an empty file"),
        pytest.param("just text", None, "configuration", id="no kubeconfig at all"),
        pytest.param("", "staging", "staging", id="a context that is not in it"),
    ],
)
async def test_a_configuration_that_cannot_be_used_says_what_is_missing(
    kubeconfig: Path, content: str | None, context: str | None, says: str
) -> None:
    if content is None:
        kubeconfig = kubeconfig.with_name("nowhere")
    elif content:
        kubeconfig.write_text(content)
    with pytest.raises(ConfigurationError, match=says):
        await connect(kubeconfig=str(kubeconfig), context=context)


async def test_a_proxy_that_cannot_be_used_is_named(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    move_server(kubeconfig, "192.0.2.1")
    monkeypatch.setenv("HTTP_PROXY", "socks5://proxy:1080")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy:1080")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ConfigurationError, match="_PROXY must be an http or https proxy such as"):
        await connect(kubeconfig=str(kubeconfig))
