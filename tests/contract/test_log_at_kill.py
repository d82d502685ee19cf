"""Log of a run that the operator kills before the kubelet has reported the start of its container."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.contract.fault_server import Answer, FaultServer, status

from process_operator.actions.log_reader import LogReader
from process_operator.decisions.plan.actions import KillJob
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.process_run import RunLog
from process_operator.state.store import Store

if TYPE_CHECKING:
    from process_operator.cluster.api import Api
    from process_operator.decisions.inputs.observations import RunObservations
    from process_operator.resources.types import NamespacedName

CLOSE: Final[NamespacedName] = ("erp", "close")
KILL: Final = KillJob("close-1", "job-uid", "close-1", {}, tail_bytes=4096, container=None)
LOG: Final = "/api/v1/namespaces/erp/pods/close-1-abcde/log"
NO_LOG: Final = {
    "a container that the kubelet has not started": status(
        400, "BadRequest", 'container "main" in pod "close-1-abcde" is waiting to start: ContainerCreating'
    ),
    "a pod that left its node": Answer(204),
}


def metadata(name: str, uid: str) -> Object:
    return {
        "name": name,
        "namespace": "erp",
        "uid": uid,
        "resourceVersion": "5",
        "creationTimestamp": "2027-03-01T12:00:00Z",
    }


@pytest.fixture
def store() -> Store:
    made = Store(on_dirty=lambda _: None, clock=lambda: at("12:00"))
    run = {"metadata": metadata("close-1", "run-uid"), "spec": {"request": {"name": "close"}}}
    made.apply(PROCESS_RUN, {**run, "status": {"phase": "Pending"}})
    return made


async def kill(api: Api, server: FaultServer, store: Store) -> RunObservations:
    """Follow the log of a pod whose container is being created, as far as the kubelet reports, until the reader ends."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "close-1", "uid": "job-uid", "controller": True}
    creating = {"name": "main", "state": {"waiting": {"reason": "ContainerCreating"}}}
    server.objects["/api/v1/namespaces/erp/pods/close-1-abcde"] = {
        "metadata": {**metadata("close-1-abcde", "pod-uid"), "ownerReferences": [owner]},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main"}]},
        "status": {"phase": "Pending", "containerStatuses": [creating]},
    }
    ended = asyncio.Event()
    reader = LogReader(api, store, on_read=lambda _: ended.set())
    await reader.follow_before_kill(CLOSE, KILL)
    await asyncio.wait_for(ended.wait(), 60)
    await reader.close()
    return store.snapshot(CLOSE).observations["close-1"]


async def test_it_is_read_to_the_end(api: Api, server: FaultServer, store: Store) -> None:
    server.logs[LOG] = b"begun\n"
    server.live[LOG] = asyncio.Queue()
    for piece in (b"last words\n", b""):
        server.live[LOG].put_nowait(piece)
    known = await kill(api, server, store)
    assert known.log == RunLog(text="begun\nlast words", truncated=False, container="main")
    assert known.log_pod == "close-1-abcde"


@pytest.mark.parametrize("answer", NO_LOG.values(), ids=NO_LOG)
async def test_without_one_it_can_be_requested_again(
    api: Api, server: FaultServer, store: Store, answer: Answer
) -> None:
    server.answers[LOG] = answer
    known = await kill(api, server, store)
    assert known.log is None
    assert not known.log_wanted
