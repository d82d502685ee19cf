"""Takeover of a tick from the CronJob controller: the operator creates the Job that the controller did not create.

The CronJob controller is slow in a burst, drops ticks that it was too late for, and may be down. Ten seconds after a
tick the operator moves the controller's own cursor, `status.lastScheduleTime`, past the tick. This write holds only for
the version of the CronJob that was seen. The operator then creates the very Job that the controller would have created.
If a crash comes in between, the CronJob names the tick that was taken over, and the next decision continues. Without the
takeover the controller meets a Job that it does not know, and loops (seen on Kubernetes 1.36). A tick is also taken over
before it is recorded as Missed or Skipped, so that the controller does not start it later.

`cronjob_runs.py` creates the runs of Jobs, `cronjob_active.py` makes the controller count them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from process_operator.decisions.concurrency.policy import blocking_runs
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.engines.claims import trigger_of
from process_operator.decisions.engines.cronjob_runs import cronjob_jobs
from process_operator.decisions.engines.cronjob_sync import armed_cronjob
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.ownership import own_cronjob
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.cronjobs import cronjob_job_manifest, take_over_patch
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.actions import CreateJob, CreateRun, LoadHistory, TakeOverTick
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.ticks.due import DueTicks, Rules, decide_due_ticks
from process_operator.decisions.ticks.missed_records import record_missed
from process_operator.decisions.ticks.progress import Calendar, Progress, busy_intervals, has_run
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.timing.missed import too_old_at
from process_operator.timing.zone import EPOCH

TAKEOVER_AFTER: Final = timedelta(seconds=10)
"""Time that the controller has for a tick, from when it was due, or from when the run that blocked it ended."""


def plan_takeover(
    context: DecisionContext, calendar: Calendar, candidates: list[Candidate], progress: Progress
) -> Part[Progress]:
    """Take over and start the newest due tick if the controller did not start it. Older ones are recorded later.

    Args:
        context: of a request whose engine is CronJob.
        calendar: its ticks.
        candidates: the runs that may block a new one.
        progress: how far the controller has come.
    """
    unchanged = part().with_value(progress)
    after = max(progress.cursor or calendar.recurrence.floor, calendar.recurrence.floor)
    tick = calendar.recurrence.previous(context.now)
    if tick is None or tick <= after:
        return unchanged
    if context.now < tick + TAKEOVER_AFTER:
        return unchanged.waking_at(tick + TAKEOVER_AFTER)
    cronjob = armed_cronjob(context.snapshot, context.acceptance)
    if cronjob is None:
        return unchanged
    due = _DueTick(context, calendar, cronjob, tick)
    if due.has_job_or_run:
        # The controller crashed before it updated lastScheduleTime. It would run the tick again once the Job is deleted.
        return unchanged if _is_taken_over(cronjob, tick) else part(due.take_over()).with_value(progress)
    if context.snapshot.history is None:
        # The tick may have run and ended. Only a list has finished runs.
        return part(LoadHistory()).with_value(progress)
    due_ticks = _due_ticks(due, candidates, after)
    if due_ticks.waiting:
        waiting = Progress(progress.cursor, progress.started, due_ticks.waiting)
        return part(wake_at=too_old_at(tick, context.request.spec.starting_deadline_seconds)).with_value(waiting)
    return _settle(due, due_ticks, progress)


@dataclass(frozen=True, slots=True)
class _DueTick:
    """A tick that the controller has had its time for."""

    context: DecisionContext
    calendar: Calendar
    cronjob: CronJob
    tick: datetime

    @property
    def name(self) -> str:
        """Name of its run and of its Job."""
        return self.calendar.run_name(self.tick)

    @property
    def has_job_or_run(self) -> bool:
        return self.name in self.context.snapshot.jobs or has_run(self.context.snapshot, self.name)

    def job(self) -> dict[str, Any]:
        """The Job that the controller would have created."""
        template = self.context.acceptance.template
        assert template is not None
        return cronjob_job_manifest(template, self.cronjob, name=self.name, tick=self.tick)

    def take_over(self, job: dict[str, Any] | None = None) -> TakeOverTick:
        """The action that takes the tick over, and creates `job` then."""
        return TakeOverTick(self.cronjob.metadata.name, take_over_patch(self.cronjob, self.tick), job)


def _settle(due: _DueTick, due_ticks: DueTicks, progress: Progress) -> Part[Progress]:
    """Take the tick over, which nothing blocks, and then start it, or record that it is too late."""
    context = due.context
    unblocked_at = _unblocked_since(context) + TAKEOVER_AFTER
    if due_ticks.start and context.now < unblocked_at:
        return part(wake_at=unblocked_at).with_value(progress)
    if not _is_taken_over(due.cronjob, due.tick):
        return part(due.take_over(due.job() if due_ticks.start else None)).with_value(progress)
    if not due_ticks.start:
        return _record_as_missed(due, due_ticks, progress)
    if context.snapshot.observations_of(due.name).create_rejected is None:
        return part(CreateJob(due.name, due.job())).with_value(progress)
    # The API server may accept later what it rejects now. A run of the operator's own can wait, and can be given up.
    trigger = trigger_of(due.tick, context.now)
    manifest = run_manifest(context.request, name=due.name, trigger=trigger, scheduled=due.tick)
    return part(CreateRun(manifest)).with_value(Progress(due.tick, progress.started + 1))


def take_over_left_behind(snapshot: Snapshot, last: datetime) -> TakeOverTick | None:
    """Keep the controller from starting ticks up to `last`, which are about to be recorded; None if it cannot start any."""
    cronjob = own_cronjob(snapshot)
    if cronjob is None or cronjob.suspend or _is_taken_over(cronjob, last):
        return None
    return TakeOverTick(cronjob.metadata.name, take_over_patch(cronjob, last))


def _is_taken_over(cronjob: CronJob, tick: datetime) -> bool:
    """Whether the controller's cursor has passed a tick, so that it does not start the tick any more."""
    return cronjob.last_schedule_time is not None and cronjob.last_schedule_time >= tick


def _due_ticks(due: _DueTick, candidates: list[Candidate], after: datetime) -> DueTicks:
    context, snapshot, spec = due.context, due.context.snapshot, due.context.request.spec
    at_work = [job for job in cronjob_jobs(snapshot) if job.finished is None]
    is_working = any(job.metadata.name not in snapshot.gone_jobs for job in at_work)
    is_blocked_by_job = is_working and context.policy != ConcurrencyPolicy.ALLOW
    return decide_due_ticks(
        due.calendar.recurrence,
        after=after,
        now=context.now,
        rules=Rules(spec.concurrency_policy, spec.catch_up, spec.starting_deadline_seconds),
        blocked=is_blocked_by_job or bool(blocking_runs(context.policy, candidates, due=due.tick)),
        busy_intervals=busy_intervals(snapshot, context.views),
    )


def _record_as_missed(due: _DueTick, due_ticks: DueTicks, progress: Progress) -> Part[Progress]:
    context = due.context
    if any(view.missed_reason is not None for view in context.views):
        # Earlier records are finished first, because the place of the next ones follows from them.
        return part().with_value(progress)
    records = record_missed(context.snapshot, due.calendar, due_ticks.missed, ongoing=False)
    return records.with_value(Progress(records.value, progress.started))


def _unblocked_since(context: DecisionContext) -> datetime:
    """When the newest known Job of this request ended. The controller may have had to wait until then."""
    if context.policy == ConcurrencyPolicy.ALLOW:
        return EPOCH
    ends = [job.finished.last_transition_time for job in context.snapshot.jobs.values() if job.finished is not None]
    return max((end for end in ends if end is not None), default=EPOCH)
