"""Runs of the engine CronJob: every Job that the controller made gets one, and every tick that it passed over.

`cronjob_sync.py` keeps the CronJob itself in line. Neighbours: `ticks/progress.py`, `ticks/missed_records.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from process_operator.decisions.engines.cronjob_sync import own_cronjob
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.missed_tick import Span
from process_operator.decisions.inputs.ownership import cronjob_of
from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.jobs import kill_patch
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.actions import CreateRun, DeleteJob, Emit, KillJob, LoadHistory
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.ticks.due import spans_without_job
from process_operator.decisions.ticks.missed_records import record_missed
from process_operator.decisions.ticks.progress import (
    LATE,
    Calendar,
    Progress,
    busy_intervals,
    has_run,
    settled_through,
    without_ticks,
)
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import EventReason
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import Trigger

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def plan_cronjob_jobs(snapshot: Snapshot, now: datetime, builder: PlanBuilder) -> int:
    """Give every Job that the CronJob made its run, whatever the request wants by now; how many were made."""
    return sum(1 for job in cronjob_jobs(snapshot) if _plan_job(snapshot, job, now, builder))


def plan_passed_over(
    snapshot: Snapshot, calendar: Calendar, views: tuple[RunView, ...], now: datetime, builder: PlanBuilder
) -> Progress:
    """Record the ticks that the controller passed over without a Job, up to the newest that it started.

    A tick that the operator claimed from it, and that has no Job, is left to `cronjob_takeover.py`.
    """
    cursor = snapshot.status.last_schedule_time
    after = settled_through(snapshot, calendar.recurrence)
    cronjob = own_cronjob(snapshot)
    reached = None if cronjob is None or cronjob.last_schedule_time is None else min(cronjob.last_schedule_time, now)
    newest = None if reached is None else calendar.recurrence.previous(reached)
    if newest is None or newest <= after:
        return Progress(cursor)
    jobs = {job.tick for job in cronjob_jobs(snapshot)}
    older = spans_without_job(
        calendar.recurrence,
        after=after,
        until=calendar.recurrence.before(newest) or after,
        policy=calendar.request.spec.concurrency_policy,
        busy_intervals=busy_intervals(snapshot, views),
    )
    has_all = newest in jobs or has_run(snapshot, calendar.run_name(newest))
    if snapshot.history is None and (older or not has_all):
        builder.add(LoadHistory())
        return Progress(cursor)
    for part in without_jobs(older, calendar, jobs):
        record_missed(snapshot, calendar, (part,), builder, ongoing=False)
    if not has_all and cronjob is not None and newest == cronjob.taken_over_tick:
        before = calendar.recurrence.before(newest)
        return Progress(before if before is not None and before > after else cursor)
    if not has_all:
        # The controller says that it started this tick, and no Job of it is there: the run finds out.
        builder.add(CreateRun(_cronjob_run(calendar.request, calendar.run_name(newest), newest, now)))
    return Progress(newest)


def without_jobs(spans: Iterable[Span], calendar: Calendar, ticks: set[datetime | None]) -> list[Span]:
    """The spans without the ticks for which a Job is there."""
    return without_ticks(spans, calendar, [(tick, tick) for tick in ticks if tick is not None])


def cronjob_jobs(snapshot: Snapshot) -> list[Job]:
    """Jobs that the CronJob of this request made (or that a person made from it), oldest first."""
    cronjob = cronjob_of(snapshot, snapshot.uid)
    own = [job for job in snapshot.jobs.values() if cronjob is not None and cronjob.made(job)]
    return sorted(own, key=lambda job: (job.metadata.creation_timestamp or _LONG_AGO, job.metadata.name))


def unrecorded_jobs(snapshot: Snapshot) -> int:
    """How many Jobs of the CronJob have no run yet."""
    cursor = snapshot.status.last_schedule_time
    return sum(
        not has_run(snapshot, job.metadata.name) and (cursor is None or job.tick > cursor)
        for job in cronjob_jobs(snapshot)
        if job.tick is not None and job.metadata.name not in snapshot.gone_jobs
    )


def _plan_job(snapshot: Snapshot, job: Job, now: datetime, builder: PlanBuilder) -> bool:
    """Make the run of a Job that has none; whether one is made."""
    assert snapshot.request is not None
    name, cursor = job.metadata.name, snapshot.status.last_schedule_time
    if name in snapshot.gone_jobs or has_run(snapshot, name):
        return _plan_recorded_job(snapshot, job, builder)
    is_settled = job.tick is not None and cursor is not None and job.tick <= cursor
    if is_settled:
        return job.finished is None and _plan_stray_job(snapshot, job, builder)
    if job.tick is None and job.finished is not None and snapshot.history is None:
        # Made by a person, and over: whether it is recorded only a list can tell.
        builder.add(LoadHistory())
        return False
    builder.add(CreateRun(_cronjob_run(snapshot.request, name, job.tick, job.metadata.creation_timestamp or now)))
    builder.add(Emit(EventReason.RUN_STARTED, f"started run {name}", about=name))
    return True


def _plan_recorded_job(snapshot: Snapshot, job: Job, builder: PlanBuilder) -> bool:
    missed = next((r for r in snapshot.history or () if r.name == job.metadata.name and r.missed_reason), None)
    if missed is not None and job.finished is None and job.kill is None and job.metadata.name not in snapshot.gone_jobs:
        _kill_stray(job, missed, builder)
    return False


def _plan_stray_job(snapshot: Snapshot, job: Job, builder: PlanBuilder) -> bool:
    """A Job that still runs for a tick whose run is gone: its run was deleted, or finished without it."""
    if snapshot.history is None:
        builder.add(LoadHistory())
    elif job.metadata.deletion_timestamp is None:
        builder.add(DeleteJob(job.metadata.name, job.metadata.uid))
    return False


def _kill_stray(job: Job, record: FinishedRun, builder: PlanBuilder) -> None:
    patch = kill_patch(Kill(KillReason.CANCELED, f"recorded as {record.phase}"))
    name = job.metadata.name
    message = f"ended Job {name}: its tick is recorded as {record.phase} ({record.reason})"
    builder.add(
        KillJob(name, job.metadata.uid, name, patch, 0, None),
        Emit(EventReason.JOB_KILLED, message, warning=True, about=name),
    )


def _cronjob_run(request: ProcessRequest, name: str, tick: datetime | None, created: datetime) -> dict[str, object]:
    trigger = Trigger.MANUAL
    if tick is not None:
        trigger = Trigger.CATCH_UP if created - tick > LATE else Trigger.SCHEDULE
    annotations = {names.ANNOTATION_ENGINE: "CronJob"}
    return run_manifest(request, name=name, trigger=trigger, scheduled=tick, annotations=annotations)
