"""Connection for measurements: its own namespace, requests to apply, and a watch that records arrival times."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection, connect
from process_operator.cluster.errors import NotFound
from process_operator.resources.kinds import NAMESPACE, Kind

Raw = dict[str, Any]


class Bench:
    """One namespace on the cluster of KUBECONFIG."""

    def __init__(self, connection: Connection, namespace: str) -> None:
        self.api = Api(connection)
        self.namespace = namespace
        self._connection = connection

    @asynccontextmanager
    async def watching(self, kind: Kind, seen: Callable[[str, Raw, float], None]) -> AsyncIterator[None]:
        """Call `seen` with type, object and arrival time (unix seconds) of each event of a kind in the namespace."""
        session = self._connection.new_session()
        url = f"{session.server}{kind.path(self.namespace)}"

        async def follow() -> None:
            version = ""
            while True:  # a server under load closes the watch of one who reads too slowly
                params = {"watch": "true", **({"resourceVersion": version} if version else {})}
                async with session.session.get(url, params=params) as response:
                    response.raise_for_status()
                    began.set()
                    async for line in response.content:
                        at = time.time()
                        event = orjson.loads(line)
                        if event["type"] == "ERROR":
                            raise RuntimeError(f"the watch of {kind.plural} has ended: {event['object']}")
                        version = event["object"]["metadata"]["resourceVersion"]
                        seen(event["type"], event["object"], at)

        began = asyncio.Event()
        task = asyncio.create_task(follow())
        await began.wait()
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await session.session.close()


@asynccontextmanager
async def bench(kubeconfig: Path | None = None, *, leave: bool = False) -> AsyncIterator[Bench]:
    """A fresh namespace on the cluster of `kubeconfig` (None: of KUBECONFIG), deleted at the end unless it is left."""
    connection = await connect(kubeconfig=str(kubeconfig) if kubeconfig is not None else None)
    name = f"bench-{uuid.uuid4().hex[:8]}"
    try:
        setup = Bench(connection, name)
        await setup.api.create(NAMESPACE, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await _until_pods_may_be_made(setup)
        yield setup
        if not leave:
            await setup.api.delete(NAMESPACE, "", name)
    finally:
        await connection.close()


async def _until_pods_may_be_made(setup: Bench) -> None:
    """Wait for the service account of the namespace. Without it the API server rejects every pod, and the Job controller
    retries late."""
    account = Kind("", "v1", "serviceaccounts", "ServiceAccount")
    while True:
        try:
            await setup.api.get(account, setup.namespace, "default")
        except NotFound:
            await asyncio.sleep(0.1)
        else:
            return


def request(name: str, timing: Raw, **spec: Any) -> Raw:
    """A ProcessRequest that runs one small container."""
    container = {"name": "main", "image": "localhost/busybox:1", "command": ["true"]}
    return {
        "apiVersion": "process-operator.io/v1alpha1",
        "kind": "ProcessRequest",
        "metadata": {"name": name},
        "spec": {
            "jobTemplate": {"spec": {"template": {"spec": {"containers": [container]}}}},
            "timing": timing,
            **spec,
        },
    }
