"""Part of a plan: the actions that one part of a decision asks for, as a value.

Parts are joined in order and `decide` adds them to the plan (`builder.py`), so no part sees the actions of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

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
        return Part((*self.actions, *later.actions), earliest(self.wake_at, later.wake_at), later.value)

    def with_value(self, value: U) -> Part[U]:
        """The same actions with another value."""
        return Part(self.actions, self.wake_at, value)

    def waking_at(self, at: datetime | None) -> Part[T_co]:
        """The same part, decided again at `at` (UTC) at the latest."""
        return replace(self, wake_at=earliest(self.wake_at, at))


def part(*actions: Action, wake_at: datetime | None = None) -> Part[None]:
    """A part without a value."""
    return Part(actions, wake_at, None)


def join(parts: Iterable[Part[Any]]) -> Part[None]:
    """Parts joined in order, without their values."""
    actions: list[Action] = []
    wake_at = None
    for each in parts:
        actions.extend(each.actions)
        wake_at = earliest(wake_at, each.wake_at)
    return Part(tuple(actions), wake_at, None)


def earliest(*instants: datetime | None) -> datetime | None:
    """The earliest of some instants. None if there is none."""
    return min((instant for instant in instants if instant is not None), default=None)
