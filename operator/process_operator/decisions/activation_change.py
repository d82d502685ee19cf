"""Change of the activation: the operator records the ticks that the old one leaves undecided, then writes the new one.

`activation/activation.py` decides whether a new activation begins. No run is created from an activation before it is
written.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.acceptance.exclude_from import excluded_by_calendars
from process_operator.decisions.activation.activation import ActivationChange, Ending
from process_operator.decisions.engines.activation_end import plan_activation_end
from process_operator.decisions.engines.cronjob_runs import plan_cronjob_jobs
from process_operator.decisions.engines.cronjob_takeover import take_over_left_behind
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import BeginActivation, Emit, LoadHistory
from process_operator.decisions.plan.builder import plan_of
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.status.conditions import RUNS_AGAIN
from process_operator.decisions.ticks.progress import calendar_of
from process_operator.resources.conditions import EventReason
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.schedule import Schedule, Timing
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import compile_schedule

_TICK_RESOLUTION: Final = timedelta(seconds=1)


def change_activation(snapshot: Snapshot, change: ActivationChange, now: datetime) -> Plan:
    """Record the ticks that the old activation leaves undecided, then write the new activation.

    Everything else is decided from the new one.
    """
    status, records = change.apply(snapshot.status), part()
    if change.ends is not None:
        schedule = _schedule_left(snapshot)
        lookup = excluded_by_calendars(schedule, snapshot, now).lookup if schedule is not None else None
        if lookup is not None:
            return Plan((lookup,))
        if snapshot.history is None and schedule is not None:
            # Ticks after the written cursor may have been claimed. Only a list has the finished runs.
            return Plan((LoadHistory(),))
        left_behind = _leave_behind(snapshot, change.ends, now)
        settled = left_behind.value
        takeover = take_over_left_behind(snapshot, settled) if left_behind.actions and settled is not None else None
        if takeover is not None:
            # The controller may be about to start one of these ticks. If it is faster, the tick has a Job and no record.
            return Plan((takeover,))
        records = plan_cronjob_jobs(snapshot, now).without_value() + left_behind.without_value()
        if settled is not None:
            status = status.model_copy(update={"last_schedule_time": settled})
    status = _begin_after_last_tick(snapshot, status)
    begin = part(BeginActivation(status))
    if change.unused:
        message = f"the timing was edited after the one run; {RUNS_AGAIN}"
        begin += part(Emit(EventReason.TIMING_NOT_USED, message, warning=True))
    return plan_of(records + begin, status)


def _begin_after_last_tick(snapshot: Snapshot, status: ProcessRequestStatus) -> ProcessRequestStatus:
    """Move the start of a new activation to the next second if a tick of the old one is settled in this second.

    A tick and its run are named after the second. An interval may count from the start of the activation. Otherwise its
    first tick would be settled already, and the user would wait a whole interval for a run.
    """
    before, activation = snapshot.status.activation, status.activation
    is_new = before is not None and activation is not None and activation.number != before.number
    if not is_new or activation is None or activation.schedule is None or activation.since != status.last_schedule_time:
        return status
    assert activation.since is not None
    later = activation.model_copy(update={"since": activation.since + _TICK_RESOLUTION})
    return status.model_copy(update={"activation": later})


def _leave_behind(snapshot: Snapshot, ends: Ending, now: datetime) -> Part[datetime | None]:
    """Settle the due ticks of the old schedule, which stands in the activation; the spec may hold another one by now."""
    nothing = part().without_value()
    request, schedule, activation = snapshot.request, _schedule_left(snapshot), snapshot.status.activation
    if request is None or schedule is None or activation is None or activation.since is None:
        return nothing
    spec = request.spec.model_copy(update={"timing": Timing(schedule=schedule)})
    before = replace(snapshot, request=request.model_copy(update={"spec": spec}))
    # A calendar that is missing now, or was never read, excludes no tick that was due.
    excluded = excluded_by_calendars(schedule, before, now)
    try:
        recurrence = compile_schedule(
            schedule, since=activation.since, key=request.metadata.key, excluded=excluded.now, earlier=excluded.earlier
        )
        calendar = calendar_of(before, recurrence)
    except ScheduleError:
        return nothing
    return plan_activation_end(before, calendar, ends, now)


def _schedule_left(snapshot: Snapshot) -> Schedule | None:
    activation = snapshot.status.activation
    return None if activation is None or activation.schedule is None else Schedule.model_validate(activation.schedule)
