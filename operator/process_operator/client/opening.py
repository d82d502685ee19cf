"""Opening of a client: the connection to the cluster that the user's access names.

Credentials come from a kubeconfig, as kubectl reads it. Neighbours: `access.py` has the options, `client.py` the calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from process_operator.client.access import Access
from process_operator.client.client import Client
from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection, connect, existing_kubeconfig
from process_operator.cluster.retry import Retries
from process_operator.settings import ConfigurationError

_DEFAULT_NAMESPACE: Final = "default"
SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Folder in which Kubernetes mounts the service account of a pod."""
_CONNECTIONS: Final = 8
_MAX_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Kubeconfig:
    """The chosen context of a kubeconfig: its namespace, its user's fields, and the names of context and cluster."""

    namespace: str | None
    user: dict[str, Any]
    context: str = ""
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection, the namespace that is meant without another, and the names in the kubeconfig (may be empty)."""

    connection: Connection
    namespace: str
    context: str
    cluster: str


class ImpersonationError(ConfigurationError):
    """Impersonation that the API server or HTTP cannot express."""


@asynccontextmanager
async def open_client(access: Access, *, service_account: Path = SERVICE_ACCOUNT) -> AsyncIterator[Client]:
    """Open a client, and close its connection in the end. Nothing is sent yet. Raises ConfigurationError."""
    async with open_connection(access, max_connections=_CONNECTIONS, service_account=service_account) as opened:
        api = Api(opened.connection, timeout=access.timeout_seconds, retries=Retries(tries=_MAX_TRIES))
        yield Client(api, opened.namespace)


@asynccontextmanager
async def open_connection(
    access: Access, *, max_connections: int, service_account: Path = SERVICE_ACCOUNT
) -> AsyncIterator[Opened]:
    """Open a connection, and close it in the end. Nothing is sent yet. Raises ConfigurationError.

    As in kubectl, a kubeconfig that exists has precedence over a service account, which is mounted at `service_account`.
    """
    place = existing_kubeconfig(access.kubeconfig)
    found = _chosen(place, access.context) if place is not None else _Kubeconfig(None, {})
    mounted = _namespace_of(service_account) if place is None and access.context is None else None
    namespace = access.namespace or found.namespace or mounted or _DEFAULT_NAMESPACE
    connection = await connect(
        kubeconfig=access.kubeconfig or place,
        context=access.context,
        max_connections=max_connections,
        headers=impersonation_headers(access, found.user),
    )
    try:
        yield Opened(connection, namespace, found.context, found.cluster)
    finally:
        await connection.close()


def impersonation_headers(access: Access, user: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Build the headers of impersonation (Kubernetes documentation, "User impersonation").

    `user` is that of the kubeconfig: `as`, `as-groups`, `as-uid` and `as-user-extra`. As in client-go each option
    replaces the field of the kubeconfig. Raises ImpersonationError.
    """
    name = access.as_user or user.get("as")
    groups = access.as_groups or tuple(user.get("as-groups") or ())
    if not name:
        if access.as_groups:
            raise ImpersonationError(
                "--as-group needs --as: the API server impersonates groups only together with a user"
            )
        return ()
    headers = [("Impersonate-User", str(name)), *(("Impersonate-Group", str(group)) for group in groups)]
    if user.get("as-uid"):
        headers.append(("Impersonate-Uid", str(user["as-uid"])))
    for key, values in (user.get("as-user-extra") or {}).items():
        # HTTP allows few characters in the name of a header; the API server decodes the others.
        header = f"Impersonate-Extra-{quote(str(key), safe='')}"
        headers += [(header, str(value)) for value in values]
    for header, value in headers:
        if not value.isprintable():
            raise ImpersonationError(f"{header} cannot be {value!r}: it has characters that a header must not have")
    return tuple(headers)


def _namespace_of(service_account: Path) -> str | None:
    try:
        return (service_account / "namespace").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _chosen(place: str, context: str | None) -> _Kubeconfig:
    """Read the chosen context, as kubectl does. `connect` reports a kubeconfig that cannot be used."""
    # Reading a kubeconfig takes 0.2 s of imports, which `--help` must not pay.
    from kubernetes.aio.config import ConfigException  # noqa: PLC0415
    from kubernetes.aio.config.kube_config import KubeConfigMerger  # noqa: PLC0415
    from yaml import YAMLError  # noqa: PLC0415

    try:
        config: Any = KubeConfigMerger(place).config  # type: ignore[no-untyped-call]
        name = context or config.value.get("current-context")
        chosen = _named(config, "contexts", name).get("context") or {}
        user = _named(config, "users", chosen.get("user")).get("user") or {}
        return _Kubeconfig(
            str(chosen.get("namespace") or "") or None, user, str(name or ""), str(chosen.get("cluster") or "")
        )
    except (ConfigException, YAMLError, OSError, AttributeError, KeyError, TypeError, ValueError):
        return _Kubeconfig(None, {})


def _named(config: Any, kind: str, name: str | None) -> dict[str, Any]:
    found: Any = next((one for one in config.value[kind] if one.value["name"] == name), None)
    return found.value if found is not None else {}
