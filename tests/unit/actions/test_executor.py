"""Executor of actions: every kind of action has a function that carries it out."""

from __future__ import annotations

from dataclasses import is_dataclass

from process_operator.actions.executor import HANDLERS
from process_operator.decisions.plan import actions


def test_every_action_has_one_handler() -> None:
    kinds = {kind for kind in vars(actions).values() if is_dataclass(kind) and kind.__module__ == actions.__name__}
    assert set(HANDLERS) == kinds
