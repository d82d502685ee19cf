"""Conditions of a request: Accepted, Ready, Stalled and Reconciling from its acceptance, Complete and Failed from its end.

Neighbours: `request.py` puts them into the status, `blockers.py` finds what due runs wait for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.status.blockers import Blocker
from process_operator.decisions.status.facts import StatusFacts
from process_operator.resources import names
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, Reason, RunReason
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import RunPhase

RUNS_AGAIN: Final = f"it runs again once the annotation {names.ANNOTATION_RESCHEDULE} has a new value"


def acceptance_conditions(snapshot: Snapshot, acceptance: Acceptance) -> tuple[Condition, ...]:
    """Accepted, Ready, Stalled and Reconciling, as the acceptance of the request has them."""
    request = snapshot.request
    assert request is not None

    def condition(type_: ConditionType, reason: str, message: str, *, holds: bool) -> Condition:
        status = ConditionStatus.TRUE if holds else ConditionStatus.FALSE
        generation = request.metadata.generation
        return Condition(type=type_, status=status, observed_generation=generation, reason=reason, message=message)

    if acceptance.reason:
        why = acceptance.reason, acceptance.message
        heals = Reason(acceptance.reason).may_heal
        said = (
            condition(ConditionType.ACCEPTED, *why, holds=False),
            condition(ConditionType.READY, *why, holds=False),
            condition(ConditionType.STALLED, *why, holds=not heals),
        )
        return (*said, condition(ConditionType.RECONCILING, *why, holds=True)) if heals else said
    ready = (
        (Reason.SUSPENDED, "the operator starts no run (spec.suspend)")
        if request.spec.suspend
        else (Reason.IN_FORCE, "")
    )
    return (
        condition(ConditionType.ACCEPTED, Reason.ACCEPTED, "", holds=True),
        condition(ConditionType.READY, *ready, holds=True),
        condition(ConditionType.STALLED, Reason.ACCEPTED, "", holds=False),
    )


def with_blocker(
    conditions: tuple[Condition, ...], blocker: Blocker | None, acceptance: Acceptance
) -> tuple[Condition, ...]:
    """The conditions with a Ready that names what due runs wait for. It is False if that needs attention."""
    if blocker is None or acceptance.reason:
        return conditions
    changes: dict[str, object] = {"message": blocker.message}
    if blocker.reason:
        changes |= {"status": ConditionStatus.FALSE, "reason": blocker.reason}
    return tuple(
        condition.model_copy(update=changes) if condition.type == ConditionType.READY else condition
        for condition in conditions
    )


def stalled_by(end: Condition, conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The conditions of a request whose one run did not succeed. They stay until a person reschedules it."""
    stalled = {"status": ConditionStatus.TRUE, "reason": end.reason, "message": end.message}
    return tuple(c.model_copy(update=stalled) if c.type == ConditionType.STALLED else c for c in conditions)


def end_conditions(
    base: ProcessRequestStatus, acceptance: Acceptance, facts: StatusFacts, now: datetime
) -> tuple[Condition, ...]:
    """Complete or Failed, if no run is left to start and none is open."""
    if facts.end_lookup_pending:
        return tuple(found for found in base.conditions if found.type in (ConditionType.COMPLETE, ConditionType.FAILED))
    if not acceptance.is_accepted and facts.end is None:
        return ()
    if facts.no_tick_left:
        return (_end(ConditionType.COMPLETE, Reason.SCHEDULE_FINISHED, "the schedule has no tick left", now),)
    if facts.end_unknown:
        return (_end(ConditionType.FAILED, RunReason.RUN_DELETED, f"its run was deleted; {RUNS_AGAIN}", now),)
    if facts.end is None:
        return ()
    type_ = ConditionType.COMPLETE if facts.end.phase == RunPhase.SUCCEEDED else ConditionType.FAILED
    return (
        _end(
            type_,
            facts.end.reason or facts.end.phase,
            f"run {facts.end.name} ended as {facts.end.phase}; {RUNS_AGAIN}",
            now,
        ),
    )


def _end(type_: ConditionType, reason: str, message: str, now: datetime) -> Condition:
    return Condition(type=type_, status=ConditionStatus.TRUE, last_transition_time=now, reason=reason, message=message)
