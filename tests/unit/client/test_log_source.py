"""Pod and container whose log is that of a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final, cast

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


@dataclass(frozen=True)
class Chosen:
    """Names of containers, and the log that is read."""

    id: str
    expected: LiveLog
    log: Object | None = None
    container: str | None = None
    annotations: Object | None = None


CHOSEN: Final = [
    Chosen("the first", expected=LiveLog("p", "proxy")),
    Chosen("the annotation's", annotations=DEFAULT, expected=LiveLog("p", "main", is_over=True)),
    Chosen("the run's", log={"container": "main"}, expected=LiveLog("p", "main", is_over=True)),
    Chosen(
        "the user's",
        log={"container": "main"},
        container="proxy",
        annotations=DEFAULT,
        expected=LiveLog("p", "proxy"),
    ),
]


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.id)
def test_container(case: Chosen) -> None:
    run = {**RUN, "status": {**RUN["status"], "log": case.log}}
    assert found(run, case.container, annotations=case.annotations) == case.expected
