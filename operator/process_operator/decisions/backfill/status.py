"""Status of a backfill, for each of its states. `plan.py` decides which state it has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.rejections import blocked_now, reported
from process_operator.decisions.run.report import end_conditions, reconciling
from process_operator.resources.conditions import BackfillReason, merge_conditions
from process_operator.resources.model import format_instant, whole_second
from process_operator.resources.process_backfill import (
    BackfillCounts,
    BackfillPhase,
    ProcessBackfill,
    ProcessBackfillStatus,
)
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import RunPhase
from process_operator.resources.status_text import reason_and_message


@dataclass(frozen=True, slots=True)
class BackfillState:
    """A backfill during a decision."""

    backfill: ProcessBackfill
    status: ProcessBackfillStatus
    request: ProcessRequest
    active: int
    """Number of its open runs."""
    now: datetime


def open_status(
    state: BackfillState,
    cursor: datetime,
    counts: BackfillCounts,
    left: int,
    *,
    context: DecisionContext | None = None,
) -> BackfillState:
    """Status of a backfill that continues, or waits for its request. `context` has the reason."""
    reason, message = _why_it_waits(context)
    begun = state.status.start_time is not None or not reason
    phase = BackfillPhase.RUNNING if begun else BackfillPhase.PENDING
    return _with(state, phase, reason or BackfillReason.STARTED, message, **_progress(cursor, counts, left))


def _why_it_waits(context: DecisionContext | None) -> tuple[str, str]:
    if context is None:
        return "", ""
    if context.acceptance.reason:
        message = f"{context.acceptance.reason}: {context.acceptance.message}"
        return BackfillReason.NOT_ACCEPTED, f"the request is not accepted: {message}"
    if context.is_suspended:
        return (
            BackfillReason.SUSPENDED,
            "the request is suspended (spec.suspend), and the backfill continues after its resume",
        )
    rejected = blocked_now(context.snapshot, Need.RUN, context.now)
    if rejected is not None and reported([rejected], context.now):
        return rejected.reason, rejected.sentence
    return "", ""


def without_request(backfill: ProcessBackfill, status: ProcessBackfillStatus, now: datetime) -> ProcessBackfillStatus:
    """Status of a backfill whose request does not exist, or was deleted."""
    name = backfill.spec.request.name
    message = f'there is no ProcessRequest "{name}" in namespace {backfill.metadata.namespace}; waiting for it'
    generation, reason = backfill.metadata.generation, BackfillReason.REQUEST_NOT_FOUND
    waits = (reconciling(reason, message, generation),)
    return status.model_copy(
        update={
            "observed_generation": generation,
            **reason_and_message(reason, message),
            "conditions": merge_conditions(status.conditions, waits, now),
        }
    )


def without_calendar(state: BackfillState, context: DecisionContext) -> BackfillState:
    """Status of a backfill whose ticks are not known, because its request is not accepted."""
    return _with(state, state.status.phase, *_why_it_waits(context))


def done(state: BackfillState, cursor: datetime, counts: BackfillCounts) -> BackfillState:
    """Status of a backfill whose every tick has a finished run, or had one before."""
    bad = counts.failed + counts.canceled + counts.unknown
    total = counts.total
    far = _progress(cursor, counts, 0)
    if bad:
        message = f"{bad} of {total} runs did not succeed"
        return _with(state, BackfillPhase.FAILED, BackfillReason.RUNS_FAILED, message, **far)
    ran = f"{counts.succeeded} runs succeeded"
    rerun = state.backfill.spec.rerun
    message = f"{ran}; {counts.existing} had run before (spec.rerun: {rerun})" if counts.existing else ran
    return _with(state, BackfillPhase.SUCCEEDED, BackfillReason.COMPLETED, message, **far)


def canceled(state: BackfillState, cursor: datetime, counts: BackfillCounts, left: int) -> BackfillState:
    """Status of a backfill that was canceled, and of which no run is open."""
    message = f"spec.cancel was set; {left} of {counts.total + left} were not run"
    far = _progress(cursor, counts, left)
    return _with(state, BackfillPhase.CANCELED, BackfillReason.CANCELED, message, **far)


def no_schedule(state: BackfillState) -> BackfillState:
    """Status of a backfill whose request runs once."""
    message = f"ProcessRequest {state.request.metadata.name} has no spec.timing.schedule to follow"
    return _with(state, BackfillPhase.FAILED, BackfillReason.NOT_SCHEDULED, message)


def out_of_bounds(state: BackfillState, ticks: int, limit: int) -> BackfillState:
    """Status of a backfill whose range has no tick, or more ticks than one backfill may run."""
    spec, created = state.backfill.spec, state.backfill.metadata.creation_timestamp
    assert created is not None
    until = min(spec.to, created)
    where = f"from {format_instant(spec.from_)} to {format_instant(until)}"
    if spec.to > created:
        where += " (its creation)"
    if not ticks:
        message = f"spec.from, spec.to: the schedule has no time {where}"
        return _with(state, BackfillPhase.FAILED, BackfillReason.NO_TICKS, message, total=0)
    message = f"spec.from, spec.to: the schedule has {ticks} times {where}, and at most {limit} are run by one backfill"
    return _with(state, BackfillPhase.FAILED, BackfillReason.TOO_MANY_TICKS, message, total=ticks)


def _progress(cursor: datetime, counts: BackfillCounts, left: int) -> dict[str, Any]:
    total = counts.total + left
    through = cursor if counts.total else None
    return {"last_scheduled_time": through, "counts": counts, "total": total, "progress": f"{counts.total}/{total}"}


def _with(state: BackfillState, phase: BackfillPhase, reason: str, message: str, **changes: object) -> BackfillState:
    now, generation = whole_second(state.now), state.backfill.metadata.generation
    update: dict[str, object] = {
        "observed_generation": generation,
        "request_uid": state.request.metadata.uid,
        "phase": phase,
        "active": state.active,
        **reason_and_message(reason, message),
        **changes,
    }
    if phase != BackfillPhase.PENDING:
        update["start_time"] = state.status.start_time or now
    if phase.is_finished:
        update["end_time"] = now
        conditions = end_conditions(RunPhase(phase.value), reason, message, state.now)
    else:
        conditions = (reconciling(reason, message, generation),)
    update["conditions"] = merge_conditions(state.status.conditions, conditions, now)
    return replace(state, status=state.status.model_copy(update=update))
