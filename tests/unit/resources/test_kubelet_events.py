"""Events of the kubelet, as API bodies, and what is read of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object

from process_operator.resources.kubelet_events import KubeletEvent, kubelet_events

MAIN = "spec.containers{main}"


def event(reason: str, message: str, path: str = MAIN, **times: Any) -> Object:
    return {"involvedObject": {"kind": "Pod", "fieldPath": path}, "reason": reason, "message": message, **times}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            event("Killing", "Stopping container main", lastTimestamp="2027-03-01T12:00:05Z", count=2),
            KubeletEvent("main", "Killing", "Stopping container main", at("12:00:05")),
            id="a kill",
        ),
        pytest.param(
            event(
                "Unhealthy",
                "Liveness probe failed: 503",
                "spec.initContainers{aside}",
                eventTime="2027-03-01T12:00:05.7Z",
            ),
            KubeletEvent("aside", "Unhealthy", "Liveness probe failed: 503", at("12:00:05")),
            id="a probe, in the newer form with microseconds",
        ),
        pytest.param(
            event(
                "Unhealthy",
                "Liveness probe failed: 503",
                eventTime="2027-03-01T12:00:05.7Z",
                series={"count": 3, "lastObservedTime": "2027-03-01T12:00:09.7Z"},
            ),
            KubeletEvent("main", "Unhealthy", "Liveness probe failed: 503", at("12:00:09")),
            id="a series counts with its last",
        ),
        pytest.param(
            event("FailedPostStartHook", "PostStartHook failed", lastTimestamp=None),
            KubeletEvent("main", "FailedPostStartHook", "PostStartHook failed", None),
            id="no time",
        ),
        pytest.param(event("Started", "Started container main"), None, id="another reason"),
        pytest.param({"involvedObject": {"kind": "Pod"}, "reason": "Killing"}, None, id="of no container"),
    ],
)
def test_an_event_is_read(body: Object, expected: KubeletEvent | None) -> None:
    assert kubelet_events([body]) == (() if expected is None else (expected,))


def test_events_stand_in_the_order_of_their_times() -> None:
    bodies = [
        event("Killing", "second", lastTimestamp="2027-03-01T12:00:07Z"),
        event("Unhealthy", "first", lastTimestamp="2027-03-01T12:00:05Z"),
        event("Unhealthy", "of an unknown time"),
        event("Killing", "of an unknown time too"),
    ]
    assert [found.message for found in kubelet_events(bodies)][-2:] == ["first", "second"]
