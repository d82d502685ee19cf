"""Judged requests: a calendar that the user must not read."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

from process_operator.client.client import Client
from process_operator.client.judged import CALENDAR_UNREADABLE, judged_requests
from process_operator.client.upcoming import upcoming_of
from process_operator.client.why import Question, explain
from process_operator.cluster.errors import Forbidden

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
EXCLUDE_FROM = [{"configMap": {"name": "holidays", "key": "es.ics"}}]
REQUEST: dict[str, Any] = {
    "apiVersion": "process-operator.io/v1alpha1",
    "kind": "ProcessRequest",
    "metadata": {"name": "daily", "namespace": "erp", "creationTimestamp": "2026-11-01T00:00:00Z"},
    "spec": {
        "process": {"name": "close"},
        "timing": {"schedule": {"daily": {"at": "09:00"}, "excludeFrom": EXCLUDE_FROM}},
    },
}


class Forbidding:
    """A client of a user who must not read ConfigMaps."""

    namespace = "erp"

    async def processes(self, *, everywhere: bool) -> list[Any]:
        assert not everywhere
        return []

    async def calendar(self, _namespace: str, _name: str) -> None:
        raise Forbidden("configmaps is forbidden", status=403)


def test_request_is_judged_without_the_calendar() -> None:
    ((given, unread),) = asyncio.run(judged_requests(cast("Client", Forbidding()), [REQUEST]))
    assert unread == CALENDAR_UNREADABLE
    upcoming = upcoming_of(given, unread, NOW, None, 1)
    assert [f"{tick.due:%m-%d %H}" for tick in upcoming.ticks] == ["12-01 09"]
    assert upcoming.note == CALENDAR_UNREADABLE
    reasons = list(explain(Question(given, [], datetime(2026, 12, 1, 9, tzinfo=UTC), NOW)))
    assert "That time is still to come, at 2026-12-01T09:00:00Z." in reasons


def test_the_coming_times_have_the_description_of_the_request() -> None:
    spec = {**REQUEST["spec"], "description": "Closes the day"}
    client = cast(Client, Forbidding())
    ((given, unread),) = asyncio.run(judged_requests(client, [{**REQUEST, "spec": spec}]))
    assert upcoming_of(given, unread, NOW, None, 1).description == "Closes the day"
