"""Lease on a real API server: its holder, the waiting candidates, and its expiry. Needs no node.

Neighbours: `tests/cluster/test_high_availability.py` has two operators; the cluster is the one of
`tests/faults/stage.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.faults.stage import cluster

from process_operator.cluster.api import Api
from process_operator.cluster.connection import connect
from process_operator.cluster.errors import NotFound
from process_operator.cluster.lease import Lease, Pod
from process_operator.cluster.retry import Retries
from process_operator.resources.kinds import LEASE, POD
from process_operator.service.leader_election import Leadership, LeaseTimes


class Candidates:
    """Candidates for one Lease, each on a clock that is set by hand."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.name = f"lease-{secrets.token_hex(4)}"
        self.now = 0.0

    def candidate(self, identity: str, pod: Pod | None = None) -> Lease:
        return Lease(
            self.api,
            namespace="default",
            name=self.name,
            identity=identity,
            duration=10,
            pod=pod,
            monotonic=lambda: self.now,
        )

    async def record(self) -> dict[str, Any]:
        spec: dict[str, Any] = (await self.api.get(LEASE, "default", self.name))["spec"]
        return spec


@pytest.fixture
async def candidates() -> AsyncIterator[Candidates]:
    connection = await connect(kubeconfig=str(cluster()))
    found = Candidates(Api(connection, retries=Retries(tries=1)))
    yield found
    await found.api.delete(LEASE, "default", found.name)
    await connection.close()


async def test_the_first_gets_it_and_the_second_waits(candidates: Candidates) -> None:
    one, two = candidates.candidate("one"), candidates.candidate("two")
    assert [await one.hold(), await two.hold(), await one.hold()] == [True, False, True]
    assert two.holder == "one"
    record = await candidates.record()
    assert (record["holderIdentity"], record["leaseDurationSeconds"], record["leaseTransitions"]) == ("one", 10, 0)
    assert record["acquireTime"] < record["renewTime"]


async def test_of_many_at_once_one_gets_it(candidates: Candidates) -> None:
    held = await asyncio.gather(*(candidates.candidate(f"number-{number}").hold() for number in range(8)))
    assert held.count(True) == 1


async def test_one_that_is_renewed_is_never_free(candidates: Candidates) -> None:
    one, two = candidates.candidate("one"), candidates.candidate("two")
    for _ in range(5):
        assert await one.hold()
        assert not await two.hold()
        candidates.now += 9


async def test_one_that_is_not_renewed_is_free_after_its_time_as_the_other_saw_it(candidates: Candidates) -> None:
    one, two = candidates.candidate("one"), candidates.candidate("two")
    await one.hold()
    candidates.now += 100
    assert not await two.hold(), "seen for the first time now, whatever the clock of its holder says"
    candidates.now += 9.9
    assert not await two.hold()
    candidates.now += 0.1
    assert await two.hold()
    assert not await one.hold()
    assert (await candidates.record())["leaseTransitions"] == 1


async def test_one_that_is_given_back_is_free_at_once(candidates: Candidates) -> None:
    one, two = candidates.candidate("one"), candidates.candidate("two")
    await one.hold()
    assert not await two.hold()
    await one.release()
    assert await two.hold()
    await one.release()
    assert (await candidates.record())["holderIdentity"] == "two", "no candidate releases the Lease of another"


async def test_one_that_was_deleted_is_made_again(candidates: Candidates) -> None:
    one = candidates.candidate("one")
    await one.hold()
    await candidates.api.delete(LEASE, "default", candidates.name)
    assert await one.hold()


async def test_what_is_lost_is_let_go_before_another_may_begin(candidates: Candidates) -> None:
    """Another has taken it: the leader's work is cancelled when it sees that, and it stands by."""
    times = LeaseTimes(duration=90, renew=0.1, deadline=60, retry=0.1)
    lease = candidates.candidate("one")
    leadership = Leadership(lease, times)
    began, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(leadership.run(work))
    async with asyncio.timeout(60):
        await began.wait()
        await candidates.api.patch(LEASE, "default", candidates.name, {"spec": {"holderIdentity": "thief"}})
        await ended.wait()
    assert not leadership.leads
    assert leadership.holder == "thief"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_goes_with_the_pod_of_its_holder(candidates: Candidates) -> None:
    """As after an uninstall, which takes the rights before the pod could give the Lease back."""
    name, pod = candidates.name, await _pod(candidates)
    one, two, three = candidates.candidate("one"), candidates.candidate("two", pod), candidates.candidate("three")
    assert await one.hold()
    await one.release()
    # The next one takes it over from a holder without a pod, and with it the Lease goes.
    assert [await two.hold(), await three.hold()] == [True, False]
    await candidates.api.delete(POD, "default", name)
    for _ in range(1200):
        if not await _is_there(candidates):
            break
        await asyncio.sleep(0.1)
    # No time has passed for the others.
    assert await three.hold()
    assert "ownerReferences" not in (await candidates.api.get(LEASE, "default", name))["metadata"]


async def _pod(candidates: Candidates) -> Pod:
    """A pod that no node runs."""
    spec = {"containers": [{"name": "main", "image": "nowhere"}], "automountServiceAccountToken": False}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": candidates.name}, "spec": spec}
    made = await candidates.api.create(POD, "default", body)
    return Pod(candidates.name, made["metadata"]["uid"])


async def _is_there(candidates: Candidates) -> bool:
    try:
        await candidates.record()
    except NotFound:
        return False
    return True
