"""New runs of the engine Operator: the due ticks that start now, that wait, and that are missed.

`ticks/due.py` decides the due ticks. Neighbours: `claims.py` creates the runs, `ticks/missed_records.py` the records of
missed ticks, and `cronjob_runs.py` serves the other engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.concurrency.lock_requests import all_busy_intervals
from process_operator.decisions.concurrency.policy import blocking_runs
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.engines.claims import claim_tick
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.missed_tick import MissedReason
from process_operator.decisions.inputs.rejections import cause_of_misses, is_quota_full
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import LoadHistory, LoadProcessRuns
from process_operator.decisions.plan.limits import MAX_WAITING
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.ticks.due import CreationFailure, DueTicks, Rules, decide_due_ticks
from process_operator.decisions.ticks.missed_records import record_missed
from process_operator.decisions.ticks.progress import (
    Calendar,
    Progress,
    is_covered,
    latest,
    runs_left,
    runs_of_ticks,
    settled_through,
    span_of,
    ticks_with_runs,
    without_runs,
)
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import CatchUp
from process_operator.resources.process_run import RunPhase
from process_operator.timing.missed import too_old_at

_RECENT: Final = timedelta(minutes=10)
"""A run this young may have been created by another operator, or by an earlier process of this one."""
_WITHOUT_RUN: Final = MissedReason(RunPhase.MISSED, "")
"""Placeholder for spans that only say which ticks have no run."""


@dataclass(frozen=True, slots=True)
class OtherRuns:
    """The runs beside which a tick would start."""

    own: Sequence[Candidate]
    """The open runs of the request itself. The concurrency policy decides which of them block the tick."""
    others: tuple[str, ...] = ()
    """The runs of other requests that block the tick."""


def plan_ticks(
    context: DecisionContext, calendar: Calendar, other_runs: OtherRuns, template: JobTemplate | None
) -> Part[Progress]:
    """Claim the due ticks that may start, leave others undecided while they wait, and record the rest as missed.

    `template` is given if a tick that is claimed now may start at once. The value is the progress of the schedule.
    """
    snapshot, now, recurrence = context.snapshot, context.now, calendar.recurrence
    spec, cursor = calendar.request.spec, context.snapshot.status.last_schedule_time
    rules = Rules(context.policy, spec.catch_up, spec.starting_deadline_seconds)
    after, through = settled_through(snapshot, recurrence), recurrence.due_through(now)
    left = runs_left(snapshot)
    needs_history = rules.starts_all or (left is not None and left > 0)
    if snapshot.history is None and needs_history and _may_have_unknown_runs(snapshot, after, calendar, now):
        # How many ticks wait, and which one is next, follows from the runs that have ended. Only a list has those.
        return part(LoadHistory()).with_value(Progress(cursor))
    if left is not None:
        left -= runs_of_ticks(snapshot, after, through)
        if left <= 0:
            return part().with_value(_exhausted(snapshot, after, through))
        rules = replace(rules, most=min(rules.most, left))
    covered = covered_progress(snapshot, calendar, after, now) if rules.starts_all else Progress(None)
    due = _due_ticks(context, calendar, other_runs, rules, covered.cursor or after)
    idle = Progress(covered.cursor or cursor, covered.started, due.waiting)
    waits = part(wake_at=_too_late_at(calendar, rules, due, after, through))
    if not due.start and not due.missed:
        return waits.with_value(idle)
    if (lookups := _lookups(context, calendar, due, after)) is not None:
        return (waits + part(*lookups)).with_value(idle)
    claims = _record_and_claim(context, calendar, due, template, idle.cursor)
    reached = latest(claims.value, *due.start)
    started = _started(snapshot, calendar, after, reached, due.start)
    return (waits + claims).with_value(Progress(reached, started, due.waiting))


def _due_ticks(
    context: DecisionContext, calendar: Calendar, other_runs: OtherRuns, rules: Rules, after: datetime
) -> DueTicks:
    return decide_due_ticks(
        calendar.recurrence,
        after=after,
        now=context.now,
        rules=rules,
        blocked=_is_blocked(context, calendar, other_runs, rules, after),
        # Only Forbid needs them, and they are costly to collect if many runs are remembered.
        busy_intervals=all_busy_intervals(context) if rules.policy == ConcurrencyPolicy.FORBID else (),
        creation_failure=_creation_failure(context, calendar),
    )


def _too_late_at(
    calendar: Calendar, rules: Rules, due: DueTicks, after: datetime, through: datetime
) -> datetime | None:
    """The instant (UTC) at which the deadline of the oldest waiting tick has passed."""
    if not due.waiting:
        return None
    oldest = calendar.recurrence.newest(after, through, limit=due.waiting)[0]
    return too_old_at(calendar.recurrence.due_at(oldest), rules.deadline_seconds)


def _lookups(context: DecisionContext, calendar: Calendar, due: DueTicks, after: datetime) -> tuple[Action, ...] | None:
    """Look-ups without which the due ticks cannot be settled; None if nothing is missing.

    No look-up is needed, but a decision later, if earlier records are still open. They are finished first, because the
    place of the next records follows from them.
    """
    snapshot = context.snapshot
    if due.missed and any(view.missed_reason is not None for view in context.views):
        return ()
    may_be_unknown = bool(due.missed) or _may_have_unknown_runs(snapshot, after, calendar, context.now)
    if snapshot.history is None and may_be_unknown:
        # Ticks after the written cursor may have run already. Only a list has the finished runs.
        return (LoadHistory(),)
    if due.missed and context.lock is not None and context.lock.past is None:
        # Only a list tells which run of another request blocked a tick.
        return (LoadProcessRuns(context.lock.process),)
    return None


def _record_and_claim(
    context: DecisionContext,
    calendar: Calendar,
    due: DueTicks,
    template: JobTemplate | None,
    cursor: datetime | None,
) -> Part[datetime | None]:
    """Record the missed ticks and claim those that start. The value is the cursor that follows from the records."""
    snapshot, claims = context.snapshot, list[Action]()
    ongoing = bool(due.waiting) and not due.start
    records = record_missed(snapshot, calendar, due.missed, ongoing=ongoing)
    for index, tick in enumerate(due.start):
        # In a queue only the first tick can be next. The others wait for their turn.
        may_start = index == 0 or context.policy == ConcurrencyPolicy.ALLOW
        if not is_covered(snapshot, calendar, tick):
            claims += claim_tick(calendar, tick, template if may_start else None, context.now)
    # Records come first under a full quota too. The cursor stays behind a tick without a record. A later run would
    # then keep its place, because only a run up to the cursor may be deleted to make room.
    return part(*records.actions, *claims).with_value(latest(cursor, records.value))


def _creation_failure(context: DecisionContext, calendar: Calendar) -> CreationFailure | None:
    """The cause for which no run could be created, with the first tick that it concerns."""
    cause, recurrence = cause_of_misses(context.snapshot), calendar.recurrence
    if cause is None:
        return None
    since, words = cause
    return CreationFailure(recurrence.previous(recurrence.due_through(since)) or since, words)


def progress_without_new_runs(context: DecisionContext, calendar: Calendar) -> Progress:
    """The progress while no run can be created, with the number of due ticks that wait.

    A full quota may have let the first of several records through. The cursor moves up to them, so that they can be
    deleted to make room.
    """
    snapshot, now, recurrence = context.snapshot, context.now, calendar.recurrence
    cursor = snapshot.status.last_schedule_time
    if not context.is_own_engine:
        return Progress(cursor)
    after = settled_through(snapshot, recurrence)
    covered = covered_progress(snapshot, calendar, after, now) if is_quota_full(snapshot) else Progress(None)
    count = recurrence.count(covered.cursor or after, recurrence.due_through(now))
    waiting = min(count, MAX_WAITING if context.request.spec.catch_up == CatchUp.ALL else 1)
    return Progress(covered.cursor or cursor, covered.started, waiting)


def _started(
    snapshot: Snapshot, calendar: Calendar, after: datetime, cursor: datetime | None, ticks: tuple[datetime, ...]
) -> int:
    """Number of runs that the moved cursor adds to the activation: those that exist, and those claimed now."""
    new = sum(1 for tick in ticks if not is_covered(snapshot, calendar, tick))
    return new + (runs_of_ticks(snapshot, after, cursor) if cursor is not None else 0)


def _exhausted(snapshot: Snapshot, after: datetime, through: datetime) -> Progress:
    """`maxRuns` leaves nothing to start. Runs after the cursor are still to be counted."""
    reached = latest(*(tick for tick in ticks_with_runs(snapshot) if after < tick <= through))
    if reached is None:
        return Progress(snapshot.status.last_schedule_time)
    return Progress(reached, runs_of_ticks(snapshot, after, reached))


def covered_progress(snapshot: Snapshot, calendar: Calendar, after: datetime, now: datetime) -> Progress:
    """Progress through the ticks that have runs although the cursor does not cover them.

    A crash can come between a claim and the cursor. This matters under `catchUp: All`, where every tick has its turn.
    A tick that has had it is no longer counted as waiting, and does not block the next one.
    """
    recurrence = calendar.recurrence
    newest = recurrence.previous(recurrence.due_through(now))
    if newest is None or newest <= after:
        return Progress(None)
    free = without_runs(span_of(recurrence, after, newest, _WITHOUT_RUN), calendar, snapshot)
    through = newest if not free else recurrence.before(free[0].first)
    if through is None or through <= after:
        return Progress(None)
    return Progress(through, started=runs_of_ticks(snapshot, after, through))


def _is_blocked(
    context: DecisionContext, calendar: Calendar, other_runs: OtherRuns, rules: Rules, after: datetime
) -> bool:
    recurrence, now = calendar.recurrence, context.now
    tick = recurrence.next_after(after) if rules.starts_all else recurrence.previous(recurrence.due_through(now))
    if tick is None or is_covered(context.snapshot, calendar, tick):
        # A crash may have come between the claim and the cursor. Nothing blocks a claimed tick, least of all its own run.
        return False
    return bool(other_runs.others) or bool(blocking_runs(rules.policy, other_runs.own, due=recurrence.due_at(tick)))


def _may_have_unknown_runs(snapshot: Snapshot, after: datetime, calendar: Calendar, now: datetime) -> bool:
    """Whether runs after the cursor may exist that this process does not know.

    That is so if the next tick has been due for more than a second, because the operator was away or another one acts.
    It is also so for a process that has just started, if the request had a run a moment ago. A clock that was ahead can
    show that run a moment from now.
    """
    first, last = calendar.recurrence.next_after(after), snapshot.status.last_run_time
    is_late = first is not None and now - calendar.recurrence.due_at(first) > timedelta(seconds=1)
    return is_late or (last is not None and abs(now - last) < _RECENT)
