"""Connection to the API server: its address and TLS trust. `login.py` has the credentials.

The `kubernetes` package reads the configuration: a mounted service account, or a kubeconfig with client certificates,
tokens or exec plug-ins. It leads to two kinds of HTTP sessions: one for the operator's own calls (`api.py`), and one for
each login of kopf. kopf's own session would open as many connections as it has requests.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aiohttp
import yaml
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.aio.config.incluster_config import SERVICE_HOST_ENV_NAME, SERVICE_TOKEN_FILENAME
from kubernetes.aio.config.kube_config import ENV_KUBECONFIG_PATH_SEPARATOR
from multidict import CIMultiDict

from process_operator.cluster.login import Login
from process_operator.cluster.proxy import ProxyError, proxy_of_environment
from process_operator.settings import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

USER_AGENT: Final = "process-operator"

LANES: Final = 3
"""Calls, reading of logs and following of logs are limited apart, each to `max_connections`."""

_DEFAULT_KUBECONFIG: Final = "~/.kube/config"

_READ_BUFFER: Final = 2**21
"""Bytes. A watch event is one line, and a run with the longest log exceeds aiohttp's own 64 KiB."""


class Session(NamedTuple):
    """A session for the requests of a framework. The caller that receives it closes `session`."""

    session: aiohttp.ClientSession
    server: str


class Connection:
    """A configured way to one API server, for at most `max_connections` calls at once (`transport.py` counts them)."""

    def __init__(
        self,
        configuration: Configuration,
        login: Login,
        *,
        max_connections: int,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.server: str = configuration.host.rstrip("/")
        self.max_connections = max_connections
        self._login = login
        self._headers = tuple(headers)
        # A proxy of the kubeconfig (proxy-url) has precedence, and NO_PROXY does not apply to it, as in kubectl.
        self._proxy = configuration.proxy or proxy_of_environment(self.server, os.environ)
        configuration.proxy = self._proxy
        self.api_client = ApiClient(configuration)
        self._own: aiohttp.ClientSession | None = None

    def new_session(self, *, limit: int = 64, middleware: aiohttp.ClientMiddlewareType | None = None) -> Session:
        """Another session with at most `limit` connections (0: any number), for watches; to be called while the loop runs.

        Each of its requests goes through `middleware` before it gets its credentials.
        """
        # The client holds the TLS context already; another one would read the certificates again.
        context = self.api_client.rest_client.ssl_context
        connector = aiohttp.TCPConnector(limit=limit, ssl=context)
        options = self._session_options()
        if middleware is not None:
            options["middlewares"] = (middleware, *options["middlewares"])
        session = aiohttp.ClientSession(connector=connector, proxy=self._proxy, **options)
        return Session(session, self.server)

    @property
    def own_session(self) -> aiohttp.ClientSession:
        """The session of the operator's own calls; only while the loop runs."""
        if self._own is None:
            # One more connection is for the Lease, which is renewed even if the lanes are busy.
            self._own = self.new_session(limit=LANES * self.max_connections + 1).session
        return self._own

    async def close(self) -> None:
        """Close the own session; callers of `new_session` close theirs."""
        if self._own is not None:
            await self._own.close()
        client: Any = self.api_client
        await client.close()

    def _session_options(self) -> dict[str, Any]:
        return {
            # Compressed lists cost the server more time than a network inside of a cluster costs.
            "headers": CIMultiDict([("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"), *self._headers]),
            "middlewares": (self._login,),
            "cookie_jar": aiohttp.DummyCookieJar(),
            "read_bufsize": _READ_BUFFER,
            # With it aiohttp would search for a .netrc, in a thread, at every request.
            "trust_env": False,
        }


async def connect(
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    max_connections: int = 32,
    headers: Iterable[tuple[str, str]] = (),
) -> Connection:
    """Read the configuration without sending a request. `headers` are added to every request, such as impersonation.

    An explicit `kubeconfig` or `context` has precedence, then the mounted service account, then the default kubeconfig
    of kubectl. Raises ConfigurationError.
    """
    load = _source(kubeconfig, context)
    configuration = Configuration()
    try:
        await load(configuration)
    except (ConfigException, yaml.YAMLError, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"cannot use the Kubernetes configuration: {error}") from error
    try:
        return Connection(configuration, Login(configuration, load), max_connections=max_connections, headers=headers)
    except ProxyError as error:
        raise ConfigurationError(str(error)) from error
    except OSError as error:  # ssl.SSLError is one of them
        raise ConfigurationError(f"cannot use the certificates of the Kubernetes configuration: {error}") from error


def existing_kubeconfig(kubeconfig: str | None) -> str | None:
    """Return the paths of the kubeconfig: the given ones, or those of kubectl. None if there is no file at any of them."""
    place = _wanted(kubeconfig)
    paths = (Path(part).expanduser() for part in place.split(ENV_KUBECONFIG_PATH_SEPARATOR) if part)
    return place if any(path.is_file() for path in paths) else None


def _wanted(kubeconfig: str | None) -> str:
    return kubeconfig or os.environ.get("KUBECONFIG") or _DEFAULT_KUBECONFIG


def _source(kubeconfig: str | None, context: str | None) -> Callable[[Configuration], Awaitable[None]]:
    if kubeconfig is None and context is None and _in_cluster():

        async def from_service_account(configuration: Configuration) -> None:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]

        return from_service_account

    place = existing_kubeconfig(kubeconfig)
    if place is None:
        missing = _wanted(kubeconfig)
        raise ConfigurationError(f"no service account is mounted, and there is no kubeconfig at {missing}")

    async def from_kubeconfig(configuration: Configuration) -> None:
        await load_kube_config(  # type: ignore[no-untyped-call]
            place, context, client_configuration=configuration, persist_config=False
        )

    return from_kubeconfig


def _in_cluster() -> bool:
    return bool(os.environ.get(SERVICE_HOST_ENV_NAME)) and Path(SERVICE_TOKEN_FILENAME).is_file()
