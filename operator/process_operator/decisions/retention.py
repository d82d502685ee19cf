"""Retention: which finished runs, Jobs and requests are deleted, by number and by age, once they are recorded.

The garbage collector deletes the Job of a deleted run, because the run owns it. A Job of the CronJob controller is
deleted before its run, because the operator would record it again otherwise. A run is deleted only if the *written*
cursor covers its tick, or the tick could run again after a crash. Runs over the limit wait up to a minute, so that one
collection delete removes many. A run is kept for 30 seconds after its end, because its name keeps a late write from
running the tick again. This operator, or one that was stopped, may have sent that write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.history import BackfillMark, FinishedRun
from process_operator.decisions.inputs.rejections import ROOM_INTERVAL, blocked_now, is_quota_full
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import DeleteJob, DeleteRequest, DeleteRuns, LoadHistory
from process_operator.decisions.plan.part import Part, earliest, join, part
from process_operator.decisions.status.run_counts import is_counted
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.template.step import StepTemplate
from process_operator.resources.batch.job import Job
from process_operator.resources.conditions import ConditionType
from process_operator.resources.kinds import CRONJOB
from process_operator.resources.process_request import History
from process_operator.resources.process_run import RunPhase

_BATCH_DELAY: Final = timedelta(minutes=1)
"""Maximum time that the oldest run over the limit waits for others to be deleted with it."""
_OTHER: Final = frozenset({RunPhase.MISSED, RunPhase.SKIPPED, RunPhase.CANCELED, RunPhase.UNKNOWN})
_MIN_AGE: Final = timedelta(seconds=30)
"""Minimum time between the end of a run and its deletion: the longest duration of one API call."""
_RECENT: Final = timedelta(minutes=10)
_MAX_DELETIONS: Final = 200
"""Maximum number of deletions in one plan, so that a due tick does not wait for thousands."""


def plan_retention(
    snapshot: Snapshot, template: JobTemplate | None, now: datetime, *, steps: tuple[StepTemplate, ...] = ()
) -> Part[None]:
    """Decide which deletions are due. `template` or `steps` is what the request runs, if that is known."""
    job_ttl = _job_ttl(snapshot, template, now) if template is not None else part()
    beside = job_ttl + _step_job_ttl(snapshot, steps, now) + _delete_ended_while_suspended(snapshot)
    return beside + _request_ttl(snapshot, now) + _delete_runs(snapshot, now)


def _delete_runs(snapshot: Snapshot, now: datetime) -> Part[None]:
    request = snapshot.request
    assert request is not None
    if snapshot.history is None:
        has_max_age = request.spec.history.max_age is not None
        is_needed = has_max_age or _may_be_over_limit(snapshot, now) or _lacks_room(snapshot, now)
        return part(LoadHistory()) if is_needed else part()
    too_old = _too_old(snapshot, now)
    expired = {run.name: run for run in too_old.value}
    excess = [run for run in _over_limit(snapshot) if run.name not in expired]
    due = _excess_due(snapshot, excess)
    wait: Part[None] = part()
    if due is not None and now >= due:
        expired.update((run.name, run) for run in excess if now >= _ended(run) + _MIN_AGE)
    else:
        wait = part(wake_at=due)
    if not expired and _lacks_room(snapshot, now):
        for_room = _for_room(snapshot, now)
        expired.update((run.name, run) for run in for_room.value)
        wait += for_room.without_value()
    return too_old.without_value() + wait + _delete(snapshot, sorted(expired.values(), key=_order)[:_MAX_DELETIONS])


def _excess_due(snapshot: Snapshot, excess: list[FinishedRun]) -> datetime | None:
    """The instant (UTC) at which runs over the limit are deleted: the oldest has waited enough, or a batch is full."""
    ends = sorted(map(_ended, excess))
    batch = snapshot.defaults.retention_batch
    delay = _MIN_AGE if is_quota_full(snapshot) else _BATCH_DELAY
    return earliest(*(end + delay for end in ends[:1]), *(end + _MIN_AGE for end in ends[batch - 1 : batch]))


def _lacks_room(snapshot: Snapshot, now: datetime) -> bool:
    """Whether a quota has no room for a run, and none was made within the last ten seconds."""
    found = blocked_now(snapshot, Need.RUN, now)
    if found is None or not is_quota_full(snapshot):
        return False
    return found.room_made_at is None or not found.room_made_at <= now < found.room_made_at + ROOM_INTERVAL


def _for_room(snapshot: Snapshot, now: datetime) -> Part[tuple[FinishedRun, ...]]:
    """The finished run that makes room for a due one: the record of a missed tick, else the oldest at its limit."""
    assert snapshot.request is not None and snapshot.history is not None
    removable = [run for run in sorted(snapshot.history, key=_order) if _is_settled(snapshot, run)]
    records = [run for run in removable if run.phase in (RunPhase.MISSED, RunPhase.SKIPPED)]
    at_limit = [
        run
        for phases, limit in _limited(snapshot.request.spec.history)
        if len(group := [run for run in removable if run.phase in phases]) >= limit
        for run in group[:1]
    ]
    candidates = [*records, *sorted(at_limit, key=_order)]
    found = next((run for run in candidates if now >= _ended(run) + _MIN_AGE), None)
    if found is not None:
        return Part((), None, (found,))
    return Part((), earliest(*(_ended(run) + _MIN_AGE for run in candidates)), ())


def _may_be_over_limit(snapshot: Snapshot, now: datetime) -> bool:
    """Whether a run finished within ten minutes, or will finish, so another may have to be deleted for it."""
    last = snapshot.status.last_run_time
    if last is not None and last <= now < last + _RECENT:
        return True
    if any(run.status.steps for run in snapshot.runs):
        return True
    jobs = (snapshot.jobs.get(run.metadata.name) for run in snapshot.runs)
    return any(job is not None and not (job.is_paused or job.waits_for_start) for job in jobs)


def _delete(snapshot: Snapshot, runs: list[FinishedRun]) -> Part[None]:
    if not runs:
        return part()
    deletions = []
    for run in runs:
        job = snapshot.jobs.get(run.name)
        if run.by_cronjob and job is not None and job.finished is not None and run.name not in snapshot.gone_jobs:
            deletions.append(DeleteJob(run.name, job.metadata.uid))
    return part(*deletions, DeleteRuns({run.name: run.uid for run in runs}))


def _over_limit(snapshot: Snapshot) -> Iterable[FinishedRun]:
    assert snapshot.request is not None and snapshot.history is not None
    limits = snapshot.request.spec.history
    if not _is_any_over_limit(snapshot.history, limits):
        return
    removable = [run for run in sorted(snapshot.history, key=_order) if _is_covered(snapshot, run)]
    for phases, limit in _limited(limits):
        group = [run for run in removable if run.phase in phases]
        yield from group[: max(0, len(group) - limit)]


def _limited(limits: History) -> tuple[tuple[frozenset[RunPhase], int], ...]:
    """Phases that are counted together, and the number of their runs to keep."""
    return (
        (frozenset({RunPhase.SUCCEEDED}), limits.successful),
        (frozenset({RunPhase.FAILED}), limits.failed),
        (_OTHER, limits.other),
    )


def _is_any_over_limit(history: tuple[FinishedRun, ...], limits: History) -> bool:
    """Whether any limit is exceeded. This is checked first, because sorting thousands of runs takes long."""
    counts = Counter(run.phase for run in history)
    return any(sum(counts[phase] for phase in phases) > limit for phases, limit in _limited(limits))


def _too_old(snapshot: Snapshot, now: datetime) -> Part[list[FinishedRun]]:
    assert snapshot.request is not None and snapshot.history is not None
    max_age = snapshot.request.spec.history.max_age
    if max_age is None:
        return Part((), None, [])
    too_old = [run for run in snapshot.history if now >= _ended(run) + max_age and _is_covered(snapshot, run)]
    return Part((), earliest(*(at for run in snapshot.history if (at := _ended(run) + max_age) > now)), too_old)


def _is_covered(snapshot: Snapshot, run: FinishedRun) -> bool:
    """Whether the written status counts the run and settles its tick or activation, and no row needs it."""
    last = run.summary.to if run.summary is not None else run.scheduled
    # The newest record of a row of missed ticks is still needed to continue the row.
    is_needed = bool(run.missed_reason) and last is not None and last == _written_cursor(snapshot)
    return _is_settled(snapshot, run) and not is_needed


def _written_cursor(snapshot: Snapshot) -> datetime | None:
    assert snapshot.request is not None
    return snapshot.request.status.last_schedule_time


def _is_settled(snapshot: Snapshot, run: FinishedRun) -> bool:
    """Whether the written status counts the run, and prevents a second run of its tick or activation."""
    assert snapshot.request is not None
    written = snapshot.request.status
    if not is_counted(written.counts, run):
        return False
    if run.backfill is not None:
        return _is_counted(snapshot, run.backfill)
    if run.scheduled is None:
        return True
    if snapshot.request.spec.timing.schedule is None:
        return written.activation is not None and written.activation.runs > 0
    last = run.summary.to if run.summary is not None else run.scheduled
    return written.last_schedule_time is not None and last <= written.last_schedule_time


def _is_counted(snapshot: Snapshot, mark: BackfillMark) -> bool:
    """Whether the written status of the backfill covers this tick. True if there is no backfill any more."""
    backfill = next((b for b in snapshot.backfills if b.metadata.name == mark.name), None)
    if backfill is None or backfill.status.phase.is_finished:
        return True
    through = backfill.status.last_scheduled_time
    return through is not None and mark.tick <= through


def _job_ttl(snapshot: Snapshot, template: JobTemplate, now: datetime) -> Part[None]:
    """Apply `ttlSecondsAfterFinished` of the template. The Job does not have it, so that the operator can record it."""
    if template.ttl_seconds_after_finished is None:
        return part()
    ttl = timedelta(seconds=template.ttl_seconds_after_finished)
    recorded = {run.name for run in snapshot.history or ()}
    parts = []
    for name, job in snapshot.jobs.items():
        condition = job.finished
        if condition is None or name in snapshot.gone_jobs or condition.last_transition_time is None:
            continue
        if now < condition.last_transition_time + ttl:
            parts.append(part(wake_at=condition.last_transition_time + ttl))
        elif snapshot.history is None:
            parts.append(part(LoadHistory()))
        elif name in recorded or _is_left_over(snapshot, job):
            parts.append(part(DeleteJob(name, job.metadata.uid)))
    return join(parts)


def _step_job_ttl(snapshot: Snapshot, steps: tuple[StepTemplate, ...], now: datetime) -> Part[None]:
    """Apply the same to the Jobs of steps, whose ends the run with the steps has recorded."""
    given = {step.name: step.template.ttl_seconds_after_finished for step in steps}
    ttls = {name: timedelta(seconds=ttl) for name, ttl in given.items() if ttl is not None}
    if not ttls:
        return part()
    listed = [run.status.steps or () for run in snapshot.runs] + [run.steps for run in snapshot.history or ()]
    recorded = {step.run: step.name for of in listed for step in of if step.phase is not None}
    parts = []
    for name, job in snapshot.jobs.items():
        condition, step = job.finished, recorded.get(name)
        if condition is None or name in snapshot.gone_jobs or condition.last_transition_time is None:
            continue
        if step is None:
            parts.append(part(LoadHistory()) if snapshot.history is None else part())
        elif (ttl := ttls.get(step)) is not None:
            due = condition.last_transition_time + ttl
            parts.append(part(wake_at=due) if now < due else part(DeleteJob(name, job.metadata.uid)))
    return join(parts)


def _delete_ended_while_suspended(snapshot: Snapshot) -> Part[None]:
    """Delete the Jobs that the operator ended while another client suspended them. A deadline does not end these.

    The operator deletes this Job together with the record of its run (`run/suspension.py`). This covers a crash
    between the two writes.
    """
    ended = [job for job in snapshot.jobs.values() if job.kill is not None and job.is_suspended_by_others]
    if not ended:
        return part()
    open_runs = {run.metadata.name for run in (*snapshot.runs, *snapshot.step_runs)}
    return part(
        *(
            DeleteJob(job.metadata.name, job.metadata.uid)
            for job in ended
            if job.metadata.name not in open_runs and job.metadata.name not in snapshot.gone_jobs
        )
    )


def _is_left_over(snapshot: Snapshot, job: Job) -> bool:
    """Whether the run of a finished Job of the CronJob was deleted, so it is not open and the operator creates none again.

    A Job whose owner is a run is deleted with it.
    """
    if job.controller is None or job.controller.kind != CRONJOB.kind:
        return False
    cursor = snapshot.status.last_schedule_time
    is_settled = job.tick is not None and cursor is not None and job.tick <= cursor
    return is_settled and all(run.metadata.name != job.metadata.name for run in snapshot.runs)


def _request_ttl(snapshot: Snapshot, now: datetime) -> Part[None]:
    assert snapshot.request is not None
    ttl = snapshot.request.spec.ttl_seconds_after_finished
    if ttl is None or snapshot.runs:
        return part()
    ends = (ConditionType.COMPLETE, ConditionType.FAILED)
    conditions = (condition for condition in snapshot.request.status.conditions if condition.type in ends)
    parts = []
    for condition in conditions:
        if condition.last_transition_time is not None:
            at = condition.last_transition_time + timedelta(seconds=ttl)
            parts.append(part(DeleteRequest(snapshot.uid)) if now >= at else part(wake_at=at))
    return join(parts)


def _ended(run: FinishedRun) -> datetime:
    return run.end or run.created


def _order(run: FinishedRun) -> tuple[datetime, str]:
    return run.scheduled or run.created, run.name
