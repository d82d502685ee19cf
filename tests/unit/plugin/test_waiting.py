"""Waits: outages of the API server, and requests that never run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from tests.builders.objects import Object

from process_operator.client.client import Client
from process_operator.cluster.errors import ApiError, Forbidden, NotFound, ServerError, TooManyRequests, Unreachable
from process_operator.plugin import waiting
from process_operator.plugin.connection import Connecting
from process_operator.plugin.errors import CommandError, Exit

DONE: Object = {"metadata": {"name": "daily-1"}, "status": {"phase": "Succeeded"}}
OUTAGE = (Unreachable("refused"), ServerError("etcd", status=503), TooManyRequests("later", status=429))
INVALID: Object = {
    "metadata": {"name": "close-1"},
    "status": {
        "phase": "Invalid",
        "conditions": [{"type": "Accepted", "status": "False", "reason": "InvalidTemplate", "message": "no image"}],
    },
}


class Scripted:
    """A client that gives one answer after the other."""

    def __init__(self, *answers: Object | ApiError, request: Object | None = None) -> None:
        self._answers = iter(answers)
        self._request = request

    async def run(self, _name: str) -> Object:
        answer = next(self._answers)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    async def request(self, _name: str) -> Object:
        assert self._request is not None
        return self._request


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.0)


def connected(monkeypatch: pytest.MonkeyPatch, client: Scripted) -> Connecting:
    def run(_: Connecting, work: Callable[[Client], Any], *, doing: str = "") -> Any:
        assert doing
        return asyncio.run(work(cast("Client", client)))

    monkeypatch.setattr(Connecting, "run", run)
    return Connecting()


def test_wait_outlives_an_outage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    connecting = connected(monkeypatch, Scripted(*OUTAGE, DONE))
    waiting.wait_for_run(connecting, "daily-1", "1m", pass_exit_code=False)
    captured = capsys.readouterr()
    assert captured.out == "run daily-1: Succeeded\n"
    (line,) = captured.err.splitlines()
    assert line.endswith("Trying again")


def test_wait_that_is_too_short_for_the_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> Object:
        raise OUTAGE[0]

    client = Scripted()
    monkeypatch.setattr(client, "run", lambda _: away())
    with pytest.raises(CommandError) as caught:
        waiting.wait_for_run(connected(monkeypatch, client), "daily-1", "50ms", pass_exit_code=False)
    assert caught.value.status == Exit.TIMEOUT


@pytest.mark.parametrize("error", [NotFound("no run"), Forbidden("no right")], ids=["not found", "forbidden"])
def test_other_errors_end_the_wait(monkeypatch: pytest.MonkeyPatch, error: ApiError) -> None:
    connecting = connected(monkeypatch, Scripted(error))
    with pytest.raises(type(error)):
        waiting.wait_for_run(connecting, "daily-1", "1m", pass_exit_code=False)


def test_address_without_an_answer_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    connecting = connected(monkeypatch, Scripted(OUTAGE[0]))
    with pytest.raises(Unreachable):
        waiting.wait_for_run(connecting, "daily-1", None, pass_exit_code=False)


def test_run_of_an_invalid_request_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    connecting = connected(monkeypatch, Scripted(NotFound("no run"), request=INVALID))
    with pytest.raises(CommandError, match=r"request close-1 is not accepted \(InvalidTemplate\): no image"):
        waiting.wait_until_exists(connecting, "close-1-1", "close-1", None)


def test_run_of_a_request_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    request = {"metadata": {"name": "close-1"}, "status": {"phase": "Scheduled"}}
    connecting = connected(monkeypatch, Scripted(NotFound("no run"), OUTAGE[1], DONE, request=request))
    waiting.wait_until_exists(connecting, "close-1-1", "close-1", None)
