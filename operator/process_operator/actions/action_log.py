"""Action log: one line for each action that was carried out, with its request and its run.

Neighbours: the controller reports actions, `wiring.py` connects both.
"""

from __future__ import annotations

import structlog

from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateCronJob, Emit, PatchCronJob, TakeOverTick
from process_operator.resources.types import NamespacedName

log = structlog.get_logger("process_operator")


def log_action(key: NamespacedName, action: Action) -> None:
    """Log an action. Events are not logged, because the API server shows them."""
    if isinstance(action, Emit):
        return
    is_of_cronjob = isinstance(action, CreateCronJob | PatchCronJob | TakeOverTick)
    run = None if is_of_cronjob else action.subject or None
    phase = getattr(getattr(action, "status", None), "phase", None)
    log.info(type(action).__name__, namespace=key[0], request=key[1], run=run, phase=phase and str(phase))
