"""New runs of the engine Operator: the due ticks that are claimed, and those that wait or are refused.

`ticks/due.py` decides the due ticks. Neighbours: `ticks/progress.py`, `ticks/missed_records.py`, and `cronjob_runs.py`
for the other engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.concurrency.lock_requests import all_busy_intervals
from process_operator.decisions.concurrency.policy import blocking_runs
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.engines.cronjob_runs import cronjob_jobs, without_jobs
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.missed_tick import MissedReason, Span
from process_operator.decisions.inputs.rejections import cause_of_misses, is_quota_full
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.jobs import job_to_come
from process_operator.decisions.manifests.runs import missed_run_manifest, run_manifest
from process_operator.decisions.plan.actions import Action, CreateRun, Emit, LoadHistory, LoadProcessRuns
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.plan.limits import MAX_WAITING
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.ticks.due import DueTicks, Hindrance, Rules, decide_due_ticks
from process_operator.decisions.ticks.missed import in_one_summary
from process_operator.decisions.ticks.missed_records import record_missed
from process_operator.decisions.ticks.progress import (
    LATE,
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
from process_operator.resources.conditions import EventReason
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import CatchUp, ProcessRequest
from process_operator.resources.process_run import RunPhase, Trigger

_RECENT: Final = timedelta(minutes=10)
_NOT_YET: Final = MissedReason(RunPhase.MISSED, "")
"""For spans that only say which ticks have no run."""


def plan_ticks(
    context: DecisionContext,
    calendar: Calendar,
    candidates: Sequence[Candidate],
    others: tuple[str, ...],
    at_once: JobTemplate | None,
    builder: PlanBuilder,
) -> Progress:
    """Claim the due ticks that may start, let others wait, and refuse the rest.

    `others` are runs of other requests that are in the way; `at_once` is the template where a claimed tick may start
    without waiting for its turn.
    """
    snapshot, views, now = context.snapshot, context.views, context.now
    spec, recurrence = calendar.request.spec, calendar.recurrence
    rules = Rules(context.policy, spec.catch_up, spec.starting_deadline_seconds)
    after, through = settled_through(snapshot, recurrence), recurrence.due_through(now)
    left = runs_left(snapshot)
    needs_history = rules.make_up_all or (left is not None and left > 0)
    if snapshot.history is None and needs_history and _was_away(snapshot, after, calendar, now):
        # How many wait or may start, and which is next, follows from those that have run already: a list shows them.
        builder.add(LoadHistory())
        return Progress(snapshot.status.last_schedule_time)
    if left is not None:
        left -= runs_of_ticks(snapshot, after, through)
        if left <= 0:
            return _exhausted(snapshot, after, through)
        rules = replace(rules, most=min(rules.most, left))
    settled = _settled(snapshot, calendar, after, now) if rules.make_up_all else Progress(None)
    due = decide_due_ticks(
        recurrence,
        after=settled.cursor or after,
        now=now,
        rules=rules,
        blocked=_is_blocked(snapshot, calendar, candidates, others, rules, settled.cursor or after, now),
        # Of all policies only this one asks who was in the way; to say it takes long where many are remembered.
        busy_intervals=all_busy_intervals(context) if rules.policy == ConcurrencyPolicy.FORBID else (),
        hindrance=_hindrance(context, calendar),
    )
    idle = Progress(settled.cursor or snapshot.status.last_schedule_time, settled.started, due.waiting)
    if due.waiting and rules.deadline_seconds is not None:
        oldest = recurrence.newest(after, through, limit=due.waiting)[0]
        builder.wake_at(recurrence.due_at(oldest) + timedelta(seconds=rules.deadline_seconds + 1))
    if not due.start and not due.missed:
        return idle
    if due.missed and any(view.missed_reason is not None for view in views):
        # Those refused before are finished first: where the next ones belong follows from them.
        return idle
    if snapshot.history is None and (due.missed or _was_away(snapshot, after, calendar, now)):
        # Ticks since the written cursor may have run already: only a list shows finished runs.
        builder.add(LoadHistory())
        return idle
    if due.missed and context.lock is not None and context.lock.past is None:
        # Which run of another request was in the way of a tick only a list shows.
        builder.add(LoadProcessRuns(context.lock.process))
        return idle
    cursor = _record_and_claim(context, calendar, due, at_once, idle.cursor, builder)
    cursor = latest(cursor, *due.start)
    return Progress(cursor, _started(snapshot, calendar, after, cursor, due.start), due.waiting)


def _record_and_claim(
    context: DecisionContext,
    calendar: Calendar,
    due: DueTicks,
    at_once: JobTemplate | None,
    cursor: datetime | None,
    builder: PlanBuilder,
) -> datetime | None:
    """Record the refused ticks and claim those that start; the cursor that follows from the records."""
    snapshot, records = context.snapshot, PlanBuilder()
    ongoing = bool(due.waiting) and not due.start
    cursor = latest(cursor, record_missed(snapshot, calendar, due.missed, records, ongoing=ongoing))
    is_tight = is_quota_full(snapshot)
    if not is_tight:
        builder.add(*records.actions)
    for index, tick in enumerate(due.start):
        # In a queue only the first may be next; the others join it.
        template = at_once if index == 0 or context.policy == ConcurrencyPolicy.ALLOW else None
        _claim_tick(snapshot, calendar, tick, template, context.now, builder)
    if is_tight:
        # The record of a miss takes no place that a run needs.
        builder.add(*records.actions)
    return cursor


def _hindrance(context: DecisionContext, calendar: Calendar) -> Hindrance | None:
    """Why no run could be created, and the first tick that this concerns."""
    cause, recurrence = cause_of_misses(context.snapshot), calendar.recurrence
    if cause is None:
        return None
    since, words = cause
    return Hindrance(recurrence.previous(recurrence.due_through(since)) or since, words)


def waiting_ticks(context: DecisionContext, calendar: Calendar) -> int:
    """How many ticks are due and wait while no run can be created."""
    if not context.is_own_engine:
        return 0
    after = settled_through(context.snapshot, calendar.recurrence)
    count = calendar.recurrence.count(after, calendar.recurrence.due_through(context.now))
    return min(count, MAX_WAITING if context.request.spec.catch_up == CatchUp.ALL else 1)


def _started(
    snapshot: Snapshot, calendar: Calendar, after: datetime, cursor: datetime | None, ticks: tuple[datetime, ...]
) -> int:
    """How many runs of the activation are counted by moving the cursor: those there already, and those claimed now."""
    new = sum(1 for tick in ticks if not is_covered(snapshot, calendar, tick))
    return new + (runs_of_ticks(snapshot, after, cursor) if cursor is not None else 0)


def _exhausted(snapshot: Snapshot, after: datetime, through: datetime) -> Progress:
    """`maxRuns` leaves nothing to start. Runs that the cursor does not cover yet are still to be counted."""
    reached = latest(*(tick for tick in ticks_with_runs(snapshot) if after < tick <= through))
    if reached is None:
        return Progress(snapshot.status.last_schedule_time)
    return Progress(reached, runs_of_ticks(snapshot, after, reached))


def _settled(snapshot: Snapshot, calendar: Calendar, after: datetime, now: datetime) -> Progress:
    """How far the ticks have runs already, although the cursor does not say so.

    A crash comes between a claim and the cursor. That matters where every tick has its turn: what has had it is neither
    counted among those that wait nor in the way of the next.
    """
    recurrence = calendar.recurrence
    newest = recurrence.previous(recurrence.due_through(now))
    if newest is None or newest <= after:
        return Progress(None)
    free = without_runs(span_of(recurrence, after, newest, _NOT_YET), calendar, snapshot)
    through = newest if not free else recurrence.before(free[0].first)
    if through is None or through <= after:
        return Progress(None)
    return Progress(through, started=runs_of_ticks(snapshot, after, through))


def _is_blocked(
    snapshot: Snapshot,
    calendar: Calendar,
    candidates: Sequence[Candidate],
    others: tuple[str, ...],
    rules: Rules,
    after: datetime,
    now: datetime,
) -> bool:
    recurrence = calendar.recurrence
    tick = recurrence.next_after(after) if rules.make_up_all else recurrence.previous(recurrence.due_through(now))
    if tick is None or is_covered(snapshot, calendar, tick):
        # A crash may have come between the claim and the cursor: then the tick is in nobody's way, its own run least.
        return False
    return bool(others) or bool(blocking_runs(rules.policy, candidates, due=recurrence.due_at(tick)))


def _claim_tick(
    snapshot: Snapshot,
    calendar: Calendar,
    tick: datetime,
    at_once: JobTemplate | None,
    now: datetime,
    builder: PlanBuilder,
) -> None:
    if is_covered(snapshot, calendar, tick):
        return
    name = calendar.run_name(tick)
    newer = calendar.recurrence.next_after(tick)
    is_late = now - calendar.recurrence.due_at(tick) > LATE or (newer is not None and newer <= now)
    trigger = Trigger.CATCH_UP if is_late else Trigger.SCHEDULE
    manifest = run_manifest(calendar.request, name=name, trigger=trigger, scheduled=tick)
    builder.add(*claim(calendar.request, manifest, at_once, tick, tick=tick))


def claim(
    request: ProcessRequest,
    manifest: dict[str, object],
    at_once: JobTemplate | None,
    scheduled: datetime,
    *,
    tick: datetime | None = None,
) -> tuple[Action, ...]:
    """Make a run (of a tick, where one is given), and its Job with it where it may start at once."""
    if at_once is None:
        return (CreateRun(manifest),)
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)
    name = metadata["name"]
    job = job_to_come(at_once, request, run=name, scheduled=scheduled, tick=tick)
    return CreateRun(manifest, job), Emit(EventReason.RUN_STARTED, f"started run {name}", about=name)


def _free(snapshot: Snapshot, calendar: Calendar, spans: Iterable[Span]) -> list[Span]:
    """The spans without ticks for which there is a run, or a Job that will get one."""
    jobs = {job.tick for job in cronjob_jobs(snapshot)}
    return without_runs(without_jobs(spans, calendar, jobs), calendar, snapshot)


def _was_away(snapshot: Snapshot, after: datetime, calendar: Calendar, now: datetime) -> bool:
    """Whether there may be runs after the cursor that are not known: nobody looked for a while, or others did.

    An operator that just began is among them, where a run was there a moment ago (or will be, by a clock that was
    ahead).
    """
    first, last = calendar.recurrence.next_after(after), snapshot.status.last_run_time
    is_late = first is not None and now - calendar.recurrence.due_at(first) > timedelta(seconds=1)
    return is_late or (last is not None and abs(now - last) < _RECENT)


def plan_activation_end(
    snapshot: Snapshot, calendar: Calendar, reason: str, now: datetime, builder: PlanBuilder
) -> datetime | None:
    """Record the ticks that an activation leaves undecided as Missed, in one summary; the last of them.

    The history must be known. Where the claim of one of these ticks was written and the cursor was not, its run stands,
    and so does that of every Job of a CronJob.
    """
    after = settled_through(snapshot, calendar.recurrence)
    last = calendar.recurrence.previous(calendar.recurrence.due_through(now))
    if last is None or last <= after:
        return None
    left = runs_left(snapshot, runs_of_ticks(snapshot, after, last))
    if left is not None and left <= 0:
        return None
    cause = cause_of_misses(snapshot)
    missed_reason = MissedReason(RunPhase.MISSED, reason, cause[1] if cause is not None else "")
    spans = span_of(calendar.recurrence, after, last, missed_reason)
    for span in _free(snapshot, calendar, spans):
        record = in_one_summary(span.first, span.last, span.count, span.missed_reason)
        name = calendar.run_name(span.first)
        builder.add(CreateRun(missed_run_manifest(calendar.request, name=name, record=record)))
    return last
