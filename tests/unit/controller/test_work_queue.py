"""The work queue: each key once, never with two workers, urgent ones first."""

from __future__ import annotations

import asyncio

import pytest

from process_operator.controller import work_queue as queue_module
from process_operator.controller.work_queue import WorkQueue


async def take_all(queue: WorkQueue[str]) -> list[str]:
    """Take and give back until nothing waits."""
    taken = []
    while len(queue):
        key = await queue.get()
        taken.append(key)
        queue.done(key)
    return taken


@pytest.mark.parametrize(
    ("added", "taken"),
    [
        pytest.param(["a", "b", "c"], ["a", "b", "c"], id="first come, first served"),
        pytest.param(["a", "b", "a", "a"], ["a", "b"], id="a key that waits is not added twice"),
        pytest.param(["a", "b", "!c"], ["c", "a", "b"], id="an urgent key goes before all that wait"),
        pytest.param(["a", "b", "!b"], ["b", "a"], id="a key that waits is moved to the front when it gets urgent"),
        pytest.param(["!a", "b", "a"], ["a", "b"], id="an urgent key stays in front when it is added again"),
        pytest.param(["c", "!a", "!b"], ["a", "b", "c"], id="of urgent keys the first that was added comes first"),
    ],
)
async def test_order(added: list[str], taken: list[str]) -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in added:
        queue.add(key.removeprefix("!"), urgent=key.startswith("!"))
    assert await take_all(queue) == taken


async def test_a_key_in_work_comes_again_when_it_is_given_back() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.add("a")
    queue.add("b")
    assert await queue.get() == "b"
    assert len(queue) == 1
    queue.done(key)
    assert await take_all(queue) == ["a"]


async def test_what_a_key_was_added_for_before_its_worker_looked_is_no_reason_to_come_again() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.discard_pending(key)
    queue.done(key)
    assert len(queue) == 0
    queue.add("a")
    key = await queue.get()
    queue.discard_pending(key)
    queue.add("a")
    queue.done(key)
    assert await take_all(queue) == ["a"]


async def test_what_can_wait_comes_in_a_moment_unless_it_is_looked_at_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "_SOON", 0.0)
    monkeypatch.setattr(queue_module, "_GATHERING", 0.0)
    queue: WorkQueue[str] = WorkQueue()
    queue.add_batched("a")
    queue.add_batched("b")
    queue.add("a")
    assert len(queue) == 1
    queue.discard_pending(await queue.get())
    queue.done("a")
    assert await queue.get() == "b"
    assert len(queue) == 0


async def test_a_worker_waits_for_a_key() -> None:
    queue: WorkQueue[str] = WorkQueue()
    worker = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not worker.done()
    queue.add("a")
    assert await worker == "a"


async def test_a_key_that_is_given_back_later_is_nobodys_until_then() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.done(await queue.get(), after=0.01)
    queue.add("a", urgent=True)
    queue.add("b")
    assert await queue.get() == "b"
    queue.done("b")
    assert await asyncio.wait_for(queue.get(), timeout=60) == "a"


async def test_it_is_drained_only_when_nothing_waits_and_nothing_is_in_work() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    wait_idle = asyncio.create_task(queue.wait_idle())
    key = await queue.get()
    queue.add("a")
    await asyncio.sleep(0)
    assert not wait_idle.done()
    queue.done(key)
    await asyncio.sleep(0)
    assert not wait_idle.done()
    queue.done(await queue.get())
    await wait_idle


async def test_a_key_in_work_that_gets_urgent_comes_first_when_it_is_given_back() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("b")
    queue.add("a", urgent=True)
    queue.add("a")
    queue.done(key)
    assert await take_all(queue) == ["a", "b"]


async def test_who_has_waited_long_has_every_second_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(queue_module, "monotonic", lambda: now)
    queue: WorkQueue[str] = WorkQueue()
    for key in ("a", "b", "!c", "!d", "!e"):
        queue.add(key.removeprefix("!"), urgent=key.startswith("!"))
    now = 6.0
    assert await take_all(queue) == ["c", "a", "d", "b", "e"]


async def test_calm_is_when_nothing_urgent_waits() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.yield_to_urgent()
    queue.add("b", urgent=True)
    yield_to_urgent = asyncio.create_task(queue.yield_to_urgent())
    await asyncio.sleep(0)
    assert not yield_to_urgent.done()
    assert await queue.get() == "b"
    await yield_to_urgent


async def test_whoever_works_on_a_key_learns_whether_it_is_urgent() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a", urgent=True)
    queue.add("b")
    assert [queue.is_urgent(await queue.get()) for _ in range(2)] == [True, False]
    queue.done("a")
    assert not queue.is_urgent("a")
