"""The work queue: each key once, never with two workers, due ones first, delayed ones when they are ready."""

from __future__ import annotations

import asyncio

import pytest

from process_operator.controller.work_queue import Priority, WorkQueue


class Clock:
    """Monotonic seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def add(queue: WorkQueue[str], text: str) -> None:
    """Add a key; `!` means that it is due, and `+2` that it is ready in two seconds."""
    key, _, after = text.removeprefix("!").partition("+")
    queue.add(key, priority=Priority.DUE if text.startswith("!") else Priority.NORMAL, after=float(after or 0))


async def take_all(queue: WorkQueue[str]) -> list[str]:
    """Take, look and give back until nothing is ready."""
    taken = []
    while len(queue):
        key = await queue.get()
        taken.append(key)
        queue.discard_pending(key)
        queue.done(key)
    return taken


@pytest.mark.parametrize(
    ("added", "taken"),
    [
        pytest.param(["a", "b", "c"], ["a", "b", "c"], id="first come, first served"),
        pytest.param(["a", "b", "a", "a"], ["a", "b"], id="a key that waits is not added twice"),
        pytest.param(["a", "b", "!c"], ["c", "a", "b"], id="a due key goes before all that wait"),
        pytest.param(["a", "b", "!b"], ["b", "a"], id="a key that waits is moved to the front when it is due"),
        pytest.param(["!a", "b", "a"], ["a", "b"], id="a due key stays in front when it is added again"),
        pytest.param(["c", "!a", "!b"], ["a", "b", "c"], id="of due keys the first that was added comes first"),
        pytest.param(["a+1", "b"], ["b"], id="a delayed key is not ready"),
        pytest.param(["a+1", "b", "a"], ["b", "a"], id="a delayed key that is added without delay is ready"),
        pytest.param(["a", "b", "a+1"], ["a", "b"], id="a ready key stays ready when it is added with a delay"),
        pytest.param(["!a+1", "b"], ["b"], id="a delayed key that is due holds up no ready one"),
        pytest.param(["a+1", "b", "!a"], ["a", "b"], id="a delayed key that gets due is ready"),
    ],
)
async def test_order(added: list[str], taken: list[str]) -> None:
    queue: WorkQueue[str] = WorkQueue(clock=Clock())
    for text in added:
        add(queue, text)
    assert await take_all(queue) == taken


async def test_delayed_keys_are_ready_in_the_order_of_their_times() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    for text in ("a+3", "b+1", "c+2", "b+9", "d+20"):
        add(queue, text)
    assert queue.next_at() == 1.0
    assert len(queue) == 0
    assert "b" not in queue
    clock.now = 1.0
    assert len(queue) == 1
    assert "b" in queue
    clock.now = 10.0
    assert await take_all(queue) == ["b", "c", "a"]
    assert queue.next_at() == 20.0


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


async def test_a_key_whose_work_is_interrupted_comes_again() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    with pytest.raises(asyncio.CancelledError):
        async with queue.hold():
            raise asyncio.CancelledError
    async with queue.hold() as key:
        assert key == "a"
    assert await take_all(queue) == []


async def test_a_key_in_work_that_is_added_with_a_delay_comes_again_after_it() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    queue.add("a")
    key = await queue.get()
    queue.add("a", after=2.0)
    clock.now = 1.0
    queue.add("a", after=2.0)
    queue.done(key)
    assert await take_all(queue) == []
    clock.now = 2.0
    assert await take_all(queue) == ["a"]


async def test_only_an_addition_that_is_not_ready_is_dropped() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    for text in ("a+2", "b", "!c", "!d", "d+2"):
        add(queue, text)
    assert [key for key in "abcd" if queue.is_delayed(key)] == ["a", "d"]
    for key in "abcd":
        queue.discard_delayed(key)
    clock.now = 3.0
    assert await take_all(queue) == ["c", "d", "b"]


async def test_what_a_key_was_added_for_before_its_worker_looked_is_no_reason_to_come_again() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.add("a", after=1.0)
    queue.discard_pending(key)
    queue.done(key)
    assert queue.next_at() is None
    queue.add("a")
    key = await queue.get()
    queue.discard_pending(key)
    queue.add("a")
    queue.done(key)
    assert await take_all(queue) == ["a"]


async def test_what_can_wait_comes_with_what_cannot() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    for text in ("a+1", "b+1", "a"):
        add(queue, text)
    assert await take_all(queue) == ["a"]
    clock.now = 1.0
    assert await take_all(queue) == ["b"]


async def test_a_worker_waits_for_a_key() -> None:
    queue: WorkQueue[str] = WorkQueue()
    worker = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not worker.done()
    queue.add("a")
    assert await worker == "a"


async def test_workers_wait_for_delayed_keys() -> None:
    queue: WorkQueue[str] = WorkQueue()
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    for text in ("a+0.03", "b+0.01", "c+0.01"):
        add(queue, text)
    done = await asyncio.wait_for(asyncio.gather(*workers), timeout=60)
    assert sorted(done) == ["a", "b", "c"]
    assert done.index("a") == 2


async def test_a_worker_that_is_cancelled_leaves_its_key_to_another() -> None:
    queue: WorkQueue[str] = WorkQueue()
    first, second = (asyncio.create_task(queue.get()) for _ in range(2))
    await asyncio.sleep(0)
    queue.add("a")
    first.cancel()
    assert await asyncio.wait_for(second, timeout=60) == "a"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_worker_that_is_cancelled_while_it_waits_takes_no_key() -> None:
    queue: WorkQueue[str] = WorkQueue()
    first, second = (asyncio.create_task(queue.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    queue.add("a")
    assert await asyncio.wait_for(second, timeout=60) == "a"


async def test_a_due_key_that_waits_for_its_normal_time_too_tells_when_that_is() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    queue.add("a", after=1.0)
    clock.now = 0.4
    queue.add("a", priority=Priority.DUE)
    assert len(queue) == 1
    key = await queue.get()
    assert queue.is_due(key)
    assert queue.discard_pending(key) == pytest.approx(0.6)
    assert queue.discard_pending(key) is None
    queue.done(key)
    assert queue.next_at() is None


async def test_a_due_key_keeps_its_normal_time_if_its_worker_ignores_it() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    queue.add("a", after=1.0)
    queue.add("a", priority=Priority.DUE)
    queue.done(await queue.get())
    assert len(queue) == 0
    assert queue.next_at() == 1.0
    clock.now = 1.0
    assert await take_all(queue) == ["a"]


async def test_a_key_in_work_keeps_one_time_for_each_priority() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    queue.add("a")
    key = await queue.get()
    queue.add("a", after=1.0)
    queue.add("a", priority=Priority.DUE)
    queue.done(key)
    assert len(queue) == 1
    assert queue.is_due(await queue.get())
    assert queue.discard_pending(key) == 1.0


async def test_a_due_key_that_was_ready_before_tells_since_when() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    queue.add("a")
    clock.now = 1.0
    queue.add("a", priority=Priority.DUE)
    assert len(queue) == 1
    assert queue.is_due(await queue.get())
    assert queue.discard_pending("a") == -1.0


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
    queue.add("b", after=60.0)
    queue.done(await queue.get())
    await wait_idle


async def test_a_queue_that_is_cleared_is_idle() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for text in ("a", "!b", "c+1"):
        add(queue, text)
    wait_idle = asyncio.create_task(queue.wait_idle())
    await asyncio.sleep(0)
    queue.clear()
    await wait_idle
    assert queue.next_at() is None


async def test_a_key_in_work_that_gets_due_comes_first_when_it_is_given_back() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("b")
    queue.add("a", priority=Priority.DUE)
    queue.add("a")
    queue.done(key)
    assert await take_all(queue) == ["a", "b"]


async def test_who_has_waited_long_has_every_second_turn() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    for text in ("a", "b", "!c", "!d", "!e"):
        add(queue, text)
    clock.now = 6.0
    assert await take_all(queue) == ["c", "a", "d", "b", "e"]


async def test_it_yields_until_nothing_due_waits() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.yield_to_due()
    queue.add("b", priority=Priority.DUE)
    yield_to_due = asyncio.create_task(queue.yield_to_due())
    await asyncio.sleep(0)
    assert not yield_to_due.done()
    assert await queue.get() == "b"
    await yield_to_due


async def test_it_yields_no_longer_than_it_is_patient() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock=clock, patience_seconds=2.0)
    queue.add("a", priority=Priority.DUE)
    clock.now = 1.0
    queue.add("b", priority=Priority.DUE)
    clock.now = 2.0
    await asyncio.wait_for(queue.yield_to_due(), timeout=60)
    assert queue.has_due


async def test_a_worker_learns_whether_its_key_is_due() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a", priority=Priority.DUE)
    queue.add("b")
    assert [queue.is_due(await queue.get()) for _ in range(2)] == [True, False]
    queue.done("a")
    assert not queue.is_due("a")
