"""What to do about the backfills of a request: make the next runs, count the ended ones, end what is over.

A backfill goes through its ticks in order. `status.lastScheduledTime` is how far everything is done, and the counts are
written together with it; what lies beyond follows from the runs that are there, which retention leaves alone until
then. So a crash at any moment counts nothing twice and runs nothing twice. Ticks that the schedule has not settled yet
are left to it. `status.py` writes the status, `concurrency/policy.py` says when the runs may start.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from process_operator.decisions.backfill.records import OPEN, Range, Records, end_of
from process_operator.decisions.backfill.status import (
    BackfillState,
    canceled,
    done,
    held,
    no_schedule,
    open_status,
    out_of_bounds,
    without_request,
)
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.history import backfill_mark
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.actions import CreateRun, Emit, LoadHistory
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.plan.limits import MAX_STARTS
from process_operator.decisions.ticks.progress import Calendar, Progress, runs_left
from process_operator.resources import names
from process_operator.resources.conditions import EventReason
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_backfill import BackfillCounts, BackfillPhase, ProcessBackfill
from process_operator.resources.process_run import Trigger

MAX_TICKS: Final = 1000
"""Ticks of one backfill; a range with more of them is most likely a mistake."""


def plan_backfills(
    context: DecisionContext, progress: Progress, calendar: Calendar | None, builder: PlanBuilder
) -> None:
    """Add what has to be done about every open backfill, the oldest first."""
    snapshot = context.snapshot
    opened = [backfill for backfill in snapshot.backfills if not snapshot.status_of(backfill).phase.is_finished]
    report_generations(snapshot, builder)
    if not opened:
        return
    if snapshot.history is None:
        # Which of its ticks have run, and how, only a list tells.
        builder.add(LoadHistory())
        return
    taken: set[datetime] = set()
    for backfill in sorted(opened, key=lambda b: (b.metadata.creation_timestamp, b.metadata.name)):
        _plan_backfill(context, progress, calendar, backfill, taken, builder)


def plan_left_behind(snapshot: Snapshot, now: datetime, builder: PlanBuilder) -> None:
    """Say of each open backfill that it waits, because there is no request of the name that it gives."""
    for backfill in snapshot.backfills:
        status = snapshot.status_of(backfill)
        if not status.phase.is_finished:
            builder.report_backfill(backfill.metadata.name, without_request(backfill, status, now))
    report_generations(snapshot, builder)


def report_generations(snapshot: Snapshot, builder: PlanBuilder) -> None:
    """Say of each backfill that is over that its last edit was seen, which changes nothing."""
    for backfill in snapshot.backfills:
        status, generation = snapshot.status_of(backfill), backfill.metadata.generation
        if status.phase.is_finished and status.observed_generation != generation:
            seen = status.model_copy(update={"observed_generation": generation})
            builder.report_backfill(backfill.metadata.name, seen)


def _plan_backfill(
    context: DecisionContext,
    progress: Progress,
    calendar: Calendar | None,
    backfill: ProcessBackfill,
    taken: set[datetime],
    builder: PlanBuilder,
) -> None:
    status = context.snapshot.status_of(backfill)
    state = BackfillState(backfill, status, context.request, _active(context, backfill), context.now)
    if context.request.spec.timing.schedule is None:
        state = no_schedule(state)
    elif calendar is None:
        state = held(state, context)
    elif context.acceptance.ask is None:
        state = _go_on(context, progress, calendar, backfill, state, taken, builder)
    if state.status.phase.is_finished:
        failed = state.status.phase == BackfillPhase.FAILED
        reason = EventReason.BACKFILL_FAILED if failed else EventReason.BACKFILL_FINISHED
        text = f"{state.status.phase}: {state.status.message}"
        builder.add(
            Emit(reason, text, warning=failed, about=backfill.metadata.name, on_backfill=backfill.metadata.name)
        )
    builder.report_backfill(backfill.metadata.name, state.status)


def _go_on(
    context: DecisionContext,
    progress: Progress,
    calendar: Calendar,
    backfill: ProcessBackfill,
    state: BackfillState,
    taken: set[datetime],
    builder: PlanBuilder,
) -> BackfillState:
    ticks = _range_of(calendar, backfill)
    cursor = state.status.last_scheduled_time or ticks.after
    left = ticks.recurrence.count(cursor, ticks.until)
    if state.status.total is None and not 0 < left <= MAX_TICKS:
        return out_of_bounds(state, left, MAX_TICKS)
    settled = max(progress.cursor or calendar.recurrence.floor, calendar.recurrence.floor)
    if runs_left(context.snapshot) == 0:
        settled = ticks.until  # maxRuns: the schedule takes no tick any more
    cursor, counts, missing = _look(context, calendar, ticks, state, settled, taken)
    left = ticks.recurrence.count(cursor, ticks.until)
    if not left:
        return done(state, cursor, counts)
    if backfill.spec.cancel:
        is_over = state.active == 0
        return canceled(state, cursor, counts, left) if is_over else open_status(state, cursor, counts, left)
    no_runs = blocked_now(context.snapshot, Need.RUN, context.now)
    if context.acceptance.is_accepted and not context.is_suspended and no_runs is None:
        builder.add(*missing)
    return open_status(state, cursor, counts, left, context=context)


def _range_of(calendar: Calendar, backfill: ProcessBackfill) -> Range:
    created = backfill.metadata.creation_timestamp
    schedule = calendar.request.spec.timing.schedule
    assert created is not None and schedule is not None
    first = max(backfill.spec.from_, schedule.start_time or backfill.spec.from_)
    recurrence = calendar.recurrence.reaching_back(first)
    after = recurrence.before(first) or recurrence.floor
    return Range(backfill, recurrence, after, min(backfill.spec.to, created))


def _active(context: DecisionContext, backfill: ProcessBackfill) -> int:
    marks = (backfill_mark(view.run) for view in context.views)
    return sum(1 for mark in marks if mark is not None and mark.name == backfill.metadata.name)


def _look(
    context: DecisionContext,
    calendar: Calendar,
    ticks: Range,
    state: BackfillState,
    settled: datetime,
    taken: set[datetime],
) -> tuple[datetime, BackfillCounts, list[CreateRun]]:
    """Through which tick all is done, how they ended, and the runs of the ticks whose turn it is."""
    cursor, counts = state.status.last_scheduled_time or ticks.after, state.status.counts
    free = min(_limit(context, ticks.backfill) - state.active, MAX_STARTS)
    records = Records.of(context, calendar)
    missing: list[CreateRun] = []
    in_a_row = True
    for tick in ticks.ticks(cursor, settled):
        if not in_a_row and len(missing) >= free:
            break
        end = OPEN if tick in taken else end_of(context, records, ticks.backfill, tick)
        if end is None:
            in_a_row = False
            if len(missing) < free:
                taken.add(tick)
                missing.append(_run_of(calendar, records, ticks.backfill, tick))
        elif end == OPEN:
            in_a_row = False
        elif in_a_row:
            cursor = tick
            counts = counts.model_copy(update={end: getattr(counts, end) + 1})
    return cursor, counts, missing


def _limit(context: DecisionContext, backfill: ProcessBackfill) -> int:
    """How many runs may be open at one time; under Replace a second one would end the first."""
    return 1 if context.policy == ConcurrencyPolicy.REPLACE else backfill.spec.max_active_runs


def _run_of(calendar: Calendar, records: Records, backfill: ProcessBackfill, tick: datetime) -> CreateRun:
    moment = int(tick.timestamp())
    name = names.backfill_run_name(calendar.stem, moment)
    if name in records.ended or records.finished(tick):
        name = names.rerun_name(calendar.stem, backfill.metadata.uid, moment)
    manifest = run_manifest(
        calendar.request, name=name, trigger=Trigger.BACKFILL, scheduled=tick, backfill=backfill.metadata.name
    )
    return CreateRun(manifest)
