"""Facts for the status of a request: what is next, what waits, how it ended, and the Events about it.

`request.py` makes the status from them. Neighbour: `context.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from process_operator.decisions.activation.activation import is_suspended, run_name
from process_operator.decisions.concurrency.eligibility import is_time
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.process_lock import LockRequest
from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import Emit, LoadHistory
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.status.blocked import is_reported
from process_operator.decisions.status.blockers import Blocker, blocker_of
from process_operator.decisions.ticks.progress import Calendar, NewRuns, Progress, runs_left, settled_through
from process_operator.resources.conditions import ConditionStatus, ConditionType, EventReason, find_condition
from process_operator.resources.model import format_instant
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRunStatus, RunPhase, Trigger


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """Results of the other parts of a decision that the status reports."""

    views: tuple[RunView, ...]
    cursor: datetime | None = None
    started: int = 0
    """Runs of the activation that this plan creates, less those that it ends without a Job (`maxRuns`)."""
    waiting: int = 0
    blocker: Blocker | None = None
    """The cause that keeps due runs from starting."""
    next_run: datetime | None = None
    no_tick_left: bool = False
    end: FinishedRun | None = None
    """The finished run of a one-shot activation."""
    end_unknown: bool = False
    """The run of a one-shot activation existed, and no trace of it is left."""
    orphans: tuple[str, ...] = ()
    """Runs that were deleted while their Jobs kept working."""
    end_lookup_pending: bool = False
    """The end of that run is being looked up. Until then the status keeps what it says about it."""


def status_facts(
    context: DecisionContext,
    new_runs: NewRuns,
    wanted_lock: LockRequest | None,
    ended: Mapping[str, ProcessRunStatus],
) -> Part[StatusFacts]:
    """Work out what the status says once the plan is carried out, and load the history if only that can tell.

    `ended`: the runs that this plan ends, by name, with their last status.
    """
    progress, calendar = new_runs.progress, new_runs.calendar
    counted = progress.started - _uncounted_runs(context, progress, ended)
    left = runs_left(context.snapshot, counted)
    is_used_up = left is not None and left <= 0
    end, unknown = _one_shot_end(context, progress)
    is_lookup_pending = unknown and context.snapshot.history is None
    has_new_end = context.snapshot.history is None and bool(ended)  # ends are counted from the finished runs
    needs_history = is_lookup_pending or _has_unknown_end(context) or has_new_end
    waiting = _waiting(context, progress)
    blocker = blocker_of(context, wanted_lock, waiting=waiting)
    facts = StatusFacts(
        views=context.views,
        cursor=progress.cursor,
        started=counted,
        waiting=waiting,
        blocker=blocker.value,
        next_run=None if is_used_up else _next_run(context, progress, calendar),
        no_tick_left=_no_tick_left(context, progress, calendar, is_used_up=is_used_up),
        end=end,
        end_unknown=unknown and not is_lookup_pending,
        end_lookup_pending=is_lookup_pending,
        orphans=tuple(orphan.name for orphan in context.orphans),
    )
    history = part(LoadHistory()) if needs_history else part()
    return (history + blocker).with_value(facts)


def _waiting(context: DecisionContext, progress: Progress) -> int:
    queued = sum(
        1
        for view in context.views
        if view.missed_reason is None and view.job is None and not view.is_started and is_time(context, view)
    )
    # With a shared Process every run that has not started counts as waiting, because whatever could start has started.
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


def _uncounted_runs(context: DecisionContext, progress: Progress, ended: Mapping[str, ProcessRunStatus]) -> int:
    """Number of runs that were counted for `maxRuns` and end now although they never had a Job."""
    if runs_left(context.snapshot) is None or progress.cursor is None:
        return 0
    assert context.activation.since is not None
    return sum(
        1
        for view in context.views
        if view.name in ended and view.missed_reason is None and view.job is None and ended[view.name].job_uid is None
        if ended[view.name].phase in (RunPhase.MISSED, RunPhase.CANCELED)
        if view.run.spec.trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP)
        if context.activation.since <= view.due <= progress.cursor
    )


def _has_unknown_end(context: DecisionContext) -> bool:
    """Whether the status names a run as open that is not open any more, while the history is unknown."""
    status = context.snapshot.status
    if context.snapshot.history is not None:
        return False
    known = {run.name for run in status.active}
    if status.last_run is not None and not status.last_run.phase.is_finished:
        known.add(status.last_run.name)
    return not known <= {view.name for view in context.views}


def _one_shot_end(context: DecisionContext, progress: Progress) -> tuple[FinishedRun | None, bool]:
    """The finished run of a one-shot activation, and whether it has ended in an unknown way."""
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


def request_events(context: DecisionContext, status: ProcessRequestStatus) -> tuple[Emit, ...]:
    """Events if the request is accepted or rejected, its activation is in force, or something blocks its runs."""
    acceptance, written, events = context.acceptance, context.snapshot.status, list[Emit]()
    before, after = _condition(written, ConditionType.ACCEPTED), _condition(status, ConditionType.ACCEPTED)
    if acceptance.reason and before != after:
        events.append(Emit(EventReason.NOT_ACCEPTED, f"{acceptance.reason}: {acceptance.message}", warning=True))
    ready = _condition(status, ConditionType.READY)
    if not acceptance.reason and ready is not None and ready[0] == ConditionStatus.FALSE:
        _, reason, message = ready
        if not is_reported(context.snapshot, reason):
            events.append(Emit(EventReason.BLOCKED, f"{reason}: {message}", warning=True))
    is_new = written.phase is None or before != after
    if acceptance.is_accepted and is_new and not context.is_suspended:
        at = f"; next run at {format_instant(status.next_run_time)}" if status.next_run_time else ""
        events.append(Emit(EventReason.SCHEDULED, f"{status.schedule}{at}"))
    return tuple(events)


def _condition(status: ProcessRequestStatus, type_: ConditionType) -> tuple[ConditionStatus, str, str] | None:
    """Status, reason and message of a condition, without its times."""
    found = find_condition(status.conditions, type_)
    return None if found is None else (found.status, found.reason, found.message)


def _end_reason(snapshot: Snapshot) -> str:
    """The reason that the status gives for the end of the one-shot run."""
    ends = (ConditionType.COMPLETE, ConditionType.FAILED)
    return next((condition.reason for condition in snapshot.status.conditions if condition.type in ends), "")
