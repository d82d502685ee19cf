"""Pod and container whose log is that of a run."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from tests.builders.objects import Object

from process_operator.client.client import Client
from process_operator.client.log_source import LiveLog, live_log
from process_operator.cluster.listing import Listing

RUN: Object = {"metadata": {"namespace": "erp", "name": "daily-1"}, "status": {"job": "daily-1"}}
DEFAULT = {"kubectl.kubernetes.io/default-container": "main"}


def found(run: Object, container: str | None, **metadata: Any) -> LiveLog | None:
    """The log of a run with one pod of two containers, of which `main` has terminated."""
    pod = {
        "metadata": {"name": "p", "creationTimestamp": "2026-11-30T12:00:00Z", **metadata},
        "spec": {"containers": [{"name": "proxy"}, {"name": "main"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {"name": "main", "state": {"terminated": {"exitCode": 0}}},
                {"name": "proxy", "state": {"running": {}}},
            ],
        },
    }

    class Pods:
        api: Any

        async def list(self, *_: object, **__: object) -> Listing:
            return Listing(items=[pod], resource_version="1")

    client = Pods()
    client.api = client
    return asyncio.run(live_log(cast("Client", client), run, container))


@pytest.mark.parametrize(
    ("log", "container", "annotations", "expected"),
    [
        pytest.param(None, None, None, LiveLog("p", "proxy"), id="the first"),
        pytest.param(None, None, DEFAULT, LiveLog("p", "main", is_over=True), id="the annotation's"),
        pytest.param({"container": "main"}, None, None, LiveLog("p", "main", is_over=True), id="the run's"),
        pytest.param({"container": "main"}, "proxy", DEFAULT, LiveLog("p", "proxy"), id="the user's"),
    ],
)
def test_container(log: Object | None, container: str | None, annotations: Object | None, expected: LiveLog) -> None:
    run = {**RUN, "status": {**RUN["status"], "log": log}}
    assert found(run, container, annotations=annotations) == expected
