"""Part of a plan: the actions that one part of a decision plans, as a value.

Parts are joined in order and `decide` adds them to the plan (`builder.py`), so no part sees the actions of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from process_operator.decisions.plan.action import Action

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Part(Generic[T_co]):
    """Actions in order, the next instant (UTC) at which the clock alone changes them, and what later parts need."""

    actions: tuple[Action, ...]
    wake_at: datetime | None
    value: T_co

    def __add__(self: Part[None], later: Part[U]) -> Part[U]:
        """Join this part, which has no value, with a later one. The value is that of the later part."""
        # Most parts are empty: a request with many runs joins some for each of them.
        if not self.actions and self.wake_at is None:
            return later
        return Part((*self.actions, *later.actions), _earlier(self.wake_at, later.wake_at), later.value)

    def with_value(self, value: U) -> Part[U]:
        """The same actions with another value."""
        return Part(self.actions, self.wake_at, value)

    def without_value(self) -> Part[None]:
        """The same actions without the value."""
        return Part(self.actions, self.wake_at, None) if self.actions or self.wake_at is not None else _EMPTY

    def waking_at(self, at: datetime | None) -> Part[T_co]:
        """The same part, decided again at `at` (UTC) at the latest."""
        return self if at is None else Part(self.actions, _earlier(self.wake_at, at), self.value)


_EMPTY: Final[Part[None]] = Part((), None, None)


def part(*actions: Action, wake_at: datetime | None = None) -> Part[None]:
    """A part without a value."""
    return Part(actions, wake_at, None) if actions or wake_at is not None else _EMPTY


def join(parts: Iterable[Part[Any]]) -> Part[None]:
    """Parts joined in order, without their values."""
    actions: list[Action] = []
    wake_at = None
    for each in parts:
        actions.extend(each.actions)
        wake_at = _earlier(wake_at, each.wake_at)
    return part(*actions, wake_at=wake_at)


def earliest(*instants: datetime | None) -> datetime | None:
    """The earliest of some instants. None if there is none."""
    return min((instant for instant in instants if instant is not None), default=None)


def _earlier(first: datetime | None, second: datetime | None) -> datetime | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
