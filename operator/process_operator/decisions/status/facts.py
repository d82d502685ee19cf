"""What a decision means for the status of its request: what is next, what waits, how it ended, and the Events about it.

`request.py` writes the status from this. Neighbour: `context.py`.
"""

from __future__ import annotations

from datetime import datetime

from process_operator.decisions.activation.activation import is_suspended, run_name
from process_operator.decisions.concurrency.eligibility import is_time
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.process_lock import LockRequest
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import Emit, FinishRun, LoadHistory
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.status.blocked import is_told
from process_operator.decisions.status.blockers import blocker_of
from process_operator.decisions.status.request import StatusFacts
from process_operator.decisions.ticks.progress import Calendar, Progress, runs_left, settled_through
from process_operator.resources.conditions import ConditionStatus, ConditionType, EventReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import RunPhase, Trigger


def status_facts(
    context: DecisionContext,
    progress: Progress,
    calendar: Calendar | None,
    wanted_lock: LockRequest | None,
    builder: PlanBuilder,
) -> StatusFacts:
    """The outlook after the plan; asks for the history where only that can tell."""
    counted = progress.started - _uncounted_runs(context, progress, builder)
    left = runs_left(context.snapshot, counted)
    is_used_up = left is not None and left <= 0
    next_run = None if is_used_up else _next_run(context, progress, calendar)
    none_left = _no_tick_left(context, progress, calendar, is_used_up=is_used_up)
    end, unknown = _one_shot_end(context, progress)
    sought = unknown and context.snapshot.history is None
    if sought or _has_unknown_end(context) or _has_new_end(context, builder):
        builder.add(LoadHistory())
    waiting = _waiting(context, progress)
    return StatusFacts(
        views=context.views,
        cursor=progress.cursor,
        started=counted,
        waiting=waiting,
        blocker=blocker_of(context, wanted_lock, builder, waiting=waiting),
        next_run=next_run,
        no_tick_left=none_left,
        end=end,
        end_unknown=unknown and not sought,
        end_sought=sought,
        orphans=tuple(orphan.name for orphan in context.orphans),
    )


def _waiting(context: DecisionContext, progress: Progress) -> int:
    queued = sum(
        1
        for view in context.views
        if view.missed_reason is None and view.job is None and not view.is_started and is_time(context, view)
    )
    # Before a shared Process nobody waits for nothing: what could start would have been started.
    held = queued if context.lock is not None or any(view.is_started for view in context.views) else 0
    return held + progress.waiting


def _next_run(context: DecisionContext, progress: Progress, calendar: Calendar | None) -> datetime | None:
    activation = context.snapshot.status.activation
    assert activation is not None
    if not context.acceptance.is_accepted or is_suspended(activation):
        return None
    if calendar is None:
        starts = [view.window.start for view in context.views if view.window is not None and not view.is_started]
        return min((start for start in starts if start > context.now), default=None)
    recurrence = calendar.recurrence
    settled = settled_through(context.snapshot, recurrence)
    tick = recurrence.next_after(max(settled, progress.cursor or settled, recurrence.due_through(context.now)))
    return None if tick is None else recurrence.due_at(tick)


def _no_tick_left(context: DecisionContext, progress: Progress, calendar: Calendar | None, *, is_used_up: bool) -> bool:
    if calendar is None or not context.acceptance.is_accepted or context.views or progress.waiting:
        return False
    settled = settled_through(context.snapshot, calendar.recurrence)
    return is_used_up or calendar.recurrence.next_after(max(settled, progress.cursor or settled)) is None


def _uncounted_runs(context: DecisionContext, progress: Progress, builder: PlanBuilder) -> int:
    """How many runs that were counted for `maxRuns` end now without ever having had a Job."""
    if runs_left(context.snapshot) is None or progress.cursor is None:
        return 0
    assert context.activation.since is not None
    ended = {action.run: action.status for action in builder.actions if isinstance(action, FinishRun)}
    return sum(
        1
        for view in context.views
        if view.name in ended and view.missed_reason is None and view.job is None and ended[view.name].job_uid is None
        if ended[view.name].phase in (RunPhase.MISSED, RunPhase.CANCELED)
        if view.run.spec.trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP)
        if context.activation.since <= view.due <= progress.cursor
    )


def _has_unknown_end(context: DecisionContext) -> bool:
    """Whether the status names a run that was open, is no more, and is not known to have ended or been deleted."""
    status = context.snapshot.status
    if context.snapshot.history is not None:
        return False
    known = {run.name for run in status.active}
    if status.last_run is not None and not status.last_run.phase.is_finished:
        known.add(status.last_run.name)
    return not known <= {view.name for view in context.views}


def _has_new_end(context: DecisionContext, builder: PlanBuilder) -> bool:
    """Whether a run ends now: its end is counted from the finished runs."""
    return context.snapshot.history is None and any(isinstance(action, FinishRun) for action in builder.actions)


def _one_shot_end(context: DecisionContext, progress: Progress) -> tuple[FinishedRun | None, bool]:
    """How the run of a one-shot activation ended, and whether it must have ended without anybody knowing how."""
    snapshot, request, activation = context.snapshot, context.snapshot.request, context.snapshot.status.activation
    assert request is not None and activation is not None
    if request.spec.timing.schedule is not None or activation.runs + progress.started == 0 or activation.number == 0:
        return None, False
    name = run_name(snapshot, activation)
    if any(view.name == name for view in context.views) or (progress.started and not activation.runs):
        return None, False
    found = next((run for run in snapshot.history or () if run.name == name), None)
    if found is not None:
        return found, False
    known = snapshot.status.last_run
    if known is not None and known.name == name and known.phase.is_finished:
        at = snapshot.status.last_run_time or context.now
        return FinishedRun(name, "", known.phase, _end_reason(snapshot), at, scheduled=at), False
    return None, True


def announce(context: DecisionContext, status: ProcessRequestStatus, builder: PlanBuilder) -> None:
    """Events where the verdict on the request changes, a new activation is in force, or something blocks its runs."""
    before = _condition(context.snapshot.status, ConditionType.ACCEPTED)
    after = _condition(status, ConditionType.ACCEPTED)
    if context.acceptance.reason and before != after:
        builder.add(
            Emit(EventReason.NOT_ACCEPTED, f"{context.acceptance.reason}: {context.acceptance.message}", warning=True)
        )
    ready = _condition(status, ConditionType.READY)
    if not context.acceptance.reason and ready is not None and ready[0] == ConditionStatus.FALSE:
        _, reason, message = ready
        if not is_told(context.snapshot.status.conditions, reason):
            builder.add(Emit(EventReason.BLOCKED, f"{reason}: {message}", warning=True))
    fresh = context.snapshot.status.phase is None or before != after
    if context.acceptance.is_accepted and fresh and not context.is_suspended:
        at = f"; next run at {format_instant(status.next_run_time)}" if status.next_run_time else ""
        builder.add(Emit(EventReason.SCHEDULED, f"{status.schedule}{at}"))


def _condition(status: ProcessRequestStatus, kind: ConditionType) -> tuple[ConditionStatus, str, str] | None:
    found = next((condition for condition in status.conditions if condition.type == kind), None)
    return None if found is None else (found.status, found.reason, found.message)


def _end_reason(snapshot: Snapshot) -> str:
    """The reason that the status gave for the end of the one-shot run."""
    ends = (ConditionType.COMPLETE, ConditionType.FAILED)
    return next((condition.reason for condition in snapshot.status.conditions if condition.type in ends), "")
