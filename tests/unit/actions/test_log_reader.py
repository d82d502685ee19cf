"""Log reader: a log belongs to the run that it was read for, also if another run gets its name meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from tests.builders.instants import at

from process_operator.actions.log_reader import LogReader
from process_operator.cluster.logs import TailResult
from process_operator.decisions.inputs.log_source import LogSource
from process_operator.resources.conditions import LogReason
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.state.store import Store

if TYPE_CHECKING:
    from process_operator.cluster.api import Api
    from process_operator.resources.types import NamespacedName

CLOSE: NamespacedName = ("erp", "close")
SOURCE = LogSource("pod", "main", previous=False, message="", absent=LogReason.POD_GONE)


def a_run(version: int, uid: str) -> dict[str, Any]:
    metadata = {
        "name": "run",
        "namespace": "erp",
        "uid": uid,
        "resourceVersion": str(version),
        "creationTimestamp": "2027-03-01T12:00:00Z",
    }
    return {"metadata": metadata, "spec": {"request": {"name": "close"}}, "status": {"phase": "Running"}}


def read(store: Store, *, meanwhile: dict[str, Any] | None) -> list[NamespacedName]:
    """Read the log of the run in the store; another object comes before the log is there."""
    told: list[NamespacedName] = []

    async def play() -> None:
        reader = LogReader(cast("Api", None), store, on_read=told.append)
        reading = reader._reading(CLOSE, "run", SOURCE, 1024)

        async def work() -> None:
            if meanwhile is not None:
                store.apply(PROCESS_RUN, meanwhile)
            reader._report(reading, TailResult(data=b"said by the first\n"))

        reader._spawn(reading, work())
        await asyncio.gather(*reader._tasks)

    asyncio.run(play())
    return told


def a_store() -> Store:
    store = Store(on_dirty=lambda _: None, clock=lambda: at("12:00"))
    store.apply(PROCESS_RUN, a_run(1, "first"))
    return store


def test_the_log_of_a_run_is_remembered() -> None:
    store = a_store()
    assert read(store, meanwhile=a_run(2, "first")) == [CLOSE]
    log = store.snapshot(CLOSE).observations["run"].log
    assert log is not None
    assert log.text == "said by the first"


def test_the_log_of_an_earlier_run_of_that_name_is_dropped() -> None:
    store = a_store()
    assert read(store, meanwhile=a_run(2, "second")) == []
    assert "run" not in store.snapshot(CLOSE).observations
