"""How kopf is run here: watches only, nothing written, endless patience, and small at ten thousand objects.

Measured reasons stand beside the settings. Neighbours: `handlers.py` registers what is watched, `runtime.py` runs it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import kopf

from process_operator.cluster.connection import Connection
from process_operator.handlers import Seen, register


class Watches:
    """One kopf operator, embedded."""

    def __init__(self, connection: Connection, seen: Seen) -> None:
        self._connection = connection
        self._seen = seen

    async def run(self) -> None:
        """Watch until a signal asks for the end. Raises what ends kopf otherwise (a 410 in place of a watch, for one)."""
        registry = kopf.OperatorRegistry()
        settings = kopf_settings()
        register(registry, settings, self._seen)

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.AiohttpSession:
            # kopf's own session would open a connection for every worker.
            session = self._connection.new_session()
            return kopf.AiohttpSession(server=session.server, aiohttp_session=session.session)

        await kopf.operator(registry=registry, settings=settings, clusterwide=True, standalone=True)


def kopf_settings() -> kopf.OperatorSettings:
    """Settings under which kopf only watches."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    # Discovery would watch CRDs and namespaces, and need the rights for it.
    settings.scanning.disabled = True
    # A worker task stays for each object that was listed; at 5 s they are most of the memory at start.
    settings.queueing.idle_timeout = 0.05
    settings.networking.error_backoffs = _Backoffs()
    settings.networking.connect_timeout = 10
    settings.networking.request_timeout = 60
    settings.watching.connect_timeout = 10
    # One list of everything would be the peak of memory. A page that expires ends kopf, and `runtime.py` begins anew.
    settings.watching.chunk_size = 500
    settings.process.ultimate_exiting_timeout = 20
    # Building the basis of a diff that nobody asks for costs half of the time of each event.
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    return settings


class _Backoffs:
    """Endless: a watch that gives up would end the operator, and a new process would meet the same server."""

    def __iter__(self) -> Iterator[float]:
        pause = 0.5
        while True:
            yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards no secret
            pause = min(pause * 2, 30.0)


class _NoDiffBase(kopf.DiffBaseStorage):
    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        return None


class _NoProgress(kopf.ProgressStorage):
    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        return None

    def purge(self, **_: Any) -> None:
        return None

    def touch(self, **_: Any) -> None:
        return None

    def clear(self, *, essence: Any) -> Any:
        return essence
