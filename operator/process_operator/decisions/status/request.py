"""The status of a request: one word for people, conditions for programs, and what is next.

Everything here is recomputed from what is seen, so a status that was lost or written late heals by itself; the activation
and the cursor alone are memory. Neighbours: `acceptance/acceptance.py` has the verdict, `request.py` the plan this
status belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.acceptance.exclude_from import calendar_conditions
from process_operator.decisions.acceptance.remembered_calendar import memory_of_calendars
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.memo import PerRequestMemo
from process_operator.decisions.inputs.run_view import RunView, waits_for_start
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.status.blockers import Blocker
from process_operator.decisions.status.notifications import notification_conditions
from process_operator.decisions.status.run_counts import with_uncounted
from process_operator.resources import names
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, Reason, merge_conditions
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import (
    Activation,
    ActiveRun,
    LastRun,
    ProcessRequestStatus,
    RequestPhase,
)
from process_operator.resources.process_run import RunPhase
from process_operator.timing.describe import describe_timing
from process_operator.timing.recurrence import Recurrence
from process_operator.timing.zone import tzdata_version

_MAX_ACTIVE: Final = 100
_ACCEPTANCE_CONDITIONS: Final = PerRequestMemo[tuple[Condition, ...]]()
RUNS_AGAIN: Final = f"it runs again once the annotation {names.ANNOTATION_RESCHEDULE} has a new value"
FAST: Final = timedelta(minutes=1)
"""A schedule with less than this between two ticks does not have its next tick rewritten with each."""


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What the rest of the decision found out for the status."""

    views: tuple[RunView, ...]
    cursor: datetime | None = None
    started: int = 0
    """Runs claimed by this plan for the activation."""
    waiting: int = 0
    blocker: Blocker | None = None
    """What keeps due runs from starting."""
    next_run: datetime | None = None
    no_tick_left: bool = False
    end: FinishedRun | None = None
    """How the run of a one-shot activation ended."""
    end_unknown: bool = False
    """The run of a one-shot activation was made, and nothing is left of it."""
    orphans: tuple[str, ...] = ()
    """Runs that were deleted while their Jobs work on."""
    end_sought: bool = False
    """Whether and how it ended is being looked up; until then what the status says of it stands."""


def request_status(
    snapshot: Snapshot, acceptance: Acceptance, facts: StatusFacts, now: datetime
) -> ProcessRequestStatus:
    """The status once the plan has been carried out."""
    request, base = snapshot.request, snapshot.status
    assert request is not None and base.activation is not None
    if acceptance.ask is not None:
        return base.model_copy(update=_cursor(snapshot, acceptance.recurrence, facts.cursor))
    active = [view for view in facts.views if view.missed_reason is None and not waits_for_start(view)]
    orphans = tuple(run for run in base.active if run.name in facts.orphans)
    ends = _end_conditions(base, acceptance, facts, now)
    phase = _phase(snapshot, acceptance, facts, ends, active=bool(active))
    conditions_of_acceptance = _with_blocker(_conditions(snapshot, acceptance), facts.blocker, acceptance)
    if phase in (RequestPhase.FAILED, RequestPhase.CANCELED):
        conditions_of_acceptance = _stalled_by(ends[0], conditions_of_acceptance)
    conditions = (*conditions_of_acceptance, *ends, *notification_conditions(snapshot))
    conditions += calendar_conditions(acceptance.calendars, request.metadata.generation)
    schedule = request.spec.timing.schedule
    accepted_template = acceptance.template_hash if acceptance.is_accepted else None
    last_run, last_time = _last_run(snapshot, facts.views)
    return base.model_copy(
        update={
            "observed_generation": request.metadata.generation,
            "phase": phase,
            "engine": acceptance.engine.engine if acceptance.engine is not None else None,
            "schedule": describe_timing(request.spec.timing),
            "activation": _counted(base.activation, facts.started),
            **_cursor(snapshot, acceptance.recurrence, facts.cursor),
            "calendars": memory_of_calendars(snapshot, schedule, now) if schedule is not None else (),
            "template_hash": accepted_template,
            "waiting_count": facts.waiting,
            "next_run_time": facts.next_run,
            "last_run": last_run,
            "last_run_time": last_time,
            "active": (*orphans, *map(_active_run, sorted(active, key=lambda view: (view.due, view.name))))[
                :_MAX_ACTIVE
            ],
            "active_count": len(active) + len(orphans),
            "counts": with_uncounted(base.counts, snapshot.history or ()),
            "conditions": merge_conditions(base.conditions, conditions, now.replace(microsecond=0)),
        }
    )


def _active_run(view: RunView) -> ActiveRun:
    job = view.job
    if job is None:
        return ActiveRun(name=view.name)
    return ActiveRun(name=view.name, job=job.metadata.name, job_uid=job.metadata.uid)


def _counted(activation: Activation, started: int) -> Activation:
    return activation.model_copy(update={"runs": activation.runs + started}) if started else activation


def _cursor(snapshot: Snapshot, recurrence: Recurrence | None, cursor: datetime | None) -> dict[str, object]:
    """The cursor, with what another version of the zone data will ask: its wall time, and by which version that is."""
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
        was_canceled = facts.end_sought and snapshot.status.phase == RequestPhase.CANCELED
        if was_canceled or (facts.end is not None and facts.end.phase == RunPhase.CANCELED):
            return RequestPhase.CANCELED
        return RequestPhase.SUCCEEDED if ends[0].type == ConditionType.COMPLETE else RequestPhase.FAILED
    return RequestPhase.SCHEDULED


def _conditions(snapshot: Snapshot, acceptance: Acceptance) -> tuple[Condition, ...]:
    request = snapshot.request
    assert request is not None
    said = acceptance.reason, acceptance.message
    return _ACCEPTANCE_CONDITIONS.of(request, said, lambda: _acceptance_conditions(request, acceptance))


def _with_blocker(
    conditions: tuple[Condition, ...], blocker: Blocker | None, acceptance: Acceptance
) -> tuple[Condition, ...]:
    """Ready says what due runs wait for; it is False where that is something unusual."""
    if blocker is None or acceptance.reason:
        return conditions
    changes: dict[str, object] = {"message": blocker.message}
    if blocker.reason:
        changes |= {"status": ConditionStatus.FALSE, "reason": blocker.reason}
    return tuple(
        condition.model_copy(update=changes) if condition.type == ConditionType.READY else condition
        for condition in conditions
    )


def _acceptance_conditions(request: ProcessRequest, acceptance: Acceptance) -> tuple[Condition, ...]:
    def condition(kind: ConditionType, reason: str, message: str, *, holds: bool) -> Condition:
        status = ConditionStatus.TRUE if holds else ConditionStatus.FALSE
        return Condition(
            type=kind, status=status, observed_generation=request.metadata.generation, reason=reason, message=message
        )

    if acceptance.reason:
        why = acceptance.reason, acceptance.message
        heals = Reason(acceptance.reason).may_heal
        said = (
            condition(ConditionType.ACCEPTED, *why, holds=False),
            condition(ConditionType.READY, *why, holds=False),
            condition(ConditionType.STALLED, *why, holds=not heals),
        )
        return (*said, condition(ConditionType.RECONCILING, *why, holds=True)) if heals else said
    ready = (Reason.SUSPENDED, "no run is started (spec.suspend)") if request.spec.suspend else (Reason.IN_FORCE, "")
    return (
        condition(ConditionType.ACCEPTED, Reason.ACCEPTED, "", holds=True),
        condition(ConditionType.READY, *ready, holds=True),
        condition(ConditionType.STALLED, Reason.ACCEPTED, "", holds=False),
    )


def _stalled_by(end: Condition, conditions_of_acceptance: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The verdict on a request whose one run did not succeed: it stays so until a person reschedules it."""
    stalled = {"status": ConditionStatus.TRUE, "reason": end.reason, "message": end.message}
    return tuple(
        c.model_copy(update=stalled) if c.type == ConditionType.STALLED else c for c in conditions_of_acceptance
    )


def _end_conditions(
    base: ProcessRequestStatus, acceptance: Acceptance, facts: StatusFacts, now: datetime
) -> tuple[Condition, ...]:
    """Complete or Failed, where no run is left to start and none is going on."""
    if facts.end_sought:
        return tuple(found for found in base.conditions if found.type in (ConditionType.COMPLETE, ConditionType.FAILED))
    if not acceptance.is_accepted and facts.end is None:
        return ()
    if facts.no_tick_left:
        return (_end(ConditionType.COMPLETE, Reason.SCHEDULE_FINISHED, "no tick of the schedule is left", now),)
    if facts.end_unknown:
        return (_end(ConditionType.FAILED, "RunDeleted", f"its run was deleted; {RUNS_AGAIN}", now),)
    if facts.end is None:
        return ()
    kind = ConditionType.COMPLETE if facts.end.phase == RunPhase.SUCCEEDED else ConditionType.FAILED
    return (
        _end(
            kind,
            facts.end.reason or facts.end.phase,
            f"run {facts.end.name}: {facts.end.phase}; {RUNS_AGAIN}",
            now,
        ),
    )


def _end(kind: ConditionType, reason: str, message: str, now: datetime) -> Condition:
    return Condition(type=kind, status=ConditionStatus.TRUE, last_transition_time=now, reason=reason, message=message)


def _last_run(snapshot: Snapshot, views: tuple[RunView, ...]) -> tuple[LastRun | None, datetime | None]:
    """The newest run by its due instant, open or finished."""
    base = snapshot.status
    found: list[tuple[datetime, str, RunPhase]] = []
    # An open run that is neither open any more nor in the history was deleted.
    is_there = snapshot.history is None or (base.last_run is not None and base.last_run.phase.is_finished)
    # What is known of the run itself is newer than what the status says of it.
    known = {run.name for run in snapshot.history or ()} | {view.name for view in views}
    if base.last_run is not None and base.last_run_time is not None and is_there and base.last_run.name not in known:
        found.append((base.last_run_time, base.last_run.name, base.last_run.phase))
    found += [(_when(snapshot, run), run.name, run.phase) for run in snapshot.history or ()]
    found += [
        (_not_before_it_was_made(snapshot, view.due, view.created), view.name, view.run.status.phase)
        for view in views
        if view.missed_reason is None and not waits_for_start(view)
    ]
    if not found:
        return None, None
    newest = max(found)
    return LastRun(name=newest[1], phase=newest[2]), newest[0]


def _when(snapshot: Snapshot, run: FinishedRun) -> datetime:
    """The instant that a finished run stands for, which is never one that had not come when it ended."""
    if run.scheduled is None:
        return run.created
    never_came = run.scheduled > run.created and run.start is None and run.phase == RunPhase.CANCELED
    return run.created if never_came else _not_before_it_was_made(snapshot, run.scheduled, run.created)


def _not_before_it_was_made(snapshot: Snapshot, due: datetime, created: datetime) -> datetime:
    """A Run Later whose start had passed runs when it is made; a run of a schedule stands for its tick."""
    assert snapshot.request is not None
    return max(due, created) if snapshot.request.spec.timing.schedule is None else due


def is_worth_a_write(written: ProcessRequestStatus, wanted: ProcessRequestStatus) -> bool:
    """Whether a status differs from the written one in more than the next tick of a fast schedule."""
    # The version of the zone data goes with what is written anyway: a new one is no reason to write every request.
    written = written.model_copy(update={"tzdata": wanted.tzdata})
    if written == wanted:
        return False
    if wanted.next_run_time is None or written.next_run_time is None or not _is_fast(written, wanted):
        return True
    return written.model_copy(update={"next_run_time": wanted.next_run_time}) != wanted


def is_awaited(written: ProcessRequestStatus, wanted: ProcessRequestStatus) -> bool:
    """Whether a person changed something and waits for the answer, or a one-shot request is over."""
    if (written.observed_generation, written.last_handled_reschedule) != (
        wanted.observed_generation,
        wanted.last_handled_reschedule,
    ):
        return True

    def by_type(status: ProcessRequestStatus) -> list[tuple[str, str, str]]:
        watched = (
            ConditionType.ACCEPTED,
            ConditionType.READY,
            ConditionType.CALENDARS_READY,
            ConditionType.COMPLETE,
            ConditionType.FAILED,
        )
        return [(c.type, c.status, c.reason) for c in status.conditions if c.type in watched]

    return by_type(written) != by_type(wanted)


def _is_fast(written: ProcessRequestStatus, wanted: ProcessRequestStatus) -> bool:
    assert written.next_run_time is not None and wanted.next_run_time is not None
    return abs(wanted.next_run_time - written.next_run_time) < FAST
