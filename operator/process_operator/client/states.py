"""States of requests, runs and backfills, as far as they decide whether a button has an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from process_operator.resources.kinds import PROCESS_BACKFILL
from process_operator.resources.names import ANNOTATION_SUSPEND_REASON
from process_operator.resources.process_backfill import BackfillPhase
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from process_operator.resources.kinds import Kind
    from process_operator.resources.types import Object


def phase_of(run: Object) -> RunPhase:
    """Return the phase of a run; Pending if it has none yet."""
    return RunPhase((run.get("status") or {}).get("phase", RunPhase.PENDING))


def why_not_canceled(kind: Kind, body: Object) -> str:
    """Describe why a cancel of a run or a backfill changes nothing; empty if it does."""
    phase = _backfill_phase_of(body) if kind == PROCESS_BACKFILL else phase_of(body)
    if phase.is_finished:
        return f"it is {phase}"
    return "it is being canceled" if body["spec"].get("cancel") else ""


def _backfill_phase_of(backfill: Object) -> BackfillPhase:
    return BackfillPhase((backfill.get("status") or {}).get("phase", BackfillPhase.PENDING))


def reason_of(body: Object) -> str | None:
    """Return the reason that a user gave for the suspension of a request."""
    reason: str | None = (body["metadata"].get("annotations") or {}).get(ANNOTATION_SUSPEND_REASON)
    return reason


def is_suspended(body: Object, reason: str | None) -> bool:
    """Check whether a suspension with a reason changes nothing. Without a reason, the recorded one stays."""
    return bool(body["spec"].get("suspend")) and reason in {None, reason_of(body)}
