"""Creations: a quota or a policy may reject an object that is there already, because names are compared later."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import template

from process_operator.actions.context import ActionContext, Services
from process_operator.cluster.errors import AlreadyExists, ApiError, Forbidden, Invalid, NotFound, QuotaExceeded
from process_operator.resources.kinds import CRONJOB, JOB, PROCESS_RUN, Kind
from process_operator.state.store import Store

MANIFEST = {"metadata": {"name": "close-1"}, "spec": {"template": template()}}
QUOTA = QuotaExceeded("exceeded quota: runs", status=403, maybe_done=True)
ERRORS: tuple[ApiError, ...] = (QUOTA, Forbidden("a webhook", status=403), Invalid("a policy", status=422))


class RejectingApi:
    """An API server that rejects each creation, and has the object or not."""

    def __init__(self, error: ApiError, *, has_it: bool) -> None:
        self.error = error
        self.has_it = has_it

    async def create(self, *_: Any, **__: Any) -> Any:
        raise self.error

    async def get(self, _kind: Kind, namespace: str, name: str) -> Any:
        if not self.has_it:
            raise NotFound("not there", status=404)
        return {"metadata": {"name": name, "namespace": namespace}}


def a_context(api: RejectingApi) -> ActionContext:
    store = Store(on_dirty=lambda _: None, clock=lambda: at("12:00"))
    parts: dict[str, Any] = dict.fromkeys(Services.__dataclass_fields__)
    services = Services(**{**parts, "api": api, "store": store, "clock": lambda: at("12:00")})
    return ActionContext(services, ("erp", "close"), store.snapshot(("erp", "close")))


@pytest.mark.parametrize("kind", [PROCESS_RUN, JOB, CRONJOB], ids=str)
@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_a_rejected_object_that_is_there_already_exists(kind: Kind, error: ApiError) -> None:
    with pytest.raises(AlreadyExists) as raised:
        asyncio.run(a_context(RejectingApi(error, has_it=True)).create(kind, MANIFEST))
    assert raised.value.maybe_done == error.maybe_done


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_a_rejected_object_that_is_not_there_is_rejected(error: ApiError) -> None:
    with pytest.raises(type(error)) as raised:
        asyncio.run(a_context(RejectingApi(error, has_it=False)).create(PROCESS_RUN, MANIFEST))
    assert raised.value is error
