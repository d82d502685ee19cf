"""States of runs and requests, as far as they decide whether a button has an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from process_operator.resources.names import ANNOTATION_SUSPEND_REASON
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from process_operator.resources.types import Object


def phase_of(run: Object) -> RunPhase:
    """Return the phase of a run; Pending if it has none yet."""
    return RunPhase((run.get("status") or {}).get("phase", RunPhase.PENDING))


def why_not_canceled(run: Object) -> str:
    """Describe why a cancel changes nothing; empty if it does."""
    phase = phase_of(run)
    if phase.is_finished:
        return f"it is {phase}"
    return "it is being canceled" if run["spec"].get("cancel") else ""


def reason_of(body: Object) -> str | None:
    """Return the reason that a user gave for the suspension of a request."""
    reason: str | None = (body["metadata"].get("annotations") or {}).get(ANNOTATION_SUSPEND_REASON)
    return reason


def is_suspended(body: Object, reason: str | None) -> bool:
    """Check whether a suspension with a reason changes nothing. Without a reason, the recorded one stays."""
    return bool(body["spec"].get("suspend")) and reason in {None, reason_of(body)}
