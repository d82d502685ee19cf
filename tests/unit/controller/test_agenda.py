"""The heap of what is to be looked at when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from process_operator.controller.agenda import Agenda

NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)


def minutes(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def test_what_is_due_comes_out_in_order_and_only_once() -> None:
    agenda: Agenda[str] = Agenda()
    for key, minute in (("late", 9), ("second", 2), ("first", 1), ("now", 3)):
        agenda.put(key, minutes(minute))

    assert agenda.next_at() == minutes(1)
    assert agenda.pop_due(minutes(3)) == ["first", "second", "now"]
    assert agenda.pop_due(minutes(3)) == []
    assert agenda.next_at() == minutes(9)
    assert len(agenda) == 1


def test_keys_of_one_instant_come_out_as_they_were_put() -> None:
    agenda: Agenda[object] = Agenda()
    keys = [object(), object(), object()]  # they have no order
    for key in keys:
        agenda.put(key, NOON)

    assert agenda.pop_due(NOON) == keys


def test_a_later_put_replaces_the_earlier_one() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("moved later", minutes(1))
    agenda.put("moved later", minutes(5))
    agenda.put("moved earlier", minutes(9))
    agenda.put("moved earlier", minutes(4))

    assert len(agenda) == 2
    assert agenda.next_at() == minutes(4)
    assert agenda.pop_due(minutes(4)) == ["moved earlier"]
    assert agenda.pop_due(minutes(9)) == ["moved later"]


def test_a_key_that_goes_away_and_back_comes_out_once() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("key", minutes(1))
    agenda.put("key", minutes(2))
    agenda.put("key", minutes(1))

    assert agenda.pop_due(minutes(2)) == ["key"]
    assert agenda.next_at() is None


def test_a_discarded_key_does_not_come_out() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("key", minutes(1))
    agenda.discard("key")
    agenda.discard("never there")

    assert agenda.next_at() is None
    assert agenda.pop_due(minutes(2)) == []
    assert len(agenda) == 0


def test_an_empty_agenda_has_no_next() -> None:
    agenda: Agenda[str] = Agenda()

    assert agenda.next_at() is None
    assert agenda.pop_due(NOON) == []


def test_memory_stays_bounded_when_keys_are_put_again_and_again() -> None:
    agenda: Agenda[int] = Agenda()
    for number in range(10_000):
        agenda.put(number % 10, minutes(number))
    assert len(agenda._heap) < 100

    for key in range(10):
        agenda.discard(key)
    assert len(agenda) == 0


def test_memory_stays_bounded_when_many_keys_are_discarded() -> None:
    agenda: Agenda[int] = Agenda()
    for number in range(10_000):
        agenda.put(number, minutes(number))
    for number in range(10_000):
        agenda.discard(number)

    assert len(agenda._heap) < 100


def test_it_does_what_a_dictionary_would() -> None:
    rng = Random(7)
    agenda: Agenda[int] = Agenda()
    model: dict[int, datetime] = {}
    for _ in range(5_000):
        key, at = rng.randrange(40), minutes(rng.randrange(100))
        match rng.randrange(4):
            case 0:
                agenda.discard(key)
                model.pop(key, None)
            case 1 if rng.random() < 0.2:
                due = agenda.pop_due(at)
                assert sorted(due) == sorted(k for k, instant in model.items() if instant <= at)
                instants = [model.pop(k) for k in due]
                assert instants == sorted(instants)
            case _:
                agenda.put(key, at)
                model[key] = at
        assert agenda.next_at() == min(model.values(), default=None)
        assert len(agenda) == len(model)


def test_what_is_due_by_an_instant_is_shown_and_stays() -> None:
    agenda: Agenda[int] = Agenda()
    for key in range(50):
        agenda.put(key, minutes(key))
    for key in range(5, 10):
        agenda.discard(key)

    assert sorted(agenda.due_by(minutes(12))) == [(minutes(key), key) for key in (0, 1, 2, 3, 4, 10, 11, 12)]
    assert len(agenda) == 45
