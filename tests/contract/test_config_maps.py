"""ConfigMaps that are read and watched one by one: the content of the store, and the requests to the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from tests.contract.fault_server import Answer, FaultServer, status

from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection
from process_operator.cluster.errors import Forbidden
from process_operator.cluster.object_watch import ObjectWatch
from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.state.store import Store
from process_operator.watch.config_maps import ConfigMaps

KEY = ("erp", "close")
EMPTY = "BEGIN:VCALENDAR\nEND:VCALENDAR\n"
BUSY = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20270101\nEND:VEVENT\nEND:VCALENDAR\n"


def config_map(version: int, text: str) -> dict[str, Any]:
    return {"metadata": {"name": "holidays", "resourceVersion": str(version)}, "data": {"company.ics": text}}


def listed(version: int, *items: dict[str, Any]) -> Answer:
    return Answer(200, {"metadata": {"resourceVersion": str(version)}, "items": list(items)})


def watched(*events: tuple[str, dict[str, Any]]) -> Answer:
    return Answer(200, b"".join(orjson.dumps({"type": kind, "object": body}) + b"\n" for kind, body in events))


def request(*keys: str) -> dict[str, Any]:
    sources = [{"configMap": {"name": "holidays", "key": key}} for key in keys]
    timing = {"schedule": {"daily": {"at": "09:00"}, "excludeFrom": sources}}
    metadata = {"name": KEY[1], "namespace": KEY[0], "uid": "u", "creationTimestamp": "2027-01-01T00:00:00Z"}
    return {"metadata": metadata, "spec": {"timing": timing, "jobTemplate": {}}}


class World:
    def __init__(self, connection: Connection, api: Api) -> None:
        self.dirty: list[tuple[str, str]] = []
        self.store = Store(on_dirty=self.dirty.append, clock=lambda: datetime(2027, 1, 1, tzinfo=UTC))
        self.watch = ObjectWatch(connection, silence=120)
        self.config_maps = ConfigMaps(api, self.watch, self.store, longest_pause=0.01)
        self._version = 0

    def apply(self, *keys: str) -> None:
        self._version += 1
        body = request(*keys)
        body["metadata"]["resourceVersion"] = str(self._version)
        self.store.apply(PROCESS_REQUEST, body)

    def excluded(self, key: str = "company.ics") -> bool | None:
        """Whether the calendar excludes anything; None if it does not exist, or was not read."""
        found = self.store.calendars.of(KEY).get(("holidays", key))
        return None if found is None or found.problem else bool(found.whole.latest)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not condition():  # noqa: ASYNC110 - whatever the followers do, it is soon
                await asyncio.sleep(0.005)


@pytest.fixture
async def world(connection: Connection, api: Api) -> AsyncIterator[World]:
    made = World(connection, api)
    made.apply("company.ics")
    yield made
    await made.config_maps.close()


def queries(server: FaultServer) -> list[str | None]:
    """The version that each watch began with; None for a list."""
    return [seen.query.get("resourceVersion") if "watch" in seen.query else None for seen in server.seen]


async def test_each_change_reaches_the_store(server: FaultServer, world: World) -> None:
    bookmark = {"metadata": {"resourceVersion": "11"}}
    server.faults += [listed(7), watched(("ADDED", config_map(8, BUSY)), ("BOOKMARK", bookmark))]
    await world.config_maps.follow("erp", "holidays")
    assert world.excluded() is None
    await world.until(lambda: world.excluded() is True)
    await server.arrived(3)
    assert queries(server) == [None, "7", "11"], "a watch that the server ends continues where it was"
    assert {seen.path for seen in server.seen} == {"/api/v1/namespaces/erp/configmaps"}
    assert {seen.query["fieldSelector"] for seen in server.seen} == {"metadata.name=holidays"}


async def test_one_that_is_deleted_is_missing(server: FaultServer, world: World) -> None:
    server.faults += [listed(7, config_map(5, BUSY)), watched(("DELETED", config_map(12, BUSY)))]
    await world.config_maps.follow("erp", "holidays")
    assert world.excluded() is True
    await world.until(lambda: world.excluded() is None)
    found = world.store.calendars.of(KEY)["holidays", "company.ics"]
    assert (found.is_there, found.problem) == (False, 'there is no ConfigMap "holidays"')
    assert found.whole.latest, "its content stays in force"


async def test_a_version_that_is_too_old_is_read_again(server: FaultServer, world: World) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    server.faults += [listed(7, config_map(5, EMPTY)), watched(("ERROR", gone)), listed(20, config_map(19, BUSY))]
    await world.config_maps.follow("erp", "holidays")
    assert world.excluded() is False
    await world.until(lambda: world.excluded() is True)
    await server.arrived(4)
    assert queries(server)[:4] == [None, "7", None, "20"]


async def test_another_key_of_it_is_read_when_it_is_named(server: FaultServer, world: World) -> None:
    body = config_map(5, EMPTY)
    body["data"]["school.ics"] = BUSY
    server.faults += [listed(7, body)]
    await world.config_maps.follow("erp", "holidays")
    await server.arrived(2)
    world.apply("company.ics", "school.ics")
    assert world.excluded("school.ics") is None
    server.faults += [listed(8, body)]
    await world.config_maps.follow("erp", "holidays")
    assert (world.excluded("company.ics"), world.excluded("school.ics")) == (False, True)
    assert queries(server) == [None, "7", None], "and the watch continues"


async def test_it_is_followed_no_more_when_no_request_names_it(server: FaultServer, world: World) -> None:
    server.faults += [listed(7, config_map(5, BUSY)), watched(("MODIFIED", config_map(9, BUSY)))]
    await world.config_maps.follow("erp", "holidays")
    world.apply()
    await world.until(lambda: not world.config_maps.is_following("erp", "holidays"))
    world.apply("company.ics")
    assert world.excluded() is None, "a ConfigMap that no request names is forgotten"


async def test_a_missing_right_to_read_is_reported_to_the_request(server: FaultServer, world: World) -> None:
    server.faults += [status(403, "Forbidden", "no")]
    with pytest.raises(Forbidden):
        await world.config_maps.follow("erp", "holidays")


async def test_an_unchanged_text_is_not_read_again(server: FaultServer, world: World) -> None:
    server.faults += [listed(7, config_map(5, BUSY))]
    await world.config_maps.follow("erp", "holidays")
    before = world.store.calendars.of(KEY)["holidays", "company.ics"]
    server.faults += [watched(("MODIFIED", config_map(9, BUSY)))]
    await world.until(lambda: "9" in queries(server))
    assert world.store.calendars.of(KEY)["holidays", "company.ics"] is before
