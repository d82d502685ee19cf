"""Every call under every fault: its further tries, its error, and its effect on the server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from tests.contract.fault_server import Answer, Cut, FaultServer, status

from process_operator.cluster.api import Api
from process_operator.cluster.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NamespaceTerminating,
    NotFound,
    QuotaExceeded,
    ServerError,
    TooManyRequests,
    Unreachable,
)
from process_operator.cluster.retry import Retries
from process_operator.resources.kinds import JOB, NAMESPACE, POD, PROCESS_RUN, Kind

if TYPE_CHECKING:
    from tests.contract.conftest import Waits

    from process_operator.cluster.connection import Connection
    from process_operator.resources.types import Object

JOBS = "/apis/batch/v1/namespaces/erp/jobs"
BODY = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "close-1"}}

BUSY = Answer(429, status(429, "TooManyRequests", "slow down").body, {"Retry-After": "3"})
DOWN = status(503, "ServiceUnavailable", "apiserver is shutting down")

Call = Callable[[Api], Awaitable[object]]

CALLS: dict[str, Call] = {
    "create": lambda api: api.create(JOB, "erp", BODY),
    "get": lambda api: api.get(JOB, "erp", "there"),
    "patch": lambda api: api.patch(JOB, "erp", "there", {"spec": {"suspend": False}}),
    "delete": lambda api: api.delete(JOB, "erp", "there"),
    "list": lambda api: api.list(JOB, "erp"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("faults", "waited"),
    [
        pytest.param([BUSY], [0.5 + 3], id="429 waits as long as the server says, and a little more"),
        pytest.param([DOWN, DOWN], [0.5, 1.0], id="5xx twice is tried a third time"),
        pytest.param([Cut.IN_THE_ANSWER], [0.5], id="half of an answer is none"),
        pytest.param([Answer(200, b"<html>hello</html>")], [0.5], id="a proxy's page is no answer"),
    ],
)
async def test_what_passes_is_tried_again(
    api: Api, server: FaultServer, waits: Waits, call: Call, faults: list[Answer | Cut], waited: list[float]
) -> None:
    server.put(JOBS, ["there"])
    server.faults.extend(faults)
    with suppress(AlreadyExists):
        await call(api)
    assert waits.seconds == waited
    assert len(server.seen) == len(faults) + 1


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_connection_that_is_cut_is_made_again(api: Api, server: FaultServer, call: Call) -> None:
    server.put(JOBS, ["there"])
    server.faults.append(Cut.BEFORE_THE_WRITE)
    await call(api)
    assert len(server.seen) == 2


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("fault", "error", "tries"),
    [
        pytest.param(DOWN, ServerError, 4, id="after four tries it is given up"),
        pytest.param(BUSY, TooManyRequests, 3, id="after ten seconds it is given up"),
        pytest.param(
            Answer(429, b"", {"Retry-After": "60"}), TooManyRequests, 1, id="a long Retry-After is left to the queue"
        ),
        pytest.param(status(403, "Forbidden", "no"), Forbidden, 1, id="a forbidden call stays forbidden"),
    ],
)
async def test_what_does_not_pass_is_raised(
    api: Api, server: FaultServer, call: Call, fault: Answer, error: type[ApiError], tries: int
) -> None:
    server.put(JOBS, ["there"])
    server.faults.extend([fault] * 9)
    with pytest.raises(error):
        await call(api)
    assert len(server.seen) == tries


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        pytest.param(
            status(409, "AlreadyExists", 'jobs.batch "close-1" already exists'),
            AlreadyExists,
            "AlreadyExists",
            id="the name is taken",
        ),
        pytest.param(
            status(409, "Conflict", "the object has been modified"), Conflict, "Conflict", id="it has changed"
        ),
        pytest.param(status(404, "NotFound", 'namespaces "erp" not found'), NotFound, "NotFound", id="no namespace"),
        pytest.param(status(410, "Expired", "too old resource version"), Gone, "Expired", id="too old"),
        pytest.param(
            status(400, "BadRequest", 'strict decoding error: unknown field "spec.template.spec.containers[0].imagee"'),
            Invalid,
            "BadRequest",
            id="a field that does not exist",
        ),
        pytest.param(
            status(
                422, "Invalid", "image: Required value", causes=[{"reason": "FieldValueRequired", "field": "image"}]
            ),
            Invalid,
            "Invalid",
            id="a field that is missing",
        ),
        pytest.param(
            status(403, "Forbidden", "exceeded quota: q, requested: count/jobs.batch=1, used: ..., limited: ..."),
            QuotaExceeded,
            "Forbidden",
            id="a Job quota that is full",
        ),
        pytest.param(
            status(403, "Forbidden", "forbidden", causes=[{"reason": "NamespaceTerminating", "field": "metadata"}]),
            NamespaceTerminating,
            "Forbidden",
            id="a namespace that is being deleted",
        ),
        pytest.param(status(403, "Forbidden", "cannot create jobs"), Forbidden, "Forbidden", id="no rights"),
        pytest.param(Answer(405, b"go away"), ApiError, "Method Not Allowed", id="a body that is no Status"),
    ],
)
async def test_each_rejection_is_an_error_of_its_own_with_the_servers_words(
    api: Api, server: FaultServer, answer: Answer, error: type[ApiError], reason: str
) -> None:
    server.faults.append(answer)
    with pytest.raises(ApiError) as caught:
        await api.create(JOB, "erp", BODY)
    assert type(caught.value) is error
    body = answer.body
    assert caught.value.message == (body["message"] if isinstance(body, dict) else "go away")
    assert caught.value.details == (body["details"] if isinstance(body, dict) else {})
    assert (caught.value.status, caught.value.reason) == (answer.status, reason)
    assert not caught.value.maybe_done


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(Cut.AFTER_THE_WRITE, id="the answer was lost"),
        pytest.param(Cut.IN_THE_ANSWER, id="half of the answer came"),
    ],
)
async def test_a_create_whose_answer_was_lost_meets_its_own_object(api: Api, server: FaultServer, cut: Cut) -> None:
    server.faults.append(cut)
    with pytest.raises(AlreadyExists) as caught:
        await api.create(JOB, "erp", BODY)
    assert caught.value.maybe_done
    assert server.objects == {f"{JOBS}/close-1": BODY}


async def test_a_create_that_was_cut_before_it_happened_makes_one_object(api: Api, server: FaultServer) -> None:
    server.faults.append(Cut.BEFORE_THE_WRITE)
    assert await api.create(JOB, "erp", BODY) == BODY
    assert server.objects == {f"{JOBS}/close-1": BODY}


async def test_a_delete_whose_answer_was_lost_is_done(api: Api, server: FaultServer) -> None:
    server.put(JOBS, ["there"])
    server.faults.append(Cut.AFTER_THE_WRITE)
    await api.delete(JOB, "erp", "there")
    assert server.objects == {}


@pytest.mark.parametrize("early", [Cut.IN_THE_ANSWER, DOWN], ids=["half of an answer", "a server in trouble"])
async def test_doubt_of_an_early_try_stays_with_the_last_error(
    api: Api, server: FaultServer, early: Answer | Cut
) -> None:
    server.faults.extend([early, status(403, "Forbidden", "your rights were just taken away")])
    with pytest.raises(Forbidden) as caught:
        await api.create(JOB, "erp", BODY)
    assert caught.value.maybe_done


async def test_a_server_that_does_not_answer_is_given_up_in_time(connection: Connection, server: FaultServer) -> None:
    api = Api(connection, timeout=1, retries=Retries(tries=1))
    server.faults.append(Cut.SILENCE)
    with pytest.raises(Unreachable) as caught:
        await api.create(JOB, "erp", BODY)
    assert caught.value.maybe_done
    assert caught.value.reason == "Timeout"


async def test_a_server_that_is_not_there_has_certainly_done_nothing(
    api: Api, server: FaultServer, requests: list[tuple[str, str, str]]
) -> None:
    await server.__aexit__()
    with pytest.raises(Unreachable) as caught:
        await api.create(JOB, "erp", BODY)
    assert not caught.value.maybe_done
    assert requests == [("create", "Job", "unreachable")] * 4


async def test_no_more_requests_are_in_flight_than_the_connection_allows(api: Api, server: FaultServer) -> None:
    server.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        for number in range(30):
            tasks.create_task(api.create(JOB, "erp", {"metadata": {"name": f"job-{number}"}}))
        await server.arrived(4)
        for _ in range(1000):
            await asyncio.sleep(0)
        assert len(server.seen) == 4
        server.gate.set()
    assert len(server.objects) == 30


async def test_a_wait_for_another_try_blocks_no_other_call(connection: Connection, server: FaultServer) -> None:
    woken = asyncio.Event()

    async def sleep(_: float) -> None:
        await woken.wait()

    # The fifth call must not time out on a busy machine: its retry would wait for itself.
    api = Api(connection, retries=Retries(sleep=sleep), timeout=300, connect_timeout=300)
    server.faults.extend([DOWN] * 4)
    async with asyncio.TaskGroup() as tasks:
        for number in range(4):
            tasks.create_task(api.create(JOB, "erp", {"metadata": {"name": f"job-{number}"}}))
        await server.arrived(4)
        await api.create(JOB, "erp", BODY)
        woken.set()
    assert len(server.objects) == 5


async def test_the_hook_hears_of_every_try(api: Api, server: FaultServer, requests: list[tuple[str, str, str]]) -> None:
    server.faults.extend([DOWN, BUSY])
    await api.create(PROCESS_RUN, "erp", BODY)
    assert requests == [("create", "ProcessRun", outcome) for outcome in ("503", "429", "201")]


async def test_a_dry_run_is_strict_and_keeps_nothing(api: Api, server: FaultServer) -> None:
    await api.create(JOB, "erp", BODY, dry_run=True)
    assert server.seen[0].query == {"dryRun": "All", "fieldValidation": "Strict"}
    assert server.objects == {}


async def test_a_patch_is_a_merge_patch_of_the_subresource(api: Api, server: FaultServer) -> None:
    server.faults.append(Answer(200, {}))
    await api.patch(PROCESS_RUN, "erp", "close-1", {"status": {"log": {"text": "größer ✓"}}}, subresource="status")
    seen = server.seen[0]
    assert (seen.method, seen.path) == (
        "PATCH",
        "/apis/process-operator.io/v1alpha1/namespaces/erp/processruns/close-1/status",
    )
    assert seen.headers["Content-Type"] == "application/merge-patch+json"
    assert seen.body == {"status": {"log": {"text": "größer ✓"}}}


async def test_a_list_of_operations_is_a_json_patch(api: Api, server: FaultServer) -> None:
    server.faults.append(Answer(200, {}))
    operations: list[Object] = [
        {"op": "test", "path": "/spec/suspend", "value": True},
        {"op": "remove", "path": "/spec/suspend"},
    ]
    await api.patch(JOB, "erp", "close-1", operations)
    assert server.seen[0].headers["Content-Type"] == "application/json-patch+json"
    assert server.seen[0].body == operations


async def test_a_delete_names_the_very_object_and_lets_the_collector_take_the_rest(
    api: Api, server: FaultServer
) -> None:
    server.put(JOBS, ["there"])
    await api.delete(JOB, "erp", "there", uid="1234")
    assert server.seen[0].body == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": "1234"},
    }


OTHER_UID = status(
    409,
    "Conflict",
    'Operation cannot be fulfilled on jobs.batch "there": the UID in the precondition (1234) does not match the UID in '
    "record (5678). The object might have been deleted and then recreated",
)


async def test_a_delete_of_an_object_that_was_replaced_is_done(api: Api, server: FaultServer) -> None:
    server.faults.append(OTHER_UID)
    await api.delete(JOB, "erp", "there", uid="1234")


async def test_a_delete_that_conflicts_for_another_reason_is_not_done(api: Api, server: FaultServer) -> None:
    server.faults.append(status(409, "Conflict", "the object has been modified"))
    with pytest.raises(Conflict):
        await api.delete(JOB, "erp", "there", uid="1234")


@dataclass(frozen=True)
class Address:
    """Parts of an address, and its URL path."""

    id: str
    kind: Kind
    path: str
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None


ADDRESSES: Final = [
    Address("all namespaces", kind=JOB, path="/apis/batch/v1/jobs"),
    Address(
        "core group",
        kind=POD,
        namespace="erp",
        name="p",
        subresource="log",
        path="/api/v1/namespaces/erp/pods/p/log",
    ),
    Address("cluster scope", kind=NAMESPACE, name="erp", path="/api/v1/namespaces/erp"),
    Address(
        "odd names stay names",
        kind=JOB,
        namespace="../x",
        name="a?b",
        path="/apis/batch/v1/namespaces/..%2Fx/jobs/a%3Fb",
    ),
]


@pytest.mark.parametrize("case", ADDRESSES, ids=lambda case: case.id)
def test_paths(case: Address) -> None:
    assert case.kind.path(case.namespace, case.name, case.subresource) == case.path


def test_an_object_needs_its_namespace() -> None:
    with pytest.raises(ValueError, match="namespace"):
        JOB.path(None, "close-1")
