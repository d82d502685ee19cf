"""Client: a create whose answer is lost makes one object, and only that object counts as created."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import cast

import pytest
from tests.builders.objects import Object

from process_operator.client.client import Client
from process_operator.cluster.api import Api
from process_operator.cluster.errors import AlreadyExists, Forbidden
from process_operator.resources.kinds import SELF_SUBJECT_REVIEW, Kind

FROM = datetime(2026, 11, 1, tzinfo=UTC)
TO = datetime(2026, 11, 7, tzinfo=UTC)
REQUEST: Object = {"metadata": {"name": "daily"}, "spec": {"process": {"name": "close"}, "timing": {}}}


class OneLostAnswer:
    """An API whose every create is stored, and whose answer says that an object of this name exists."""

    def __init__(self, *, maybe_done: bool = True, stored: Object | None = None) -> None:
        self.maybe_done = maybe_done
        self.stored = stored
        self.sent: list[Object] = []

    async def create(self, _kind: Kind, _namespace: str, body: Object, **_: object) -> Object:
        self.sent.append(body)
        raise AlreadyExists("it exists", status=409, reason="AlreadyExists", maybe_done=self.maybe_done)

    async def get(self, _kind: Kind, _namespace: str, name: str) -> Object:
        assert name == self.sent[-1]["metadata"]["name"]
        return self.stored or {**self.sent[-1], "spec": {**self.sent[-1]["spec"], "suspend": False}}


def client(api: OneLostAnswer) -> Client:
    return Client(cast("Api", api), "erp")


def test_run_whose_answer_is_lost_is_created_once() -> None:
    api = OneLostAnswer()
    body = asyncio.run(client(api).start_run("daily"))
    assert len(api.sent) == 1
    assert re.fullmatch("daily-[bcdfghjklmnpqrstvwxz2456789]{5}", body["metadata"]["name"])


def test_backfill_whose_answer_is_lost_is_created_once() -> None:
    api = OneLostAnswer()
    body = asyncio.run(client(api).backfill("daily", FROM, TO, rerun="Never"))
    assert len(api.sent) == 1
    assert body["metadata"]["name"] == api.sent[0]["metadata"]["name"]


def test_name_of_a_long_request_leaves_room_for_the_suffix() -> None:
    body = asyncio.run(client(OneLostAnswer()).start_run("a" * 49 + "." + "b" * 100))
    assert re.fullmatch("a{49}-[a-z0-9]{5}", body["metadata"]["name"])


def test_request_whose_answer_is_lost_counts_as_created() -> None:
    body = asyncio.run(client(OneLostAnswer()).create_request(REQUEST))
    assert body["spec"]["suspend"] is False


@pytest.mark.parametrize(
    "api",
    [
        pytest.param(OneLostAnswer(maybe_done=False), id="no earlier try can have created it"),
        pytest.param(
            OneLostAnswer(stored={"spec": {"process": {"name": "open"}, "timing": {}}}), id="it is another's request"
        ),
    ],
)
def test_request_that_existed_before_is_an_error(api: OneLostAnswer) -> None:
    with pytest.raises(AlreadyExists):
        asyncio.run(client(api).create_request(REQUEST))


class Answers:
    """An API that knows the user, and returns what is sent."""

    def __init__(self, answer: Object | None) -> None:
        self.answer = answer

    async def create(self, kind: Kind, _namespace: str, body: Object, **_: object) -> Object:
        if kind != SELF_SUBJECT_REVIEW:
            return body
        if self.answer is None:
            raise Forbidden("not allowed", status=403)
        return self.answer

    async def patch(self, _kind: Kind, _namespace: str, _name: str, body: Object, **_: object) -> Object:
        return body


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        pytest.param({"status": {"userInfo": {"username": "alice"}}}, "alice", id="a user"),
        pytest.param({"status": {}}, None, id="an answer without a name"),
        pytest.param(None, None, id="a rejection"),
    ],
)
def test_user_name(answer: Object | None, name: str | None) -> None:
    assert asyncio.run(Client(cast("Api", Answers(answer)), "erp").user_name()) == name


def test_changes_have_the_name_of_the_user() -> None:
    of = Client(cast("Api", Answers(None)), "erp")
    run = asyncio.run(of.start_run("daily", by="alice"))
    assert run["metadata"]["annotations"] == {"process-operator.io/requested-by": "alice"}
    assert "annotations" not in asyncio.run(of.start_run("daily"))["metadata"]
    suspended = asyncio.run(of.suspend("daily", "stocktaking", by="alice"))["metadata"]["annotations"]
    assert suspended == {
        "process-operator.io/suspend-reason": "stocktaking",
        "process-operator.io/suspended-by": "alice",
    }
    assert set(asyncio.run(of.resume("daily"))["metadata"]["annotations"].values()) == {None}
    (value,) = asyncio.run(of.reschedule("daily", FROM, by="alice"))["metadata"]["annotations"].values()
    assert value == "2026-11-01T00:00:00.000+00:00 by alice"
