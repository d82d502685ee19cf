"""How each open run stands: whether its time has come, whether it may begin, and whether it has to end by itself.

`policy.py` decides among those that stand; `run/open_runs.py` tells each run what follows. Neighbour: `context.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from process_operator.decisions.activation.activation import run_name
from process_operator.decisions.context import Situation
from process_operator.decisions.inputs.candidate import Contender
from process_operator.decisions.inputs.history import backfill_mark
from process_operator.decisions.inputs.run_view import RunView
from process_operator.resources.batch.workloads import Kill, KillReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import OnSuspend, StretchCause
from process_operator.resources.process_run import Trigger
from process_operator.timing.missed import is_too_old


def contenders_of(situation: Situation) -> list[Contender]:
    """The runs that have a say in who may start."""
    own = [contender for view in situation.views if (contender := _contender(situation, view))]
    return [*own, *situation.orphans]


def _contender(situation: Situation, view: RunView) -> Contender | None:
    if view.refusal is not None or (view.by_cronjob and view.job is None):
        return None
    started = view.is_let_go and not situation.has_stepped_aside(view)
    if not started and not is_time(situation, view):
        return None
    ready = started or (own_kill(situation, view) is None and _may_begin(situation, view))
    return Contender(view.name, situation.due_of(view), started=started, ready=ready)


def is_time(situation: Situation, view: RunView) -> bool:
    """Whether the start of a Run Later run has come; for any other run it always has."""
    return view.window is None or situation.now >= view.window.start


def _may_begin(situation: Situation, view: RunView) -> bool:
    refused = view.notes.create_refused
    if refused is not None and (refused.again_at is None or refused.again_at > situation.now):
        return False
    by_hand = view.run.spec.trigger == Trigger.MANUAL
    return situation.acceptance.is_accepted and (by_hand or not situation.is_suspended)


def own_kill(situation: Situation, view: RunView) -> Kill | None:
    """Why this run has to end, whatever the others do."""
    request = situation.request
    trigger = view.run.spec.trigger
    if view.run.spec.cancel:
        return Kill(KillReason.CANCELED, "spec.cancel was set")
    mark = backfill_mark(view.run)
    if mark is not None and any(b.spec.cancel for b in situation.snapshot.backfills if b.metadata.name == mark.name):
        return Kill(KillReason.CANCELED, f"ProcessBackfill {mark.name} was canceled")
    if view.is_let_go and not view.is_paused:
        cancels = (
            situation.is_suspended and request.spec.on_suspend == OnSuspend.CANCEL_RUNNING and trigger != Trigger.MANUAL
        )
        return Kill(KillReason.SUSPENDED) if cancels else None
    if view.is_paused:
        return None
    if trigger == Trigger.LATER and (
        view.window is None or view.name != run_name(situation.snapshot, situation.stretch)
    ):
        return _kill_of_former_wait(situation, view)
    if view.window is not None and view.window.is_over(situation.now):
        return Kill(KillReason.MISSED, f"not started by {format_instant(view.window.end or situation.now)}")
    return _claim_is_void(situation, view) if _is_claim(view) else None


def _kill_of_former_wait(situation: Situation, view: RunView) -> Kill:
    """Why a Run Later run waits for nothing any more: another stretch has begun, or the timing is another one."""
    cause = situation.stretch.cause if view.window is not None else StretchCause.EDITED
    if cause == StretchCause.RESUMED:
        return Kill(KillReason.SUSPENDED, "the request was suspended before the start; its resume waits for a new one")
    if cause == StretchCause.RESCHEDULED:
        return Kill(KillReason.CANCELED, "the request was rescheduled before the start")
    return Kill(KillReason.CANCELED, "the timing of the request was edited before the start")


def too_late_at(situation: Situation, view: RunView) -> datetime | None:
    """The instant (UTC) from which on a run that waits may not start any more, where only its deadline says so."""
    deadline = situation.request.spec.starting_deadline_seconds
    if deadline is None or view.is_let_go or not _is_claim(view):
        return None
    return situation.due_of(view) + timedelta(seconds=deadline + 1)


def _is_claim(view: RunView) -> bool:
    """Whether it is a tick of the operator's own, or the one run of a request, and has no Job yet."""
    claims = (Trigger.IMMEDIATE, Trigger.SCHEDULE, Trigger.CATCH_UP)
    return view.run.spec.trigger in claims and view.job is None and not view.by_cronjob


def _claim_is_void(situation: Situation, view: RunView) -> Kill | None:
    request = situation.request
    deadline = request.spec.starting_deadline_seconds
    if situation.is_suspended:
        return Kill(KillReason.SUSPENDED)
    if is_too_old(situation.due_of(view), situation.now, deadline):
        why = f": {view.notes.create_refused.message}" if view.notes.create_refused is not None else ""
        return Kill(KillReason.MISSED, f"not started within {deadline} s of its time (startingDeadlineSeconds){why}")
    return None
