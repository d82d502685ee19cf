"""Backfills of a request: create the next runs, count the ended ones, finish backfills that are over.

A backfill processes its ticks in order. All ticks up to `status.lastScheduledTime` are done, and the counts are written
together with it. The state of later ticks follows from their runs, which retention keeps until then. So a crash at any
moment counts nothing twice and runs nothing twice. Ticks that the schedule has not settled yet belong to the schedule.
`status.py` writes the status. `concurrency/policy.py` decides when the runs may start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from process_operator.decisions.backfill.records import OPEN, Range, Records, end_of
from process_operator.decisions.backfill.status import (
    BackfillState,
    canceled,
    done,
    no_schedule,
    open_status,
    out_of_bounds,
    without_calendar,
    without_request,
)
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.history import backfill_mark
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.actions import CreateRun, Emit, LoadHistory
from process_operator.decisions.plan.limits import MAX_STARTS
from process_operator.decisions.plan.part import Part, join, part
from process_operator.decisions.ticks.progress import Calendar, Progress, runs_left
from process_operator.resources import names
from process_operator.resources.conditions import EventReason
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_backfill import (
    BackfillCounts,
    BackfillPhase,
    ProcessBackfill,
    ProcessBackfillStatus,
)
from process_operator.resources.process_run import Trigger

MAX_TICKS: Final = 1000
"""Maximum number of ticks of one backfill. A range with more ticks is most likely a mistake."""


@dataclass(frozen=True, slots=True)
class _Claims:
    """The status of a backfill after this decision, and the ticks (UTC) for which it creates runs."""

    state: BackfillState
    ticks: frozenset[datetime] = frozenset()


def plan_backfills(
    context: DecisionContext, progress: Progress, calendar: Calendar | None
) -> Part[Mapping[str, ProcessBackfillStatus]]:
    """Decide about every open backfill, the oldest first. The value has the new statuses by name."""
    snapshot = context.snapshot
    opened = [backfill for backfill in snapshot.backfills if not snapshot.status_of(backfill).phase.is_finished]
    statuses = observed_generations(snapshot)
    if not opened:
        return Part((), None, statuses)
    if snapshot.history is None:
        # Only a list shows which ticks have run, and how.
        return Part((LoadHistory(),), None, statuses)
    claimed: frozenset[datetime] = frozenset()
    parts = []
    for backfill in sorted(opened, key=lambda b: (b.metadata.creation_timestamp, b.metadata.name)):
        planned = _plan_backfill(context, progress, calendar, backfill, claimed)
        claimed |= planned.value.ticks
        statuses[backfill.metadata.name] = planned.value.state.status
        parts.append(planned)
    return join(parts).with_value(statuses)


def backfills_without_request(snapshot: Snapshot, now: datetime) -> Mapping[str, ProcessBackfillStatus]:
    """Statuses, by name, of backfills that name a request which does not exist. Open ones wait for it."""
    opened = {
        backfill.metadata.name: without_request(backfill, status, now)
        for backfill in snapshot.backfills
        if not (status := snapshot.status_of(backfill)).phase.is_finished
    }
    return opened | observed_generations(snapshot)


def observed_generations(snapshot: Snapshot) -> dict[str, ProcessBackfillStatus]:
    """Statuses, by name, of finished backfills that were edited since. The edit is only observed."""
    found = {}
    for backfill in snapshot.backfills:
        status, generation = snapshot.status_of(backfill), backfill.metadata.generation
        if status.phase.is_finished and status.observed_generation != generation:
            found[backfill.metadata.name] = status.model_copy(update={"observed_generation": generation})
    return found


def _plan_backfill(
    context: DecisionContext,
    progress: Progress,
    calendar: Calendar | None,
    backfill: ProcessBackfill,
    claimed: frozenset[datetime],
) -> Part[_Claims]:
    status = context.snapshot.status_of(backfill)
    state = BackfillState(backfill, status, context.request, _active(context, backfill), context.now)
    planned = Part((), None, _Claims(state))
    if context.request.spec.timing.schedule is None:
        planned = planned.with_value(_Claims(no_schedule(state)))
    elif calendar is None:
        planned = planned.with_value(_Claims(without_calendar(state, context)))
    elif context.acceptance.lookup is None:
        planned = _run_ticks(context, progress, calendar, state, claimed)
    end = planned.value.state.status
    if not end.phase.is_finished:
        return planned
    failed = end.phase == BackfillPhase.FAILED
    reason = EventReason.BACKFILL_FAILED if failed else EventReason.BACKFILL_FINISHED
    name, text = backfill.metadata.name, f"{end.phase}: {end.message}"
    event = part(Emit(reason, text, warning=failed, about=name, on_backfill=name))
    return planned.without_value() + event.with_value(planned.value)


def _run_ticks(
    context: DecisionContext,
    progress: Progress,
    calendar: Calendar,
    state: BackfillState,
    claimed: frozenset[datetime],
) -> Part[_Claims]:
    """Count the ticks that are done, and create the runs of the next ones."""
    backfill = state.backfill
    ticks = _range_of(calendar, backfill)
    cursor = state.status.last_scheduled_time or ticks.after
    left = ticks.recurrence.count(cursor, ticks.until)
    if state.status.total is None and not 0 < left <= MAX_TICKS:
        return Part((), None, _Claims(out_of_bounds(state, left, MAX_TICKS)))
    settled = max(progress.cursor or calendar.recurrence.floor, calendar.recurrence.floor)
    if runs_left(context.snapshot) == 0:
        settled = ticks.until  # maxRuns: the schedule claims no further tick
    cursor, counts, missing = _examine(context, calendar, ticks, state, settled, claimed)
    left = ticks.recurrence.count(cursor, ticks.until)
    if not left:
        return Part((), None, _Claims(done(state, cursor, counts)))
    if backfill.spec.cancel:
        is_over = state.active == 0
        end = canceled(state, cursor, counts, left) if is_over else open_status(state, cursor, counts, left)
        return Part((), None, _Claims(end, frozenset(missing)))
    no_runs = blocked_now(context.snapshot, Need.RUN, context.now)
    may_create = context.acceptance.is_accepted and not context.is_suspended and no_runs is None
    goes_on = _Claims(open_status(state, cursor, counts, left, context=context), frozenset(missing))
    return Part(tuple(missing.values()) if may_create else (), None, goes_on)


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


def _examine(
    context: DecisionContext,
    calendar: Calendar,
    ticks: Range,
    state: BackfillState,
    settled: datetime,
    claimed: frozenset[datetime],
) -> tuple[datetime, BackfillCounts, dict[datetime, CreateRun]]:
    """The last tick before which all are done, how those ended, and the runs to create, by their ticks.

    `claimed` has the ticks for which an older backfill creates runs now.
    """
    cursor, counts = state.status.last_scheduled_time or ticks.after, state.status.counts
    free = min(_max_active(context, ticks.backfill) - state.active, MAX_STARTS)
    records = Records.of(context, calendar)
    missing: dict[datetime, CreateRun] = {}
    in_a_row = True
    for tick in ticks.ticks(cursor, settled):
        if not in_a_row and len(missing) >= free:
            break
        end = OPEN if tick in claimed else end_of(context, records, ticks.backfill, tick)
        if end is None:
            in_a_row = False
            if len(missing) < free:
                missing[tick] = _run_of(calendar, records, ticks.backfill, tick)
        elif end == OPEN:
            in_a_row = False
        elif in_a_row:
            cursor = tick
            counts = counts.model_copy(update={end: getattr(counts, end) + 1})
    return cursor, counts, missing


def _max_active(context: DecisionContext, backfill: ProcessBackfill) -> int:
    """Maximum number of open runs. Under Replace a second run would end the first."""
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
