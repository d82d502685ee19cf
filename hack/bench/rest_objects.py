"""Objects at rest: requests with common timings, and copies of settled requests and of finished runs by the ten thousand.

An API server creates about a thousand objects a second, and an operator needs longer still to settle each. The benchmark
therefore writes copies to etcd, as a restored backup does. They are whole objects with their own names and UIDs, and no
program can tell them from others. Neighbour: `rest.py` measures.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import orjson
from bench_cluster import Raw, request

from process_operator.cluster.connection import connect
from process_operator.decisions.template.job_template import build_template
from process_operator.resources import names
from process_operator.resources.kinds import NAMESPACE, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import ProcessRequest
from process_operator.watch.selections import NOTHING

NAMESPACE_NAME: Final = "rest"
_IN_FLIGHT: Final = 64
_IN_A_TRANSACTION: Final = 100
_JSON: Final = {"Content-Type": "application/json"}


def requests(count: int, *, engine: str | None) -> Iterator[Raw]:
    """Requests that are due 3 to 21 hours from now and later; `engine` None is the operator's default."""
    given = {} if engine is None else {"engine": engine}
    now = datetime.now(UTC)
    for index in range(count):
        due = now + timedelta(hours=3, minutes=index * 7 % (18 * 60))
        yield request(f"rest-{index}", {"schedule": _schedule(index, due)}, **given)


def _schedule(index: int, due: datetime) -> Raw:
    def at(zone: str) -> str:
        return due.astimezone(ZoneInfo(zone)).strftime("%H:%M")

    tokyo = due.astimezone(ZoneInfo("Asia/Tokyo"))
    return (
        {"daily": {"at": at("Europe/Madrid")}, "timeZone": "Europe/Madrid"},
        {"weekly": {"at": at("America/New_York"), "days": ["Monday", "Thursday"]}, "timeZone": "America/New_York"},
        {"cron": f"{due.minute} {due.hour} * * *"},
        {"cron": f"{tokyo.minute} {tokyo.hour} {1 + index % 28} * *", "timeZone": "Asia/Tokyo"},
        {
            "minutely": {"every": (5, 10, 15, 30)[index // 5 % 4]},
            "startTime": format_instant((due + timedelta(days=1)).replace(second=0, microsecond=0)),
        },
    )[index % 5]


async def create(kubeconfig: Path, bodies: Iterable[Raw]) -> None:
    """Create requests through the API server, in a namespace that is made for them."""
    async with _server(kubeconfig) as server:
        await server.send("POST", NAMESPACE.path(None), {"metadata": {"name": NAMESPACE_NAME}})
        pending = iter(bodies)

        async def work() -> None:
            for body in pending:
                await server.send("POST", PROCESS_REQUEST.path(NAMESPACE_NAME), body)

        await asyncio.gather(*(work() for _ in range(_IN_FLIGHT)))


async def copy_requests(kubeconfig: Path, until: int) -> None:
    """Write more requests, copies of the settled ones, until there are so many."""
    settled = await _all(kubeconfig, PROCESS_REQUEST)
    numbers = range(len(settled), until)
    await _write(kubeconfig, PROCESS_REQUEST, map(_copied, islice(cycle(settled), len(numbers)), numbers))


async def copy_runs(kubeconfig: Path, count: int) -> None:
    """Write `count` finished runs, as many for each request as for the next."""
    owners = await _all(kubeconfig, PROCESS_REQUEST)
    async with _server(kubeconfig) as server:
        path = PROCESS_RUN.path(NAMESPACE_NAME)
        await server.send("POST", path, _run(owners[0], "first"))
        finished = {"phase": "Succeeded", "reason": "Completed", "startTime": _PAST_TIME, "endTime": _PAST_TIME}
        log = {"text": "done: 4711 rows in 12 files\n" * 10, "container": "main"}
        first = await server.send("PATCH", f"{path}/first/status", {"status": {**finished, "log": log}})
        await server.send("DELETE", f"{path}/first", {})

    def another(owner: Raw, number: int) -> Raw:
        wanted = _run(owner, f"{owner['metadata']['name']}-{number}")
        metadata = {**first["metadata"], **wanted["metadata"], "uid": str(uuid4())}
        return {**first, **wanted, "metadata": metadata}

    await _write(kubeconfig, PROCESS_RUN, map(another, islice(cycle(owners), count), range(count)))


_PAST_TIME: Final = "2026-01-01T00:00:00Z"


def _run(owner: Raw, name: str) -> Raw:
    metadata = owner["metadata"]
    kind = {"apiVersion": PROCESS_REQUEST.api_version, "kind": PROCESS_REQUEST.kind}
    return {
        "apiVersion": PROCESS_RUN.api_version,
        "kind": PROCESS_RUN.kind,
        "metadata": {
            "name": name,
            "namespace": NAMESPACE_NAME,
            "labels": {
                names.LABEL_REQUEST: metadata["name"],
                names.LABEL_REQUEST_UID: metadata["uid"],
                names.LABEL_RUN: name,
            },
            "ownerReferences": [{**kind, "name": metadata["name"], "uid": metadata["uid"], "controller": True}],
        },
        "spec": {"request": {"name": metadata["name"]}, "trigger": "Schedule", "scheduledTime": _PAST_TIME},
    }


def _copied(settled: Raw, number: int) -> Raw:
    metadata = {**settled["metadata"], "name": f"copy-{number}", "uid": str(uuid4())}
    body = {**settled, "metadata": metadata}
    # Name and UID are in the labels of the template, and so in its hash.
    hashed = build_template(ProcessRequest.model_validate(body), None).hash
    return {**body, "status": {**settled["status"], "templateHash": hashed}}


async def _write(kubeconfig: Path, kind: Kind, bodies: Iterable[Raw]) -> None:
    """Put objects of one of our kinds where the API server keeps them."""
    port = json.loads((kubeconfig.parent / "settings.json").read_text())["ports"]["etcd"]
    pending = iter(bodies)
    async with aiohttp.ClientSession() as session:

        async def work() -> None:
            while some := list(islice(pending, _IN_A_TRANSACTION)):
                puts = [{"requestPut": _put(kind, body)} for body in some]
                async with session.post(
                    f"http://127.0.0.1:{port}/v3/kv/txn", data=orjson.dumps({"success": puts})
                ) as answer:
                    answer.raise_for_status()

        await asyncio.gather(*(work() for _ in range(4)))
    await _until_served(kubeconfig, kind)


async def _until_served(kubeconfig: Path, kind: Kind) -> None:
    """Wait until the API server has read what etcd has: until then it delays or rejects every list."""
    async with _server(kubeconfig) as server:
        while True:
            try:
                async with asyncio.timeout(2):
                    await server.send("GET", f"{kind.path(None)}?labelSelector={quote(NOTHING)}")
            except (RuntimeError, TimeoutError):
                await asyncio.sleep(0.5)
            else:
                return


def _put(kind: Kind, body: Raw) -> dict[str, str]:
    metadata = {key: value for key, value in body["metadata"].items() if key != "resourceVersion"}
    key = f"/registry/{kind.group}/{kind.plural}/{NAMESPACE_NAME}/{metadata['name']}"
    value = orjson.dumps({**body, "metadata": metadata})
    return {"key": b64encode(key.encode()).decode(), "value": b64encode(value).decode()}


async def _all(kubeconfig: Path, kind: Kind) -> list[Raw]:
    async with _server(kubeconfig) as server:
        found: list[Raw] = []
        token = ""
        while True:
            path = f"{kind.path(NAMESPACE_NAME)}?limit=2000&continue={token}"
            page = await server.send("GET", path)
            of_a_kind = {"apiVersion": names.API_VERSION, "kind": kind.kind}
            found += [{**of_a_kind, **item} for item in page["items"]]
            token = page["metadata"].get("continue") or ""
            if not token:
                return found


class _Server:
    """The API server, for as many requests at once as there are connections."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    async def send(self, method: str, path: str, body: Raw | None = None) -> Any:
        """Send one request. Raises RuntimeError for an answer that is an error."""
        headers = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else _JSON
        data = None if body is None else orjson.dumps(body)
        async with self._session.request(method, f"{self._address}{path}", data=data, headers=headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(await answer.text())
            return orjson.loads(await answer.read())


@asynccontextmanager
async def _server(kubeconfig: Path) -> AsyncIterator[_Server]:
    connection = await connect(kubeconfig=str(kubeconfig))
    session = connection.new_session(limit=_IN_FLIGHT)
    try:
        yield _Server(session.session, session.server)
    finally:
        await session.session.close()
        await connection.close()
