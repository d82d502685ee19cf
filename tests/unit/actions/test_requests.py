"""Writes about requests: an answer about a deleted request says nothing about its successor of the same name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import template

from process_operator.actions import history, requests
from process_operator.actions.context import ActionContext, Services
from process_operator.cluster.errors import NotFound
from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.state.store import Store

if TYPE_CHECKING:
    from process_operator.resources.types import NamespacedName

CLOSE: NamespacedName = ("erp", "close")


class Gone:
    """An API server that has no such request any more, and whose watch has just shown the next one of that name."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def patch(self, *_: Any, **__: Any) -> Any:
        self.store.apply(PROCESS_REQUEST, a_request(2, "second"), is_answer=False)
        raise NotFound("gone", status=404)

    async def get(self, *_: Any) -> Any:
        raise NotFound("gone", status=404)


def a_request(version: int, uid: str) -> dict[str, Any]:
    metadata = {"name": "close", "namespace": "erp", "uid": uid, "resourceVersion": str(version), "generation": 1}
    return {"metadata": metadata, "spec": {"timing": {"runImmediately": {}}, "jobTemplate": template()}}


def a_context(store: Store) -> ActionContext:
    parts: dict[str, Any] = dict.fromkeys(Services.__dataclass_fields__)
    services = Services(**{**parts, "api": Gone(store), "store": store, "clock": lambda: at("12:00")})
    return ActionContext(services, CLOSE, store.snapshot(CLOSE))


def test_a_status_that_comes_too_late_leaves_the_next_request_of_that_name_alone() -> None:
    store = Store(on_dirty=lambda _: None, clock=lambda: at("12:00"))
    store.apply(PROCESS_REQUEST, a_request(1, "first"))
    with pytest.raises(NotFound):
        asyncio.run(requests.write_status(a_context(store), ProcessRequestStatus()))
    assert store.is_held(CLOSE, "second")
    assert store.apply(PROCESS_REQUEST, a_request(3, "second")), "its events still count"


def test_a_read_that_comes_too_early_leaves_the_next_request_of_that_name_alone() -> None:
    store = Store(on_dirty=lambda _: None, clock=lambda: at("12:00"))
    store.apply(PROCESS_REQUEST, a_request(1, "first"))
    context = a_context(store)
    store.apply(PROCESS_REQUEST, a_request(2, "second"), is_answer=False)
    asyncio.run(history._read_request(context))
    assert store.is_held(CLOSE, "second")
