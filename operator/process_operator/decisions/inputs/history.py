"""Memory of finished runs: the few facts that later decisions need.

Neighbours: `retention.py` and `ticks/missed.py` read it, `actions/history.py` collects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from process_operator.resources import names
from process_operator.resources.conditions import ConditionType
from process_operator.resources.engine import Engine
from process_operator.resources.process_run import ProcessRun, RunPhase, RunSummary, StepStatus, Trigger
from process_operator.resources.status_text import MAX_STEP_MESSAGE, cut


class BackfillMark(NamedTuple):
    """The backfill that created a run, and the scheduled time of the run (UTC)."""

    name: str
    tick: datetime


@dataclass(frozen=True, slots=True)
class RunEnd:
    """Facts about the end of a run that only its notification needs."""

    uid: str
    recorded: datetime
    """Time at which its end was written (UTC)."""
    trigger: Trigger
    scheduled: datetime | None = None
    process: str = ""
    message: str = ""
    exit_code: int | None = None
    log_url: str | None = None


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """Facts about a finished run for retention, catch-up and the status of the request."""

    name: str
    uid: str
    phase: RunPhase
    reason: str
    created: datetime
    scheduled: datetime | None = None
    """The tick or start that it stands for. None for a run that the timing of its request did not create."""
    start: datetime | None = None
    end: datetime | None = None
    summary: RunSummary | None = None
    missed_reason: str = ""
    """Reason of a record of missed ticks, as `MissedReason` writes it. Empty for a run that ran."""
    by_cronjob: bool = False
    """Whether its Job belongs to the CronJob, so that deleting the run leaves the Job."""
    backfill: BackfillMark | None = None
    steps: tuple[StepStatus, ...] = ()
    """Results of the steps, if its Process has steps."""
    recorded: datetime | None = None
    """Time at which its end was written (UTC). None if it is not known."""
    end_to_notify: RunEnd | None = None
    """Its end, until its status reports the notification. Never set for a step."""


def step_end(run: ProcessRun) -> StepStatus:
    """The entry in the status of the parent for the finished run of a step."""
    parent, status = run.spec.parent, run.status
    assert parent is not None
    return StepStatus(
        name=parent.step,
        process=status.process or run.spec.request.name,
        run=run.metadata.name,
        phase=status.phase,
        start_time=status.start_time,
        end_time=status.end_time,
        duration=status.duration,
        attempts=status.attempts,
        exit_code=status.exit_code,
        reason=status.reason,
        message=cut(status.message or "", MAX_STEP_MESSAGE) or None,
    )


def remembered(run: ProcessRun) -> FinishedRun:
    """Facts of a finished run, from its object."""
    created = run.metadata.creation_timestamp
    assert created is not None
    annotations = run.metadata.annotations
    return FinishedRun(
        name=run.metadata.name,
        uid=run.metadata.uid,
        phase=run.status.phase,
        reason=run.status.reason or "",
        created=created,
        scheduled=run.spec.scheduled_time if run.spec.trigger.is_of_timing else None,
        start=run.status.start_time,
        end=run.status.end_time,
        summary=run.status.summary,
        missed_reason=annotations.get(names.ANNOTATION_MISSED_REASON, ""),
        by_cronjob=annotations.get(names.ANNOTATION_ENGINE) == Engine.CRON_JOB,
        backfill=backfill_mark(run),
        steps=run.status.steps or (),
        recorded=_recorded(run),
        end_to_notify=_end_to_notify(run),
    )


def _recorded(run: ProcessRun) -> datetime:
    """Time at which the end of a finished run was written (UTC), as far as the run shows it."""
    written = (c.last_transition_time for c in run.status.conditions if c.type == ConditionType.FINISHED)
    recorded = next(written, None) or run.status.end_time or run.metadata.creation_timestamp
    assert recorded is not None
    return recorded


def _end_to_notify(run: ProcessRun) -> RunEnd | None:
    if run.spec.trigger == Trigger.STEP or any(c.type == ConditionType.NOTIFIED for c in run.status.conditions):
        return None
    recorded = _recorded(run)
    return RunEnd(
        uid=run.metadata.uid,
        recorded=recorded,
        trigger=run.spec.trigger,
        scheduled=run.spec.scheduled_time,
        process=run.status.process or "",
        message=run.status.message or "",
        exit_code=run.status.exit_code,
        log_url=run.status.log.url if run.status.log is not None else None,
    )


def backfill_mark(run: ProcessRun) -> BackfillMark | None:
    """The backfill that a run belongs to, if there is one."""
    name = run.metadata.labels.get(names.LABEL_BACKFILL)
    if run.spec.trigger != Trigger.BACKFILL or name is None or run.spec.scheduled_time is None:
        return None
    return BackfillMark(name, run.spec.scheduled_time)
