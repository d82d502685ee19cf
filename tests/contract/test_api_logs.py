"""End of a log: windows and rings, other content in place of a log, and a pod that ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
from tests.contract.fault_server import Answer, Cut, FaultServer, status

from process_operator.cluster.errors import ApiError, Forbidden, Invalid, ServerError
from process_operator.cluster.logs import KUBELET_RETRIES, SILENCE_SECONDS, LogFollower, TailResult, read_tail
from process_operator.resources.conditions import LogReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.contract.conftest import Waits

    from process_operator.cluster.api import Api

LOG = "/api/v1/namespaces/erp/pods/close-1-abcde/log"

KUBELET_DOWN = status(
    500,
    "InternalError",
    'Get "https://node-1:10250/containerLogs/erp/close-1-abcde/main?tailLines=64": dial tcp 192.0.2.1:10250: connect: '
    "connection refused",
)
NO_ROUTE = status(
    500, "InternalError", 'Get "https://node-1:10250/containerLogs/erp/p/main": dial tcp: lookup node-1: no such host'
)
HANDSHAKE = status(
    500, "InternalError", 'Get "https://node-1:10250/containerLogs/erp/p/main": net/http: TLS handshake timeout'
)
WAITING = status(400, "BadRequest", 'container "main" in pod "close-1-abcde" is waiting to start: ContainerCreating')


async def tail(
    api: Api,
    tail_bytes: int = 4096,
    *,
    previous: bool = False,
    retries: Sequence[float] = (),
    silence_seconds: float = SILENCE_SECONDS,
) -> TailResult:
    return await read_tail(
        api,
        namespace="erp",
        pod="close-1-abcde",
        container="main",
        tail_bytes=tail_bytes,
        previous=previous,
        retries=retries,
        silence_seconds=silence_seconds,
    )


async def follow(api: Api, tail_bytes: int = 4096, wait: float = 1.0) -> LogFollower:
    return await LogFollower.open(
        api, namespace="erp", pod="close-1-abcde", container="main", tail_bytes=tail_bytes, wait=wait
    )


LINES = b"".join(b"line %d\n" % number for number in range(1000))
ENDLESS = b"x" * 1_000_000
MIXED = b"x" * 200_000 + b"\n" + b"x\n" * 4090


@dataclass(frozen=True)
class Tail:
    """A log, the end of it that is read, and the number of lines in each request."""

    id: str
    log: bytes
    expected: TailResult
    tail_bytes: int = 4096
    windows: list[int] = field(default_factory=lambda: [64])


TAILS: Final = [
    Tail("a log that fits is whole", log=b"done\n", expected=TailResult(data=b"done\n")),
    Tail("a log may be empty", log=b"", expected=TailResult()),
    Tail("of a long one the end", log=LINES, tail_bytes=100, expected=TailResult(data=LINES[-100:], cut=True)),
    Tail(
        "short lines: a larger window",
        log=b"x\n" * 1000,
        expected=TailResult(data=b"x\n" * 1000),
        windows=[64, 256, 1024],
    ),
    Tail(
        "very short lines: enlarged twice and no more",
        log=b"x\n" * 5000,
        tail_bytes=16384,
        expected=TailResult(data=b"x\n" * 4096, cut=True),
        windows=[256, 1024, 4096],
    ),
    Tail(
        "a window just full is asked again",
        log=b"x\n" * 64,
        expected=TailResult(data=b"x\n" * 64),
        windows=[64, 256],
    ),
    Tail(
        "a line without end is cut anywhere",
        log=ENDLESS,
        tail_bytes=8192,
        expected=TailResult(data=ENDLESS[-8192:], cut=True),
        windows=[128],
    ),
    Tail(
        "a long line counts as many, so a larger window",
        log=MIXED,
        tail_bytes=262_144,
        expected=TailResult(data=MIXED),
        windows=[4096, 16384],
    ),
    Tail(
        "bytes come as they are",
        log=b"a\x00\x1b[1m\xff\xfe\r\n",
        expected=TailResult(data=b"a\x00\x1b[1m\xff\xfe\r\n"),
    ),
    Tail(
        "the kubelet's word for a container that is removed is no log",
        log=b"unable to retrieve container logs for containerd://0a1b",
        expected=TailResult(gone=LogReason.POD_GONE),
    ),
]


@pytest.mark.parametrize("case", TAILS, ids=lambda case: case.id)
async def test_the_tail(api: Api, server: FaultServer, case: Tail) -> None:
    server.logs[LOG] = case.log
    assert await tail(api, case.tail_bytes) == case.expected
    assert [seen.query for seen in server.seen] == [
        {"container": "main", "tailLines": str(lines)} for lines in case.windows
    ]


async def test_nothing_is_asked_for_no_bytes(api: Api, server: FaultServer) -> None:
    assert await tail(api, 0) == TailResult()
    assert await (await follow(api, 0)).finish(0) == TailResult()
    assert server.seen == []


async def test_the_attempt_before_is_asked_for_by_name(api: Api, server: FaultServer) -> None:
    server.logs[LOG] = b"first attempt\n"
    assert (await tail(api, previous=True)).data == b"first attempt\n"
    assert server.seen[0].query["previous"] == "true"


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        pytest.param(Answer(204), LogReason.NEVER_STARTED, id="204: the pod has no node"),
        pytest.param(WAITING, LogReason.NEVER_STARTED, id="400: the container waits to start"),
        pytest.param(
            status(400, "BadRequest", 'previous terminated container "main" in pod "close-1-abcde" not found'),
            LogReason.NEVER_STARTED,
            id="400: there was no attempt before",
        ),
        pytest.param(
            status(404, "NotFound", 'pods "close-1-abcde" not found', name="close-1-abcde", kind="pods"),
            LogReason.POD_GONE,
            id="404: the pod is gone",
        ),
        pytest.param(
            status(404, "NotFound", 'namespaces "erp" not found', name="erp", kind="namespaces"),
            LogReason.POD_GONE,
            id="404: so is its namespace",
        ),
        pytest.param(
            status(404, "NotFound", 'pods "node-1" not found', name="node-1", kind="pods"),
            LogReason.NODE_GONE,
            id="404: the node is gone, although the text calls it a pod",
        ),
        pytest.param(KUBELET_DOWN, LogReason.KUBELET_UNREACHABLE, id="500: the kubelet does not listen"),
        pytest.param(NO_ROUTE, LogReason.KUBELET_UNREACHABLE, id="500: the node has no address"),
        pytest.param(HANDSHAKE, LogReason.KUBELET_UNREACHABLE, id="500: the kubelet is silent"),
    ],
)
async def test_why_there_is_no_log(
    api: Api, server: FaultServer, waits: Waits, answer: Answer, gone: LogReason
) -> None:
    server.faults.extend([answer, answer])
    assert await tail(api) == TailResult(gone=gone)
    assert await (await follow(api)).finish(60) == TailResult(gone=gone)
    assert waits.seconds == []


async def test_a_kubelet_that_says_nothing_is_given_up(api: Api, server: FaultServer) -> None:
    server.faults.extend([Cut.SILENCE])
    assert await tail(api, silence_seconds=0.05) == TailResult(gone=LogReason.KUBELET_UNREACHABLE)


async def test_an_unreachable_kubelet_is_asked_again_where_that_is_wanted(
    api: Api, server: FaultServer, waits: Waits
) -> None:
    server.logs[LOG] = b"done\n"
    server.faults.extend([KUBELET_DOWN, HANDSHAKE])
    assert await tail(api, retries=KUBELET_RETRIES) == TailResult(data=b"done\n")
    assert waits.seconds == [1, 5]


async def test_an_unreachable_kubelet_is_not_asked_for_ever(api: Api, server: FaultServer, waits: Waits) -> None:
    server.faults.extend([KUBELET_DOWN] * 9)
    assert await tail(api, retries=KUBELET_RETRIES) == TailResult(gone=LogReason.KUBELET_UNREACHABLE)
    assert waits.seconds == [1, 5, 25]


async def test_a_pod_that_vanishes_between_two_tries_ends_them(api: Api, server: FaultServer, waits: Waits) -> None:
    server.faults.extend([KUBELET_DOWN, status(404, "NotFound", "not found", name="close-1-abcde")])
    assert await tail(api, retries=KUBELET_RETRIES) == TailResult(gone=LogReason.POD_GONE)
    assert waits.seconds == [1]


@pytest.mark.parametrize(
    ("answer", "error", "tries"),
    [
        pytest.param(status(403, "Forbidden", 'cannot get resource "pods/log"'), Forbidden, 1, id="no rights"),
        pytest.param(
            status(400, "BadRequest", "container main is not valid for pod close-1-abcde"),
            Invalid,
            1,
            id="no container",
        ),
        pytest.param(status(503, "ServiceUnavailable", "shutting down"), ServerError, 4, id="the API server is down"),
    ],
)
async def test_what_the_api_server_itself_rejects_is_raised(
    api: Api, server: FaultServer, answer: Answer, error: type[ApiError], tries: int
) -> None:
    server.faults.extend([answer] * 9)
    with pytest.raises(error):
        await tail(api)
    assert len(server.seen) == tries


async def test_an_overloaded_api_server_is_asked_again(api: Api, server: FaultServer) -> None:
    server.logs[LOG] = b"done\n"
    server.faults.append(Answer(429, b"", {"Retry-After": "1"}))
    assert await tail(api) == TailResult(data=b"done\n")


async def test_a_followed_log_that_breaks_off_is_what_had_come(api: Api, server: FaultServer) -> None:
    server.logs[LOG] = b"working\n"
    server.live[LOG] = asyncio.Queue()
    server.live[LOG].put_nowait(None)
    follower = await follow(api)
    assert await follower.finish(60) == TailResult(data=b"working\n")


async def test_a_slow_log_holds_up_no_other_call(api: Api, server: FaultServer) -> None:
    server.faults.extend([Cut.SILENCE] * 4)
    readers = [asyncio.create_task(tail(api)) for _ in range(4)]
    await server.arrived(4)
    server.logs[LOG] = b"done\n"
    server.live[LOG] = asyncio.Queue()
    server.live[LOG].put_nowait(b"")
    follower = await follow(api)
    assert (await follower.finish(60)).data == b"done\n"
    for reader in readers:
        reader.cancel()
    await asyncio.wait(readers)


async def test_a_follower_gets_the_last_words(api: Api, server: FaultServer) -> None:
    server.logs[LOG] = b"working\n"
    server.live[LOG] = asyncio.Queue()
    follower = await follow(api)
    for piece in (b"told to stop\n", b"bye\n", b""):
        server.live[LOG].put_nowait(piece)
    assert await follower.finish(60) == TailResult(data=b"working\ntold to stop\nbye\n")
    assert server.seen[0].query == {"container": "main", "follow": "true", "tailLines": "256"}


async def test_a_follower_keeps_the_end_of_a_flood(api: Api, server: FaultServer) -> None:
    server.logs[LOG] = b""
    server.live[LOG] = asyncio.Queue()
    follower = await follow(api, 100)
    for piece in (LINES, LINES, b""):
        server.live[LOG].put_nowait(piece)
    assert await follower.finish(60) == TailResult(data=LINES[-100:], cut=True)


async def test_a_follower_does_not_wait_for_ever(api: Api, server: FaultServer) -> None:
    server.logs[LOG] = b"working\n"
    server.live[LOG] = asyncio.Queue()
    follower = await follow(api)
    server.live[LOG].put_nowait(b"still working\n")
    assert (await follower.finish(2)).data == b"working\nstill working\n"


async def test_a_follower_that_is_answered_late_still_gets_the_log(api: Api, server: FaultServer) -> None:
    server.logs[LOG] = b"working\n"
    server.live[LOG] = asyncio.Queue()
    server.live[LOG].put_nowait(b"")
    server.gate.clear()
    follower = await follow(api, wait=0.01)
    server.gate.set()
    assert await follower.finish(60) == TailResult(data=b"working\n")


async def test_a_follower_that_is_never_answered_has_nothing(api: Api, server: FaultServer) -> None:
    server.faults.append(Cut.SILENCE)
    follower = await follow(api, wait=0.01)
    assert await follower.finish(0.01) == TailResult(gone=LogReason.KUBELET_UNREACHABLE)


async def test_a_follower_whose_rights_are_rejected_gives_up_quietly(api: Api, server: FaultServer) -> None:
    server.faults.append(status(403, "Forbidden", 'cannot get resource "pods/log"'))
    assert (await (await follow(api)).finish(60)).gone is LogReason.KUBELET_UNREACHABLE
