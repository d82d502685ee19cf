"""Eligibility of open runs: whether the time of a run has come, whether it may start, and whether it has to end.

`policy.py` decides among the eligible runs, `run/open_runs.py` gives each run its orders. Neighbour: `context.py`.
"""

from __future__ import annotations

from datetime import datetime

from process_operator.decisions.activation.activation import run_name
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.history import backfill_mark
from process_operator.decisions.inputs.rejections import CAUSES
from process_operator.decisions.inputs.run_view import RunView
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import OnSuspend
from process_operator.resources.process_request_status import ActivationCause
from process_operator.resources.process_run import Trigger
from process_operator.timing.missed import is_too_old, too_old_at


def candidates_of(context: DecisionContext) -> list[Candidate]:
    """The runs that the concurrency policy decides about, with orphans that are still at work."""
    own = [candidate for view in context.views if (candidate := _candidate(context, view))]
    return [*own, *context.orphans]


def _candidate(context: DecisionContext, view: RunView) -> Candidate | None:
    if view.missed_reason is not None or (view.by_cronjob and view.job is None):
        return None
    if view.name in context.objections or view.name in context.unchecked:
        return None
    started = view.is_started and not context.has_released_lock(view)
    if not started and not is_time(context, view):
        return None
    ready = started or (own_kill(context, view) is None and _may_begin(context, view))
    return Candidate(view.name, context.due_of(view), started=started, ready=ready)


def is_time(context: DecisionContext, view: RunView) -> bool:
    """Whether the start of a Run Later run has come. It has for every other run."""
    return view.window is None or context.now >= view.window.start


def _may_begin(context: DecisionContext, view: RunView) -> bool:
    rejected = view.observations.create_rejected
    if rejected is not None and (rejected.again_at is None or rejected.again_at > context.now):
        return False
    by_hand = view.run.spec.trigger == Trigger.MANUAL
    return may_ever_begin(context, view) and (by_hand or not context.is_suspended)


def may_ever_begin(context: DecisionContext, view: RunView) -> bool:
    """Whether the acceptance of the request lets a run start."""
    is_claim = view.run.spec.trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP)
    return context.acceptance.may_start_claims if is_claim else context.acceptance.is_accepted


def own_kill(context: DecisionContext, view: RunView) -> Kill | None:
    """Why this run has to end, independently of other runs; None if it does not."""
    request = context.request
    trigger = view.run.spec.trigger
    if view.run.spec.cancel:
        return Kill(KillReason.CANCELED, "spec.cancel was set")
    mark = backfill_mark(view.run)
    if mark is not None and any(b.spec.cancel for b in context.snapshot.backfills if b.metadata.name == mark.name):
        return Kill(KillReason.CANCELED, f"ProcessBackfill {mark.name} was canceled")
    if view.is_started and not view.is_paused:
        cancels = (
            context.is_suspended and request.spec.on_suspend == OnSuspend.CANCEL_RUNNING and trigger != Trigger.MANUAL
        )
        return Kill(KillReason.SUSPENDED) if cancels else None
    if view.is_paused:
        return None
    if trigger == Trigger.LATER and (
        view.window is None or view.name != run_name(context.snapshot, context.activation)
    ):
        return _kill_of_outdated_wait(context, view)
    if view.window is not None and view.window.is_over(context.now):
        return Kill(KillReason.MISSED, f"not started by {format_instant(view.window.end or context.now)}")
    return _claim_is_void(context, view) if _is_claim(view) else None


def _kill_of_outdated_wait(context: DecisionContext, view: RunView) -> Kill:
    """Why a Run Later run of an earlier activation, or of an earlier timing, has to end."""
    cause = context.activation.cause if view.window is not None else ActivationCause.EDITED
    if cause == ActivationCause.RESUMED:
        return Kill(KillReason.SUSPENDED, "the request was suspended before the start; a resume creates a new run")
    if cause == ActivationCause.RESCHEDULED:
        return Kill(KillReason.CANCELED, "the request was rescheduled before the start")
    return Kill(KillReason.CANCELED, "the timing of the request was edited before the start")


def too_late_at(context: DecisionContext, view: RunView) -> datetime | None:
    """The instant (UTC) from which a waiting run is too late by its deadline; None if it has none."""
    if view.is_started or not _is_claim(view):
        return None
    return too_old_at(context.due_of(view), context.request.spec.starting_deadline_seconds)


def _is_claim(view: RunView) -> bool:
    """Whether a run is a tick that the operator claimed, or the run of a one-shot timing, and has no Job yet."""
    claims = (Trigger.IMMEDIATE, Trigger.SCHEDULE, Trigger.CATCH_UP)
    return view.run.spec.trigger in claims and view.job is None and not view.by_cronjob


def _claim_is_void(context: DecisionContext, view: RunView) -> Kill | None:
    request = context.request
    deadline = request.spec.starting_deadline_seconds
    if context.is_suspended:
        return Kill(KillReason.SUSPENDED)
    if is_too_old(context.due_of(view), context.now, deadline):
        why = f": {rejection}" if (rejection := _rejection(view)) else ""
        return Kill(KillReason.MISSED, f"not started within {deadline} s of its time (startingDeadlineSeconds){why}")
    return None


def _rejection(view: RunView) -> str:
    """The API server's message if it rejected the Job. After a restart of the operator only the run still has it."""
    met, status = view.observations.create_rejected, view.run.status
    if met is not None:
        return met.message
    return status.message or "" if status.reason in CAUSES else ""
