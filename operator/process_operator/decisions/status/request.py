"""Status of a request: one word for people, conditions for programs, and what is next.

Everything here is recomputed from what is seen, so a status that was lost or written late is corrected by the next
decision. Only the activation, the start of a suspension and the cursor are memory. Neighbours: `conditions.py` has the
conditions, `facts.py` what they follow from, `acceptance/acceptance.py` whether the request is accepted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.acceptance.exclude_from import calendar_conditions
from process_operator.decisions.acceptance.remembered_calendar import memory_of_calendars
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.run_view import RunView, waits_for_start
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.inputs.verified_users import rescheduled_by, suspended_by
from process_operator.decisions.status.conditions import (
    acceptance_conditions,
    end_conditions,
    stalled_by,
    with_blocker,
)
from process_operator.decisions.status.facts import StatusFacts
from process_operator.decisions.status.notifications import notification_conditions
from process_operator.decisions.status.run_counts import with_uncounted
from process_operator.resources.conditions import Condition, ConditionType, Reason, merge_conditions
from process_operator.resources.process_request_status import (
    Activation,
    ActiveRun,
    LastRun,
    ProcessRequestStatus,
    RememberedCalendar,
    RequestPhase,
)
from process_operator.resources.process_run import RunPhase
from process_operator.timing.describe import describe_timing
from process_operator.timing.recurrence import Recurrence
from process_operator.timing.zone import tzdata_version

_MAX_ACTIVE: Final = 100


def request_status(
    snapshot: Snapshot, acceptance: Acceptance, facts: StatusFacts, now: datetime
) -> ProcessRequestStatus:
    """The status once the plan has been carried out."""
    request, base = snapshot.request, snapshot.status
    assert request is not None and base.activation is not None
    if acceptance.lookup is not None:
        return base.model_copy(update=_cursor(snapshot, acceptance.recurrence, facts.cursor))
    active = [view for view in facts.views if view.missed_reason is None and not waits_for_start(view)]
    orphans = tuple(run for run in base.active if run.name in facts.orphans)
    ends = end_conditions(base, acceptance, facts, now)
    phase = _phase(snapshot, acceptance, facts, ends, active=bool(active))
    accepted = with_blocker(acceptance_conditions(snapshot, acceptance), facts.blocker, acceptance)
    if phase in (RequestPhase.FAILED, RequestPhase.CANCELED):
        accepted = stalled_by(ends[0], accepted)
    conditions = (*accepted, *ends, *notification_conditions(snapshot))
    conditions += calendar_conditions(acceptance.calendars, request.metadata.generation)
    accepted_template = acceptance.template_hash if acceptance.is_accepted else None
    open_runs = map(_active_run, sorted(active, key=lambda view: (view.due, view.name)))
    last_run, last_time = _last_run(snapshot, facts.views)
    return base.model_copy(
        update={
            "observed_generation": request.metadata.generation,
            "phase": phase,
            "engine": acceptance.engine.engine if acceptance.engine is not None else None,
            "schedule": describe_timing(request.spec.timing),
            "activation": _counted(base.activation, facts.started),
            "suspended_by": suspended_by(snapshot),
            "rescheduled_by": rescheduled_by(base, snapshot.defaults),
            **_cursor(snapshot, acceptance.recurrence, facts.cursor),
            "calendars": _calendars(snapshot, facts, now),
            "template_hash": accepted_template,
            "waiting_count": facts.waiting,
            "next_run_time": facts.next_run,
            "last_run": last_run,
            "last_run_time": last_time,
            "active": (*orphans, *open_runs)[:_MAX_ACTIVE],
            "active_count": len(active) + len(orphans),
            "counts": with_uncounted(base.counts, snapshot.history or ()),
            "conditions": merge_conditions(base.conditions, conditions, now, written=request.status.conditions),
        }
    )


def _calendars(snapshot: Snapshot, facts: StatusFacts, now: datetime) -> tuple[RememberedCalendar, ...]:
    assert snapshot.request is not None
    schedule = snapshot.request.spec.timing.schedule
    return () if schedule is None else memory_of_calendars(snapshot, schedule, now, no_tick_left=facts.no_tick_left)


def _active_run(view: RunView) -> ActiveRun:
    job = view.job
    if job is None:
        return ActiveRun(name=view.name)
    return ActiveRun(name=view.name, job=job.metadata.name, job_uid=job.metadata.uid)


def _counted(activation: Activation, started: int) -> Activation:
    return activation.model_copy(update={"runs": activation.runs + started}) if started else activation


def _cursor(snapshot: Snapshot, recurrence: Recurrence | None, cursor: datetime | None) -> dict[str, object]:
    """The cursor, its wall time, and the version of the zone data, which a later version is compared with."""
    if recurrence is None:
        return {"last_schedule_time": cursor}
    wall_time = snapshot.status.last_wall_time
    if cursor is not None and cursor != snapshot.status.last_schedule_time:
        wall = recurrence.wall_time(cursor)
        wall_time = wall.isoformat() if wall is not None else None
    return {"last_schedule_time": cursor, "last_wall_time": wall_time, "tzdata": tzdata_version()}


def _phase(
    snapshot: Snapshot, acceptance: Acceptance, facts: StatusFacts, ends: tuple[Condition, ...], *, active: bool
) -> RequestPhase:
    assert snapshot.request is not None
    if acceptance.reason:
        return RequestPhase.PENDING if Reason(acceptance.reason).may_heal else RequestPhase.INVALID
    if snapshot.request.spec.suspend:
        return RequestPhase.SUSPENDED
    if active:
        return RequestPhase.ACTIVE
    if facts.blocker is not None and facts.blocker.reason:
        return RequestPhase.PENDING
    if ends:
        if snapshot.request.spec.timing.schedule is not None:
            return RequestPhase.FINISHED
        was_canceled = facts.end_lookup_pending and snapshot.status.phase == RequestPhase.CANCELED
        if was_canceled or (facts.end is not None and facts.end.phase == RunPhase.CANCELED):
            return RequestPhase.CANCELED
        return RequestPhase.SUCCEEDED if ends[0].type == ConditionType.COMPLETE else RequestPhase.FAILED
    return RequestPhase.SCHEDULED


def _last_run(snapshot: Snapshot, views: tuple[RunView, ...]) -> tuple[LastRun | None, datetime | None]:
    """The newest run by its due instant, open or finished."""
    base = snapshot.status
    found: list[tuple[datetime, str, RunPhase]] = []
    # A run that was open, and is neither open now nor in the history, was deleted.
    is_there = snapshot.history is None or (base.last_run is not None and base.last_run.phase.is_finished)
    # The run itself is newer than its copy in the status.
    known = {run.name for run in snapshot.history or ()} | {view.name for view in views}
    if base.last_run is not None and base.last_run_time is not None and is_there and base.last_run.name not in known:
        found.append((base.last_run_time, base.last_run.name, base.last_run.phase))
    found += [(_instant_of(snapshot, run), run.name, run.phase) for run in snapshot.history or ()]
    found += [
        (_due_of(snapshot, view.due, view.created), view.name, view.run.status.phase)
        for view in views
        if view.missed_reason is None and not waits_for_start(view)
    ]
    if not found:
        return None, None
    newest = max(found)
    return LastRun(name=newest[1], phase=newest[2]), newest[0]


def _instant_of(snapshot: Snapshot, run: FinishedRun) -> datetime:
    """The instant (UTC) that a finished run stands for, which is at most the instant of its end."""
    if run.scheduled is None:
        return run.created
    never_came = run.scheduled > run.created and run.start is None and run.phase == RunPhase.CANCELED
    return run.created if never_came else _due_of(snapshot, run.scheduled, run.created)


def _due_of(snapshot: Snapshot, due: datetime, created: datetime) -> datetime:
    """The due instant of a run of a schedule. A Run Later run whose start had passed is due when it is created."""
    assert snapshot.request is not None
    return max(due, created) if snapshot.request.spec.timing.schedule is None else due
