"""Opening of a client: which configuration the client uses, its namespace, and whom the API server impersonates."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from process_operator.client.access import Access
from process_operator.client.opening import SERVICE_ACCOUNT, ImpersonationError, impersonation_headers, open_client
from process_operator.cluster import connection
from process_operator.settings import ConfigurationError

USER = {
    "as": "viewer",
    "as-groups": ["g1", "g2"],
    "as-uid": "42",
    "as-user-extra": {"example.com/scopes": ["view", "edit"]},
}
GROUPS = [("Impersonate-Group", "g1"), ("Impersonate-Group", "g2")]
REST = [
    ("Impersonate-Uid", "42"),
    ("Impersonate-Extra-example.com%2Fscopes", "view"),
    ("Impersonate-Extra-example.com%2Fscopes", "edit"),
]


def kubeconfig(folder: Path, *, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None) -> Path:
    """Write a kubeconfig whose context has namespace `erp`."""
    path = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "erp"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://api.example.com:6443", **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": "t", **(user or {})}}],
    }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def opened(given: Access, service_account: Path = SERVICE_ACCOUNT) -> tuple[str, str, list[tuple[str, str]]]:
    """The server, the namespace, and the headers of impersonation of the client."""

    async def work() -> tuple[str, str, list[tuple[str, str]]]:
        async with open_client(given, service_account=service_account) as client:
            link = client.api.transport._connection
            assert isinstance(link, connection.Connection)
            return link.server, client.namespace, list(link._headers)

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("given", "user", "headers"),
    [
        pytest.param(Access(), {}, [], id="nobody"),
        pytest.param(Access(), USER, [("Impersonate-User", "viewer"), *GROUPS, *REST], id="that of the kubeconfig"),
        pytest.param(Access(as_user="me"), {}, [("Impersonate-User", "me")], id="that of the option"),
        pytest.param(
            Access(as_user="me", as_groups=("g3",)),
            USER,
            [("Impersonate-User", "me"), ("Impersonate-Group", "g3"), *REST],
            id="the options win",
        ),
    ],
)
def test_impersonation(given: Access, user: dict[str, Any], headers: list[tuple[str, str]]) -> None:
    assert list(impersonation_headers(given, user)) == headers


def test_user_of_the_kubeconfig_is_impersonated(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, user={"as": "viewer", "as-groups": ["g1"]})
    assert opened(Access(kubeconfig=str(path)))[2] == [("Impersonate-User", "viewer"), ("Impersonate-Group", "g1")]


@pytest.mark.parametrize(
    "given", [Access(as_user="a\nX-Other: b"), Access(as_groups=("g1",))], ids=["newline", "a group alone"]
)
def test_impersonation_that_http_cannot_express(given: Access) -> None:
    with pytest.raises(ImpersonationError):
        impersonation_headers(given, {})


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a pod with a service account in namespace `tools`, and no kubeconfig."""
    account = tmp_path / "serviceaccount"
    account.mkdir()
    (account / "token").write_text("t", encoding="utf-8")
    (account / "namespace").write_text("tools", encoding="utf-8")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(connection, "SERVICE_TOKEN_FILENAME", str(account / "token"))

    def load(client_configuration: Any) -> None:
        client_configuration.host = "https://10.0.0.1:443"

    monkeypatch.setattr(connection, "load_incluster_config", load)
    return tmp_path


def test_service_account_brings_its_namespace(pod: Path) -> None:
    assert opened(Access(), pod / "serviceaccount")[:2] == ("https://10.0.0.1:443", "tools")


def test_kubeconfig_of_the_environment_precedes_the_service_account(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(pod)))
    assert opened(Access(), pod / "serviceaccount")[:2] == ("https://api.example.com:6443", "erp")


def test_default_kubeconfig_precedes_the_service_account(pod: Path) -> None:
    (pod / ".kube").mkdir()
    kubeconfig(pod).rename(pod / ".kube" / "config")
    assert opened(Access(), pod / "serviceaccount")[:2] == ("https://api.example.com:6443", "erp")


@pytest.mark.parametrize("text", ["a: [", "just words", ""], ids=["broken YAML", "no mapping", "empty"])
def test_kubeconfig_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot use the Kubernetes configuration"):
        opened(Access(kubeconfig=str(path)))


def test_certificate_authority_that_cannot_be_read(tmp_path: Path) -> None:
    data = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nbm90\n-----END CERTIFICATE-----\n").decode()
    path = kubeconfig(tmp_path, cluster={"certificate-authority-data": data})
    with pytest.raises(ConfigurationError, match="cannot use the certificates"):
        opened(Access(kubeconfig=str(path)))
