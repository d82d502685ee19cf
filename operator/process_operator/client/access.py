"""Access to a cluster: kubectl's flags for it, and the client that they open.

Credentials come from a kubeconfig, as kubectl reads it. Neighbours: `client.py` makes the calls.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from process_operator.client.client import Client
from process_operator.cluster.api import Api
from process_operator.cluster.connection import connect
from process_operator.cluster.retry import Retries
from process_operator.settings import ConfigurationError

_DEFAULT_NAMESPACE: Final = "default"
_CONNECTIONS: Final = 8
_MAX_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Access:
    """The address of the cluster, and the user as whom the client acts there.

    `timeout_seconds` limits one request. `as_user` and `as_groups` ask the API server to impersonate.
    """

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    timeout_seconds: float = 30.0

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Headers that ask the API server to impersonate (Kubernetes documentation, "User impersonation")."""
        user = (("Impersonate-User", self.as_user),) if self.as_user else ()
        return user + tuple(("Impersonate-Group", group) for group in self.as_groups)


@asynccontextmanager
async def open_client(access: Access) -> AsyncIterator[Client]:
    """Open a client, and close its connection in the end. Nothing is sent yet. Raises ConfigurationError."""
    if access.as_groups and not access.as_user:
        raise ConfigurationError("--as-group needs --as: the API server impersonates groups only together with a user")
    namespace = access.namespace or _namespace_of_context(access)
    connection = await connect(
        kubeconfig=access.kubeconfig, context=access.context, max_connections=_CONNECTIONS, headers=access.headers
    )
    try:
        api = Api(connection, timeout=access.timeout_seconds, retries=Retries(tries=_MAX_TRIES))
        yield Client(api, namespace)
    finally:
        await connection.close()


def _namespace_of_context(access: Access) -> str:
    """Read the namespace of the chosen context, as kubectl does; `default` if it names none."""
    # Reading a kubeconfig takes 0.2 s of imports, which `--help` must not pay.
    from kubernetes.aio.config import ConfigException, list_kube_config_contexts  # noqa: PLC0415

    place = access.kubeconfig or os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    if not any(Path(part).exists() for part in place.split(os.pathsep) if part):
        return _DEFAULT_NAMESPACE  # the client complains about it in a moment
    try:
        contexts, current = list_kube_config_contexts(config_file=place)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError, TypeError, ValueError):
        return _DEFAULT_NAMESPACE
    chosen = next((found for found in contexts if found["name"] == access.context), None) if access.context else current
    namespace = ((chosen or {}).get("context") or {}).get("namespace")
    return namespace if isinstance(namespace, str) and namespace else _DEFAULT_NAMESPACE
