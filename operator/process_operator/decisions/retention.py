"""Which finished runs, Jobs and requests are removed: by number, by age, and only what is recorded.

A run takes its Job along (the run owns it); a Job of the CronJob controller goes first, because it would be recorded
again otherwise. A run is removed only where the *written* cursor covers its tick, or a crash could run the tick again.
Runs over the limit may wait a minute for company: one collection delete removes them all. None goes right after its
end: its name is what keeps a write that is still under way, or another operator that stood still, from running the tick
again.
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
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.status.run_counts import is_counted
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.template.step import StepTemplate
from process_operator.resources.batch.job import Job
from process_operator.resources.conditions import ConditionType
from process_operator.resources.process_request import History
from process_operator.resources.process_run import RunPhase

_PATIENCE: Final = timedelta(minutes=1)
_OTHER: Final = frozenset({RunPhase.MISSED, RunPhase.SKIPPED, RunPhase.CANCELED, RunPhase.UNKNOWN})
_GRACE: Final = timedelta(seconds=30)
"""As long as a call of ours may take: so long after its end a run stays, whatever the limit."""
_LATELY: Final = timedelta(minutes=10)
_MOST: Final = 200
"""Removals of one plan: a tick that comes due need not wait for thousands."""


def plan_retention(
    snapshot: Snapshot,
    template: JobTemplate | None,
    now: datetime,
    builder: PlanBuilder,
    *,
    steps: tuple[StepTemplate, ...] = (),
) -> None:
    """Add the removals that are due. `template` or `steps` is what the request runs, where that is known."""
    request = snapshot.request
    assert request is not None
    if template is not None:
        _job_ttl(snapshot, template, now, builder)
    _step_job_ttl(snapshot, steps, now, builder)
    _remove_ended_while_suspended(snapshot, builder)
    _request_ttl(snapshot, now, builder)
    if snapshot.history is None:
        if request.spec.history.max_age is not None or _may_be_over_limit(snapshot, now) or _lacks_room(snapshot, now):
            builder.add(LoadHistory())
        return
    expired = {run.name: run for run in _too_old(snapshot, now, builder)}
    excess = [run for run in _over_limit(snapshot) if run.name not in expired]
    ends = sorted(map(_ended, excess))
    batch = snapshot.defaults.retention_batch
    # When the oldest has waited long enough, or so many can go that it is worth a request.
    patience = _GRACE if is_quota_full(snapshot) else _PATIENCE
    due = min([*(end + patience for end in ends[:1]), *(end + _GRACE for end in ends[batch - 1 : batch])], default=None)
    if due is not None and now >= due:
        expired.update((run.name, run) for run in excess if now >= _ended(run) + _GRACE)
    else:
        builder.wake_at(due)
    if not expired and _lacks_room(snapshot, now):
        expired.update((run.name, run) for run in _in_the_place_of_a_run(snapshot, now, builder))
    _remove(snapshot, sorted(expired.values(), key=_order)[:_MOST], builder)


def _lacks_room(snapshot: Snapshot, now: datetime) -> bool:
    """Whether a quota has no room for a run, and no room was made for it a moment ago."""
    found = blocked_now(snapshot, Need.RUN, now)
    if found is None or not is_quota_full(snapshot):
        return False
    return found.room_made_at is None or not found.room_made_at <= now < found.room_made_at + ROOM_INTERVAL


def _in_the_place_of_a_run(snapshot: Snapshot, now: datetime, builder: PlanBuilder) -> Iterable[FinishedRun]:
    """The finished run that makes room for one that is due: the record of a miss, else the oldest at its limit."""
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
    found = next((run for run in candidates if now >= _ended(run) + _GRACE), None)
    if found is not None:
        return (found,)
    builder.wake_at(min((_ended(run) + _GRACE for run in candidates), default=None))
    return ()


def _may_be_over_limit(snapshot: Snapshot, now: datetime) -> bool:
    """Whether a run has finished lately, before this process began, or will: then another may have to go for it."""
    last = snapshot.status.last_run_time
    if last is not None and last <= now < last + _LATELY:
        return True
    if any(run.status.steps for run in snapshot.runs):
        return True
    jobs = (snapshot.jobs.get(run.metadata.name) for run in snapshot.runs)
    return any(job is not None and not (job.is_paused or job.waits_for_start) for job in jobs)


def _remove(snapshot: Snapshot, runs: list[FinishedRun], builder: PlanBuilder) -> None:
    if not runs:
        return
    for run in runs:
        job = snapshot.jobs.get(run.name)
        if run.by_cronjob and job is not None and job.finished is not None and run.name not in snapshot.gone_jobs:
            builder.add(DeleteJob(run.name, job.metadata.uid))
    builder.add(DeleteRuns({run.name: run.uid for run in runs}))


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
    """Phases that count together, and how many runs of them are kept."""
    return (
        (frozenset({RunPhase.SUCCEEDED}), limits.successful),
        (frozenset({RunPhase.FAILED}), limits.failed),
        (_OTHER, limits.other),
    )


def _is_any_over_limit(history: tuple[FinishedRun, ...], limits: History) -> bool:
    """Looked at first, because to sort thousands of runs takes long."""
    counts = Counter(run.phase for run in history)
    return any(sum(counts[phase] for phase in phases) > limit for phases, limit in _limited(limits))


def _too_old(snapshot: Snapshot, now: datetime, builder: PlanBuilder) -> Iterable[FinishedRun]:
    assert snapshot.request is not None and snapshot.history is not None
    max_age = snapshot.request.spec.history.max_age
    if max_age is None:
        return
    for run in snapshot.history:
        if now >= _ended(run) + max_age:
            if _is_covered(snapshot, run):
                yield run
        else:
            builder.wake_at(_ended(run) + max_age)


def _is_covered(snapshot: Snapshot, run: FinishedRun) -> bool:
    """Whether the status on the server counts the run and settles its tick or activation, and no row needs it."""
    last = run.summary.to if run.summary is not None else run.scheduled
    # The newest record of a row of refused ticks is still needed to go on with the row.
    is_needed = bool(run.missed_reason) and last is not None and last == _written_cursor(snapshot)
    return _is_settled(snapshot, run) and not is_needed


def _written_cursor(snapshot: Snapshot) -> datetime | None:
    assert snapshot.request is not None
    return snapshot.request.status.last_schedule_time


def _is_settled(snapshot: Snapshot, run: FinishedRun) -> bool:
    """Whether the status on the server counts the run, and keeps its tick or activation from being run again."""
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
    """Whether the written status of the backfill, if there is still one, says that this tick is done."""
    backfill = next((b for b in snapshot.backfills if b.metadata.name == mark.name), None)
    if backfill is None or backfill.status.phase.is_finished:
        return True
    through = backfill.status.last_scheduled_time
    return through is not None and mark.tick <= through


def _job_ttl(snapshot: Snapshot, template: JobTemplate, now: datetime, builder: PlanBuilder) -> None:
    """`ttlSecondsAfterFinished` of the template: taken out of the Job, honoured after the record."""
    if template.ttl_seconds_after_finished is None:
        return
    ttl = timedelta(seconds=template.ttl_seconds_after_finished)
    recorded = {run.name for run in snapshot.history or ()}
    for name, job in snapshot.jobs.items():
        condition = job.finished
        if condition is None or name in snapshot.gone_jobs or condition.last_transition_time is None:
            continue
        if now < condition.last_transition_time + ttl:
            builder.wake_at(condition.last_transition_time + ttl)
        elif snapshot.history is None:
            builder.add(LoadHistory())
        elif name in recorded or _is_left_over(snapshot, job):
            builder.add(DeleteJob(name, job.metadata.uid))


def _step_job_ttl(snapshot: Snapshot, steps: tuple[StepTemplate, ...], now: datetime, builder: PlanBuilder) -> None:
    """The same for the Jobs of steps, whose ends the run with the steps has recorded."""
    given = {step.name: step.template.ttl_seconds_after_finished for step in steps}
    ttls = {name: timedelta(seconds=ttl) for name, ttl in given.items() if ttl is not None}
    if not ttls:
        return
    listed = [run.status.steps or () for run in snapshot.runs] + [run.steps for run in snapshot.history or ()]
    recorded = {step.run: step.name for of in listed for step in of if step.phase is not None}
    for name, job in snapshot.jobs.items():
        condition, step = job.finished, recorded.get(name)
        if condition is None or name in snapshot.gone_jobs or condition.last_transition_time is None:
            continue
        if step is None:
            if snapshot.history is None:
                builder.add(LoadHistory())
        elif (ttl := ttls.get(step)) is not None:
            due = condition.last_transition_time + ttl
            if now < due:
                builder.wake_at(due)
            else:
                builder.add(DeleteJob(name, job.metadata.uid))


def _remove_ended_while_suspended(snapshot: Snapshot, builder: PlanBuilder) -> None:
    """Delete the Jobs that were to end while somebody else kept them suspended: a deadline does not end these.

    That follows the record of the run at once (`run/follow.py`); here is what an operator that died in between left.
    """
    ended = [job for job in snapshot.jobs.values() if job.kill is not None and job.is_suspended_by_others]
    if not ended:
        return
    open_runs = {run.metadata.name for run in (*snapshot.runs, *snapshot.step_runs)}
    for job in ended:
        if job.metadata.name not in open_runs and job.metadata.name not in snapshot.gone_jobs:
            builder.add(DeleteJob(job.metadata.name, job.metadata.uid))


def _is_left_over(snapshot: Snapshot, job: Job) -> bool:
    """Whether the run of a CronJob's finished Job was deleted: it is not open, and none will be made for it any more.

    A Job whose owner is a run goes with it.
    """
    if job.controller is None or job.controller.kind != "CronJob":
        return False
    cursor = snapshot.status.last_schedule_time
    is_settled = job.tick is not None and cursor is not None and job.tick <= cursor
    return is_settled and all(run.metadata.name != job.metadata.name for run in snapshot.runs)


def _request_ttl(snapshot: Snapshot, now: datetime, builder: PlanBuilder) -> None:
    assert snapshot.request is not None
    ttl = snapshot.request.spec.ttl_seconds_after_finished
    if ttl is None or snapshot.runs:
        return
    written = snapshot.request.status
    for condition in written.conditions:
        if (
            condition.type in (ConditionType.COMPLETE, ConditionType.FAILED)
            and condition.last_transition_time is not None
        ):
            at = condition.last_transition_time + timedelta(seconds=ttl)
            if now >= at:
                builder.add(DeleteRequest(snapshot.uid))
            else:
                builder.wake_at(at)


def _ended(run: FinishedRun) -> datetime:
    return run.end or run.created


def _order(run: FinishedRun) -> tuple[datetime, str]:
    return run.scheduled or run.created, run.name
