"""Judged requests: live requests with their Process and calendars, as `preview` judges manifests.

The times of a live request come from the same code as those of its runs.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from process_operator.cluster.errors import Forbidden
from process_operator.decisions.inputs.observations import CalendarFile
from process_operator.preview.manifest_set import GivenRequest, manifest_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from process_operator.client.client import Client
    from process_operator.resources.types import NamespacedName, Object

CALENDAR_UNREADABLE = "calendar not readable with your rights"


async def judged_requests(client: Client, requests: Sequence[Object]) -> list[tuple[GivenRequest, str]]:
    """Join requests with what they name, and say of each what could not be read (empty: nothing).

    A calendar that the user must not read counts as one without dates, beside those that the status remembers.
    """
    processes = await client.processes(everywhere=any(_space(body) != client.namespace for body in requests))
    calendars, unreadable = await _calendars(client, requests)
    given = manifest_set([*processes, *calendars, *requests], namespace=client.namespace)
    return [
        (_without(found, unreadable), CALENDAR_UNREADABLE if unreadable & _named(body) else "")
        for body, found in zip(requests, given.requests, strict=True)
    ]


def _without(given: GivenRequest, unreadable: set[NamespacedName]) -> GivenRequest:
    calendars = {
        (name, key): CalendarFile() if (given.namespace, name) in unreadable else file
        for (name, key), file in given.calendars.items()
    }
    return replace(given, calendars=calendars)


async def _calendars(client: Client, requests: Sequence[Object]) -> tuple[list[Object], set[NamespacedName]]:
    wanted = sorted({place for body in requests for place in _named(body)})
    unreadable: set[NamespacedName] = set()

    async def read(place: NamespacedName) -> Object | None:
        try:
            return await client.calendar(*place)
        except Forbidden:
            unreadable.add(place)
            return None

    found = await asyncio.gather(*(read(place) for place in wanted))
    return [body for body in found if body is not None], unreadable


def _named(body: Object) -> set[NamespacedName]:
    """Namespace and name of the ConfigMaps that a request names in excludeFrom."""
    schedule = (body["spec"].get("timing") or {}).get("schedule") or {}
    return {(_space(body), source["configMap"]["name"]) for source in schedule.get("excludeFrom") or ()}


def _space(body: Object) -> str:
    return str(body["metadata"]["namespace"])
