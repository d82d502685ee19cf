"""The change from one activation to the next: what the old one leaves undecided is recorded, then the new one is written.

`activation/activation.py` says whether one begins; nothing is made from an activation before it has been written.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from process_operator.decisions.acceptance.exclude_from import excluded_by_calendars
from process_operator.decisions.activation.activation import ActivationChange
from process_operator.decisions.engines.cronjob_runs import plan_cronjob_jobs
from process_operator.decisions.engines.cronjob_takeover import take_over_left_behind
from process_operator.decisions.engines.operator import plan_activation_end
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import BeginActivation, Emit, LoadHistory
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.status.request import RUNS_AGAIN
from process_operator.decisions.ticks.progress import calendar_of
from process_operator.resources.conditions import EventReason
from process_operator.resources.schedule import Schedule, Timing
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import compile_schedule


def change_activation(snapshot: Snapshot, change: ActivationChange, now: datetime) -> Plan:
    """Record what the old activation leaves undecided, then write the new one; all else follows from that."""
    builder = PlanBuilder()
    status = change.apply(snapshot.status)
    if change.ends is not None:
        schedule = _schedule_left(snapshot)
        ask = excluded_by_calendars(schedule, snapshot, now).ask if schedule is not None else None
        if ask is not None:
            return Plan((ask,))
        if snapshot.history is None and schedule is not None:
            # Ticks after the written cursor may have been claimed: only a list shows the finished runs.
            return Plan((LoadHistory(),))
        plan_cronjob_jobs(snapshot, now, builder)
        records = PlanBuilder()
        settled = _leave_behind(snapshot, change.ends, now, records)
        claim = take_over_left_behind(snapshot, settled) if records.actions and settled is not None else None
        if claim is not None:
            # The controller may be about to start one of these ticks: where it was faster, it has a Job and no record.
            return Plan((claim,))
        builder.add(*records.actions)
        if settled is not None:
            status = status.model_copy(update={"last_schedule_time": settled})
    builder.add(BeginActivation(status))
    if change.unused:
        builder.add(
            Emit(EventReason.TIMING_NOT_USED, f"the timing was edited after the one run; {RUNS_AGAIN}", warning=True)
        )
    return builder.plan(status)


def _leave_behind(snapshot: Snapshot, ends: str, now: datetime, builder: PlanBuilder) -> datetime | None:
    """Settle what the old schedule had due. The spec may hold another one by now, the activation has the one it stood
    for."""
    request, schedule, activation = snapshot.request, _schedule_left(snapshot), snapshot.status.activation
    if request is None or schedule is None or activation is None or activation.since is None:
        return None
    spec = request.spec.model_copy(update={"timing": Timing(schedule=schedule)})
    before = replace(snapshot, request=request.model_copy(update={"spec": spec}))
    # A calendar that is missing now, or was never read, hides no tick that was due.
    excluded = excluded_by_calendars(schedule, before, now)
    try:
        recurrence = compile_schedule(
            schedule, since=activation.since, key=request.metadata.key, excluded=excluded.now, earlier=excluded.earlier
        )
        calendar = calendar_of(before, recurrence)
    except ScheduleError:
        return None
    return plan_activation_end(before, calendar, ends, now, builder)


def _schedule_left(snapshot: Snapshot) -> Schedule | None:
    activation = snapshot.status.activation
    return None if activation is None or activation.schedule is None else Schedule.model_validate(activation.schedule)
