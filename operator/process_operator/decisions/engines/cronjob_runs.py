"""Runs of the engine CronJob: each Job that the CronJob controller created gets a run, and each tick without a Job too.

`cronjob_sync.py` keeps the CronJob itself up to date. Neighbours: `ticks/progress.py`, `ticks/missed_records.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from process_operator.decisions.engines.claims import trigger_of
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.missed_tick import Span
from process_operator.decisions.inputs.ownership import cronjob_of, own_cronjob
from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.jobs import kill_patch
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.actions import CreateRun, DeleteJob, Emit, KillJob, LoadHistory
from process_operator.decisions.plan.part import Part, join, part
from process_operator.decisions.ticks.due import spans_without_job
from process_operator.decisions.ticks.missed_records import record_missed
from process_operator.decisions.ticks.progress import (
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
from process_operator.resources.engine import Engine
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import Trigger
from process_operator.timing.zone import EPOCH


def plan_cronjob_jobs(snapshot: Snapshot, now: datetime) -> Part[int]:
    """Create the run of each Job that the CronJob created, even if the request has changed since.

    The value is the number of these runs.
    """
    planned = [_plan_job(snapshot, job, now) for job in cronjob_jobs(snapshot)]
    return join(planned).with_value(sum(each.value for each in planned))


def plan_passed_over(
    snapshot: Snapshot, calendar: Calendar, views: tuple[RunView, ...], now: datetime
) -> Part[Progress]:
    """Record the ticks for which the CronJob controller created no Job, up to the newest tick that it started.

    A tick that the operator has taken over, and that has no Job, is left to `cronjob_takeover.py`. The value is the
    progress of the schedule.
    """
    recurrence, cursor = calendar.recurrence, snapshot.status.last_schedule_time
    after, cronjob = settled_through(snapshot, recurrence), own_cronjob(snapshot)
    reached = None if cronjob is None or cronjob.last_schedule_time is None else min(cronjob.last_schedule_time, now)
    newest = None if reached is None else recurrence.previous(reached)
    if newest is None or newest <= after:
        return part().with_value(Progress(cursor))
    jobs = {job.tick for job in cronjob_jobs(snapshot)}
    older = spans_without_job(
        recurrence,
        after=after,
        until=recurrence.before(newest) or after,
        policy=calendar.request.spec.concurrency_policy,
        busy_intervals=busy_intervals(snapshot, views),
    )
    has_all = newest in jobs or has_run(snapshot, calendar.run_name(newest))
    if snapshot.history is None and (older or not has_all):
        return part(LoadHistory()).with_value(Progress(cursor))
    spans = without_jobs(older, calendar, jobs)
    records = join(record_missed(snapshot, calendar, (span,), ongoing=False) for span in spans)
    if not has_all and cronjob is not None and newest == cronjob.taken_over_tick:
        before = recurrence.before(newest)
        return records.with_value(Progress(before if before is not None and before > after else cursor))
    if not has_all:
        # The controller has recorded that it started this tick, and its Job is missing. The run finds out why.
        records += part(CreateRun(_cronjob_run(calendar.request, calendar.run_name(newest), newest, now)))
    return records.with_value(Progress(newest))


def without_jobs(spans: Iterable[Span], calendar: Calendar, ticks: set[datetime | None]) -> list[Span]:
    """The spans without the ticks that have a Job."""
    return without_ticks(spans, calendar, [(tick, tick) for tick in ticks if tick is not None])


def cronjob_jobs(snapshot: Snapshot) -> list[Job]:
    """Jobs that the CronJob of this request created (or that a person created from it), oldest first."""
    cronjob = cronjob_of(snapshot, snapshot.uid)
    own = [job for job in snapshot.jobs.values() if cronjob is not None and cronjob.made(job)]
    return sorted(own, key=lambda job: (job.metadata.creation_timestamp or EPOCH, job.metadata.name))


def unrecorded_jobs(snapshot: Snapshot) -> int:
    """Number of Jobs of the CronJob that have no run yet."""
    cursor = snapshot.status.last_schedule_time
    return sum(
        not has_run(snapshot, job.metadata.name) and (cursor is None or job.tick > cursor)
        for job in cronjob_jobs(snapshot)
        if job.tick is not None and job.metadata.name not in snapshot.gone_jobs
    )


def _plan_job(snapshot: Snapshot, job: Job, now: datetime) -> Part[bool]:
    """Create the run of a Job that has none. The value tells whether a run is created."""
    assert snapshot.request is not None
    name, cursor = job.metadata.name, snapshot.status.last_schedule_time
    if name in snapshot.gone_jobs or has_run(snapshot, name):
        return _end_job_of_missed_tick(snapshot, job).with_value(value=False)
    is_settled = job.tick is not None and cursor is not None and job.tick <= cursor
    if is_settled:
        return (part() if job.finished is not None else _remove_job_without_run(snapshot, job)).with_value(value=False)
    if job.tick is None and job.finished is not None and snapshot.history is None:
        # A person created this Job, and it has ended. Only a list tells whether it is recorded.
        return part(LoadHistory()).with_value(value=False)
    created = job.metadata.creation_timestamp or now
    return part(
        CreateRun(_cronjob_run(snapshot.request, name, job.tick, created)),
        Emit(EventReason.RUN_STARTED, f"started run {name}", about=name),
    ).with_value(value=True)


def _end_job_of_missed_tick(snapshot: Snapshot, job: Job) -> Part[None]:
    """End a Job that works although its tick is recorded as missed."""
    missed = next((r for r in snapshot.history or () if r.name == job.metadata.name and r.missed_reason), None)
    is_at_work = job.finished is None and job.kill is None and job.metadata.name not in snapshot.gone_jobs
    return _kill(job, missed) if missed is not None and is_at_work else part()


def _remove_job_without_run(snapshot: Snapshot, job: Job) -> Part[None]:
    """Delete a Job that works for a settled tick, because its run was deleted or finished without it."""
    if snapshot.history is None:
        return part(LoadHistory())
    return part(DeleteJob(job.metadata.name, job.metadata.uid)) if job.metadata.deletion_timestamp is None else part()


def _kill(job: Job, record: FinishedRun) -> Part[None]:
    patch = kill_patch(Kill(KillReason.CANCELED, f"recorded as {record.phase}"))
    name = job.metadata.name
    message = f"ended Job {name}, because its tick is recorded as {record.phase} ({record.reason})"
    return part(
        KillJob(name, job.metadata.uid, name, patch, 0, None),
        Emit(EventReason.JOB_KILLED, message, warning=True, about=name),
    )


def _cronjob_run(request: ProcessRequest, name: str, tick: datetime | None, created: datetime) -> dict[str, object]:
    trigger = Trigger.MANUAL if tick is None else trigger_of(tick, created)
    annotations = {names.ANNOTATION_ENGINE: Engine.CRON_JOB.value}
    return run_manifest(request, name=name, trigger=trigger, scheduled=tick, annotations=annotations)
