"""Heap of keys by time: order, replacement, removal and bounded memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from process_operator.controller.timed_heap import TimedHeap

NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)


def minutes(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def test_what_is_due_comes_out_in_order_and_only_once() -> None:
    heap: TimedHeap[str, datetime] = TimedHeap()
    for key, minute in (("late", 9), ("second", 2), ("first", 1), ("now", 3)):
        heap.put(key, minutes(minute))

    assert heap.next_at() == minutes(1)
    assert heap.pop_due(minutes(3)) == ["first", "second", "now"]
    assert heap.pop_due(minutes(3)) == []
    assert heap.next_at() == minutes(9)
    assert len(heap) == 1


def test_keys_of_one_instant_come_out_as_they_were_put() -> None:
    heap: TimedHeap[object, datetime] = TimedHeap()
    keys = [object(), object(), object()]  # they have no order
    for key in keys:
        heap.put(key, NOON)

    assert heap.pop_due(NOON) == keys


def test_a_later_put_replaces_the_earlier_one() -> None:
    heap: TimedHeap[str, datetime] = TimedHeap()
    heap.put("moved later", minutes(1))
    heap.put("moved later", minutes(5))
    heap.put("moved earlier", minutes(9))
    heap.put("moved earlier", minutes(4))

    assert len(heap) == 2
    assert heap.next_at() == minutes(4)
    assert heap.pop_due(minutes(4)) == ["moved earlier"]
    assert heap.pop_due(minutes(9)) == ["moved later"]


def test_a_key_that_goes_away_and_back_comes_out_once() -> None:
    heap: TimedHeap[str, datetime] = TimedHeap()
    heap.put("key", minutes(1))
    heap.put("key", minutes(2))
    heap.put("key", minutes(1))

    assert heap.pop_due(minutes(2)) == ["key"]
    assert heap.next_at() is None


def test_a_discarded_key_does_not_come_out() -> None:
    heap: TimedHeap[str, datetime] = TimedHeap()
    heap.put("key", minutes(1))
    heap.discard("key")
    heap.discard("never there")

    assert heap.next_at() is None
    assert heap.pop_due(minutes(2)) == []
    assert len(heap) == 0


def test_an_empty_heap_has_no_next() -> None:
    heap: TimedHeap[str, datetime] = TimedHeap()

    assert heap.next_at() is None
    assert heap.pop_due(NOON) == []


def test_memory_stays_bounded_when_keys_are_put_again_and_again() -> None:
    heap: TimedHeap[int, datetime] = TimedHeap()
    for number in range(10_000):
        heap.put(number % 10, minutes(number))
    assert len(heap._heap) < 100

    for key in range(10):
        heap.discard(key)
    assert len(heap) == 0


def test_memory_stays_bounded_when_many_keys_are_discarded() -> None:
    heap: TimedHeap[int, datetime] = TimedHeap()
    for number in range(10_000):
        heap.put(number, minutes(number))
    for number in range(10_000):
        heap.discard(number)

    assert len(heap._heap) < 100


def test_it_does_what_a_dictionary_would() -> None:
    rng = Random(7)
    heap: TimedHeap[int, datetime] = TimedHeap()
    model: dict[int, datetime] = {}
    for _ in range(5_000):
        key, at = rng.randrange(40), minutes(rng.randrange(100))
        match rng.randrange(4):
            case 0:
                heap.discard(key)
                model.pop(key, None)
            case 1 if rng.random() < 0.2:
                due = heap.pop_due(at)
                assert sorted(due) == sorted(k for k, instant in model.items() if instant <= at)
                instants = [model.pop(k) for k in due]
                assert instants == sorted(instants)
            case _:
                heap.put(key, at)
                model[key] = at
        assert heap.next_at() == min(model.values(), default=None)
        assert len(heap) == len(model)


def test_what_is_due_by_an_instant_is_shown_and_stays() -> None:
    heap: TimedHeap[int, datetime] = TimedHeap()
    for key in range(50):
        heap.put(key, minutes(key))
    for key in range(5, 10):
        heap.discard(key)

    assert sorted(heap.due_by(minutes(12))) == [(minutes(key), key) for key in (0, 1, 2, 3, 4, 10, 11, 12)]
    assert len(heap) == 45
