"""Events: immediate writes, counted repetitions, and Events that cannot be written."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.contract.fault_server import Cut, FaultServer, status

from process_operator.cluster.errors import Forbidden, ServerError
from process_operator.cluster.events import MAX_MESSAGE, EventRecorder

if TYPE_CHECKING:
    from process_operator.cluster.api import Api

NOW = datetime(2027, 1, 4, 2, 30, tzinfo=UTC)
EVENTS = "/api/v1/namespaces/erp/events"
REQUEST = {
    "apiVersion": "process-operator.io/v1alpha1",
    "kind": "ProcessRequest",
    "name": "nightly-close",
    "namespace": "erp",
    "uid": "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
}
DOWN = status(503, "ServiceUnavailable", "shutting down")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def written(server: FaultServer) -> list[tuple[str, int, str]]:
    """Reason, count and message of all stored Events."""
    return [(event["reason"], event["count"], event["message"]) for event in server.objects.values()]


@pytest.fixture
def recorder(api: Api) -> EventRecorder:
    return EventRecorder(api)


async def test_an_event_says_what_happened_to_whom(recorder: EventRecorder, server: FaultServer) -> None:
    recorder.record(REQUEST, "RunFailed", "run 7 failed", type="Warning", about="run-7", now=NOW)
    assert await recorder.flush(after(2)) == []
    (name, event), *others = server.objects.items()
    assert others == []
    assert event == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name.removeprefix(f"{EVENTS}/"), "namespace": "erp"},
        "involvedObject": REQUEST,
        "reason": "RunFailed",
        "message": "run 7 failed",
        "type": "Warning",
        "count": 1,
        "firstTimestamp": "2027-01-04T02:30:00Z",
        "lastTimestamp": "2027-01-04T02:30:00Z",
        "source": {"component": "process-operator"},
        "reportingComponent": "process-operator",
    }
    assert event["metadata"]["name"].startswith("nightly-close.")


async def test_nothing_is_sent_before_the_flush(recorder: EventRecorder, server: FaultServer) -> None:
    recorder.record(REQUEST, "RunStarted", "run 1", now=NOW)
    assert server.seen == []


async def test_of_one_reason_the_first_is_written_at_once_and_the_rest_once_a_minute(
    recorder: EventRecorder, server: FaultServer
) -> None:
    for second in range(180):
        recorder.record(REQUEST, "RunStarted", f"run {second}", about=f"run-{second}", now=after(second))
        await recorder.flush(after(second))
    assert written(server) == [
        ("RunStarted", 1, "run 0"),
        ("RunStarted", 60, "run 60"),
        ("RunStarted", 60, "run 120"),
    ]
    assert len(server.seen) == 3
    last = list(server.objects.values())[-1]
    assert (last["firstTimestamp"], last["lastTimestamp"]) == ("2027-01-04T02:31:01Z", "2027-01-04T02:32:00Z")


async def test_other_reasons_and_other_objects_do_not_wait(recorder: EventRecorder, server: FaultServer) -> None:
    other = {**REQUEST, "name": "hourly-sync", "uid": "2c5e28ba-2fa1-11d2-883f-0016d3cca427"}
    for involved in (REQUEST, other):
        for reason in ("RunStarted", "RunFinished"):
            recorder.record(involved, reason, "run 1", now=NOW)
    await recorder.flush(NOW)
    assert len(server.objects) == 4


async def test_the_same_thing_again_is_the_same_event_counted(recorder: EventRecorder, server: FaultServer) -> None:
    for minute in range(3):
        recorder.record(REQUEST, "Rejected", f"no quota at {minute}", now=after(60 * minute))
        recorder.record(REQUEST, "Rejected", f"no quota after {minute}", now=after(60 * minute + 1))
        await recorder.flush(after(60 * minute + 1))
    assert written(server) == [("Rejected", 6, "no quota after 2")]
    (event,) = server.objects.values()
    assert (event["firstTimestamp"], event["lastTimestamp"]) == ("2027-01-04T02:30:00Z", "2027-01-04T02:32:01Z")


async def test_what_is_said_again_after_a_restart_is_not_counted_again(api: Api, server: FaultServer) -> None:
    for seconds in (0, 5):
        restarted = EventRecorder(api)
        restarted.record(REQUEST, "RunStarted", "run 7", about="run-7", now=after(seconds))
        assert await restarted.flush(after(seconds)) == []
    assert written(server) == [("RunStarted", 1, "run 7")]


async def test_an_event_that_has_expired_is_made_again(recorder: EventRecorder, server: FaultServer) -> None:
    recorder.record(REQUEST, "Rejected", "no quota", now=NOW)
    await recorder.flush(NOW)
    server.objects.clear()
    recorder.record(REQUEST, "Rejected", "no quota", now=after(7200))
    assert await recorder.flush(after(7200)) == []
    assert written(server) == [("Rejected", 1, "no quota")]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("x" * 1024, "x" * 1024, id="a text that fits stays"),
        pytest.param("x" * 1025, "x" * 1021 + "...", id="a longer text is cut"),
        pytest.param("é" * 1000, "é" * 510 + "...", id="bytes count, and no character is halved"),
        pytest.param("\udc80", "?", id="half a character from a broken source is replaced"),
    ],
)
async def test_a_message_fits(recorder: EventRecorder, server: FaultServer, message: str, expected: str) -> None:
    recorder.record(REQUEST, "Rejected", message, now=NOW)
    assert await recorder.flush(NOW) == []
    assert written(server) == [("Rejected", 1, expected)]
    assert len(expected.encode()) <= MAX_MESSAGE


async def test_what_is_rejected_is_dropped(recorder: EventRecorder, server: FaultServer) -> None:
    server.faults.append(status(403, "Forbidden", "being deleted", causes=[{"reason": "NamespaceTerminating"}]))
    recorder.record(REQUEST, "RunStarted", "run 1", now=NOW)
    (error,) = await recorder.flush(NOW)
    assert isinstance(error, Forbidden)
    assert await recorder.flush(after(600)) == []
    assert (recorder.dropped, len(server.seen)) == (1, 1)


async def test_what_did_not_get_through_is_counted_in_later(recorder: EventRecorder, server: FaultServer) -> None:
    server.faults.extend([DOWN] * 4)
    recorder.record(REQUEST, "RunStarted", "run 1", now=NOW)
    (error,) = await recorder.flush(NOW)
    assert isinstance(error, ServerError)
    recorder.record(REQUEST, "RunStarted", "run 2", now=after(5))
    assert await recorder.flush(after(5)) == []
    assert server.objects == {}
    assert await recorder.flush(after(60)) == []
    assert written(server) == [("RunStarted", 2, "run 2")]


async def test_what_happens_while_a_write_fails_is_the_newer(recorder: EventRecorder, server: FaultServer) -> None:
    server.faults.extend([DOWN] * 4)
    server.gate.clear()
    recorder.record(REQUEST, "RunStarted", "run 1", now=NOW)
    flush = asyncio.create_task(recorder.flush(NOW))
    await server.arrived(1)
    recorder.record(REQUEST, "RunStarted", "run 2", now=after(1))
    server.gate.set()
    await flush
    await recorder.flush(after(60))
    assert written(server) == [("RunStarted", 2, "run 2")]
    assert next(iter(server.objects.values()))["firstTimestamp"] == "2027-01-04T02:30:00Z"


async def test_a_server_that_is_down_is_not_asked_for_each_event(recorder: EventRecorder, server: FaultServer) -> None:
    server.faults.extend([DOWN] * 400)
    for number in range(100):
        recorder.record({**REQUEST, "uid": str(number)}, "RunStarted", "run", now=NOW)
    assert len(await recorder.flush(NOW)) == 8
    server.faults.clear()
    assert await recorder.flush(after(60)) == []
    assert len(server.objects) == 100


async def test_at_the_end_everything_is_written(recorder: EventRecorder, server: FaultServer) -> None:
    recorder.record(REQUEST, "RunStarted", "run 1", about="run-1", now=NOW)
    await recorder.flush(NOW)
    recorder.record(REQUEST, "RunStarted", "run 2", about="run-2", now=after(1))
    await recorder.flush(after(1))
    assert len(server.objects) == 1
    await recorder.flush(after(1), everything=True)
    assert len(server.objects) == 2


async def test_memory_is_bounded(api: Api, server: FaultServer) -> None:
    recorder = EventRecorder(api, limit=3)
    for number in range(5):
        recorder.record({**REQUEST, "uid": str(number)}, "RunStarted", "run", now=NOW)
    recorder.record({**REQUEST, "uid": "0"}, "RunStarted", "one more of a known one", now=NOW)
    await recorder.flush(NOW)
    assert (len(server.objects), recorder.dropped) == (3, 2)


async def test_a_cut_connection_makes_no_second_event(recorder: EventRecorder, server: FaultServer) -> None:
    server.faults.append(Cut.IN_THE_ANSWER)
    recorder.record(REQUEST, "RunStarted", "run 1", now=NOW)
    assert await recorder.flush(NOW) == []
    assert written(server) == [("RunStarted", 1, "run 1")]
