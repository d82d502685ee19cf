"""`runs --watch`: an outage of the API server does not end it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from process_operator.client.client import Client
from process_operator.client.run_table import Column, RunRow, RunTable
from process_operator.cluster.errors import ApiError, Forbidden, Gone, ServerError, TooManyRequests, Unreachable
from process_operator.plugin import runs, waiting
from process_operator.plugin.connection import Connecting
from process_operator.plugin.forms import Form


def table(*names: str) -> RunTable:
    rows = [RunRow("erp", name, "2026-11-30T12:00:00Z", {"Name": name}) for name in names]
    return RunTable((Column("Name", is_wide=False),), rows, "1")


def test_watch_outlives_outages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lists: list[RunTable | ApiError] = [
        table("a"),
        Unreachable("refused"),
        ServerError("etcd", status=503),
        table("b", "a"),
        table("b", "a"),
        Forbidden("the end of the test"),
    ]
    ends = iter([ServerError("etcd", status=500), TooManyRequests("later", status=429), Gone("old", status=410)])

    async def run_table(*_: object, **__: object) -> RunTable:
        answer = lists.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    async def watch_rows(*_: object, **__: object) -> AsyncIterator[RunRow]:
        rows: tuple[RunRow, ...] = ()
        for row in rows:
            yield row
        raise next(ends)

    def run(_: Connecting, work: Callable[[Client], Any]) -> Any:
        return asyncio.run(work(cast("Client", None)))

    monkeypatch.setattr(runs, "run_table", run_table)
    monkeypatch.setattr(runs, "watch_rows", watch_rows)
    monkeypatch.setattr(runs, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(Connecting, "run", run)
    question = runs.RunQuestion(None, False, None, None, None, None, (), False, None, None)
    with pytest.raises(Forbidden):
        runs.show_runs(Connecting(), question, output=Form.TABLE, has_header=True, watch=True)
    assert capsys.readouterr().out.split() == ["NAME", "a", "b"]
