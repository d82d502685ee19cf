"""Log of a run that the operator kills before the kubelet has reported the start of its container."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.contract.fault_server import Answer, FaultServer, status

from process_operator.actions.log_reader import LogReader
from process_operator.decisions.inputs.observations import RunObservations
from process_operator.decisions.plan.actions import KillJob
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.process_run import RunLog
from process_operator.state.store import Store

if TYPE_CHECKING:
    from process_operator.cluster.api import Api
    from process_operator.resources.types import NamespacedName

CLOSE: Final[NamespacedName] = ("erp", "close")
KILL: Final = KillJob("close-1", "job-uid", "close-1", {}, tail_bytes=4096, container=None)
POD: Final = "/api/v1/namespaces/erp/pods/close-1-abcde"
LOG: Final = f"{POD}/log"
NOT_STARTED: Final = status(400, "BadRequest", 'container "main" in pod "close-1-abcde" is waiting to start: creating')


def metadata(name: str, uid: str) -> Object:
    return {
        "name": name,
        "namespace": "erp",
        "uid": uid,
        "resourceVersion": "5",
        "creationTimestamp": "2027-03-01T12:00:00Z",
    }


def pending_pod(*init: str) -> Object:
    """A pod on a node whose containers wait, as far as the kubelet has reported."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "close-1", "uid": "job-uid", "controller": True}

    def waits(name: str) -> Object:
        return {"name": name, "state": {"waiting": {"reason": "PodInitializing" if init else "ContainerCreating"}}}

    return {
        "metadata": {**metadata("close-1-abcde", "pod-uid"), "ownerReferences": [owner]},
        "spec": {
            "nodeName": "node-1",
            "initContainers": [{"name": name} for name in init],
            "containers": [{"name": "main"}],
        },
        "status": {
            "phase": "Pending",
            "initContainerStatuses": [waits(name) for name in init],
            "containerStatuses": [waits("main")],
        },
    }


class Killer:
    """Reader of the log of a run that is killed. `wakes` counts how often its request was to be decided again."""

    def __init__(self, api: Api) -> None:
        self._store = Store(on_dirty=lambda _: None, clock=lambda: at("12:00"))
        run = {"metadata": metadata("close-1", "run-uid"), "spec": {"request": {"name": "close"}}}
        self._store.apply(PROCESS_RUN, {**run, "status": {"phase": "Pending"}})
        self.wakes = 0
        self._reader = LogReader(api, self._store, on_read=self._wake)

    def _wake(self, key: NamespacedName) -> None:
        assert key == CLOSE
        self.wakes += 1

    async def kill(self) -> RunObservations:
        """Follow the log as before the kill, until it ends."""
        await self.begin()
        return await self.known()

    async def begin(self) -> None:
        """Follow the log as before the kill, and leave the reader at work."""
        await self._reader.follow_before_kill(CLOSE, KILL)

    async def known(self) -> RunObservations:
        """Wait until the reader has ended, and return what is known about the run."""
        await asyncio.wait_for(asyncio.gather(*self._reader._tasks), 60)
        return self._store.snapshot(CLOSE).observations.get("close-1", RunObservations())


def print_and_end(server: FaultServer, *pieces: bytes) -> None:
    server.logs[LOG] = b""
    server.live[LOG] = asyncio.Queue()
    for piece in (*pieces, b""):
        server.live[LOG].put_nowait(piece)


def tried(server: FaultServer) -> list[str]:
    """The containers of whose log the server was asked, in order."""
    return [seen.query["container"] for seen in server.seen if seen.path == LOG]


async def test_it_is_read_to_the_end(api: Api, server: FaultServer) -> None:
    server.objects[POD] = pending_pod()
    print_and_end(server, b"begun\n", b"last words\n")
    killer = Killer(api)
    known = await killer.kill()
    assert known.log == RunLog(text="begun\nlast words", truncated=False, container="main")
    assert known.log_pod == "close-1-abcde"
    assert killer.wakes == 1


async def test_the_init_container_is_read_where_the_main_one_has_not_started(api: Api, server: FaultServer) -> None:
    server.objects[POD] = pending_pod("migrate")
    print_and_end(server, b"migrating\n")
    page = Answer(200, {"metadata": {"resourceVersion": "7"}, "items": [server.objects[POD]]})
    server.faults.extend([page, NOT_STARTED])
    known = await Killer(api).kill()
    assert known.log == RunLog(text="migrating", truncated=False, container="migrate")
    assert tried(server) == ["main", "migrate"]


@pytest.mark.parametrize("answer", [NOT_STARTED, Answer(204)], ids=["not started", "no node"])
async def test_without_one_nothing_is_decided_again(api: Api, server: FaultServer, answer: Answer) -> None:
    # A kill that the API server rejects would otherwise be tried again without a pause.
    server.objects[POD] = pending_pod()
    server.answers[LOG] = answer
    killer = Killer(api)
    known = await killer.kill()
    assert (known.log, known.log_wanted, killer.wakes) == (None, False, 0)
    assert tried(server) == ["main"]


async def test_one_that_is_denied_late_can_be_requested_again(api: Api, server: FaultServer) -> None:
    server.objects[POD] = pending_pod()
    server.answers[LOG] = NOT_STARTED
    server.gates[LOG] = asyncio.Event()
    killer = Killer(api)
    await killer.begin()
    server.gates[LOG].set()
    known = await killer.known()
    assert (known.log, known.log_wanted, killer.wakes) == (None, False, 1)


async def test_an_empty_one_proves_no_start(api: Api, server: FaultServer) -> None:
    # The runtime opens the file of the log before it creates the container, which may then fail.
    server.objects[POD] = pending_pod()
    print_and_end(server)
    known = await Killer(api).kill()
    assert (known.log, known.log_wanted) == (None, False)
