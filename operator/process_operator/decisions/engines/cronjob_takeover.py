"""The hedge: a tick of a CronJob whose Job does not come is claimed, and started, by the operator.

The CronJob controller is slow in a burst, and forgets what it was too late for; it may also be away. Ten seconds after
a tick the operator moves the controller's own cursor, `status.lastScheduleTime`, past it (the *claim*, which holds only
for the version of the CronJob that was seen) and then makes the very Job that the controller would have made. Whatever
comes in between, what to do next follows from the CronJob: it names the tick that was claimed. Without the claim the
controller meets a Job that it does not know, and loops (seen on Kubernetes 1.36). Ticks that are recorded as Missed or
Skipped are claimed first, too, lest the controller start them after all.

`cronjob_runs.py` makes the runs of Jobs that are there, `cronjob_active.py` has the controller count them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from process_operator.decisions.concurrency.policy import blocking_runs
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.engines.cronjob_runs import cronjob_jobs
from process_operator.decisions.engines.cronjob_sync import armed_cronjob, own_cronjob
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.cronjobs import cronjob_job_manifest, take_over_patch
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.actions import CreateJob, CreateRun, LoadHistory, TakeOverTick
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.ticks.due import DueTicks, Rules, decide_due_ticks
from process_operator.decisions.ticks.missed_records import record_missed
from process_operator.decisions.ticks.progress import LATE, Calendar, Progress, busy_intervals, has_run
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_run import Trigger

TAKEOVER_AFTER: Final = timedelta(seconds=10)
"""How long the controller has a tick for itself, from when it was due, or from when nothing was in its way any more."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def plan_takeover(
    context: DecisionContext, calendar: Calendar, candidates: list[Candidate], progress: Progress, builder: PlanBuilder
) -> Progress:
    """Claim and start the newest due tick where the controller did not; older ones are then recorded as passed over.

    Args:
        situation: of a request whose engine is CronJob.
        calendar: its ticks.
        contenders: the runs that may be in the way of a new one.
        progress: how far the controller has come.
        draft: what is added to.
    """
    after = max(progress.cursor or calendar.recurrence.floor, calendar.recurrence.floor)
    tick = calendar.recurrence.previous(context.now)
    if tick is None or tick <= after:
        return progress
    if context.now < tick + TAKEOVER_AFTER:
        builder.wake_at(tick + TAKEOVER_AFTER)
        return progress
    cronjob = armed_cronjob(context.snapshot, context.acceptance)
    if cronjob is None:
        return progress
    due = _Due(context, calendar, cronjob, tick)
    if due.is_there:
        # The controller did not live to say so, and would start it again when the Job is gone.
        if not _is_taken_over(cronjob, tick):
            builder.add(due.claim())
        return progress
    if context.snapshot.history is None:
        # It may have run, and be over: only a list shows finished runs.
        builder.add(LoadHistory())
        return progress
    due_ticks = _due_ticks(due, candidates, after)
    if due_ticks.waiting:
        _wake_when_too_late(context, tick, builder)
        return Progress(progress.cursor, progress.started, due_ticks.waiting)
    return _settle(due, due_ticks, progress, builder)


@dataclass(frozen=True, slots=True)
class _Due:
    """A tick that the controller had its time for."""

    context: DecisionContext
    calendar: Calendar
    cronjob: CronJob
    tick: datetime

    @property
    def name(self) -> str:
        return self.calendar.run_name(self.tick)

    @property
    def is_there(self) -> bool:
        """Whether it has a Job, or a run."""
        return self.name in self.context.snapshot.jobs or has_run(self.context.snapshot, self.name)

    def job(self) -> dict[str, Any]:
        """Its Job."""
        template = self.context.acceptance.template
        assert template is not None
        return cronjob_job_manifest(template, self.cronjob, name=self.name, tick=self.tick)

    def claim(self, job: dict[str, Any] | None = None) -> TakeOverTick:
        """What takes it from the controller."""
        return TakeOverTick(self.cronjob.metadata.name, take_over_patch(self.cronjob, self.tick), job)


def _settle(due: _Due, due_ticks: DueTicks, progress: Progress, builder: PlanBuilder) -> Progress:
    """Nothing is in the way: claim the tick, and then start it, or record that it is too late."""
    context = due.context
    free_at = _unblocked_since(context) + TAKEOVER_AFTER
    if due_ticks.start and context.now < free_at:
        builder.wake_at(free_at)
        return progress
    if not _is_taken_over(due.cronjob, due.tick):
        builder.add(due.claim(due.job() if due_ticks.start else None))
        return progress
    if not due_ticks.start:
        return _record_as_missed(due, due_ticks, progress, builder)
    if context.snapshot.observations_of(due.name).create_rejected is None:
        builder.add(CreateJob(due.name, due.job()))
        return progress
    # What the server refuses now it may take later: a run of the operator's own has ways to wait, and to give up.
    trigger = Trigger.CATCH_UP if context.now - due.tick > LATE else Trigger.SCHEDULE
    manifest = run_manifest(context.request, name=due.name, trigger=trigger, scheduled=due.tick)
    builder.add(CreateRun(manifest))
    return Progress(due.tick, progress.started + 1)


def take_over_left_behind(snapshot: Snapshot, last: datetime) -> TakeOverTick | None:
    """What keeps the controller from starting ticks up to `last`, which are about to be recorded; None: nothing has
    to."""
    cronjob = own_cronjob(snapshot)
    if cronjob is None or cronjob.suspend or _is_taken_over(cronjob, last):
        return None
    return TakeOverTick(cronjob.metadata.name, take_over_patch(cronjob, last))


def _is_taken_over(cronjob: CronJob, tick: datetime) -> bool:
    """Whether the controller will not start this tick any more."""
    return cronjob.last_schedule_time is not None and cronjob.last_schedule_time >= tick


def _due_ticks(due: _Due, candidates: list[Candidate], after: datetime) -> DueTicks:
    context, snapshot, spec = due.context, due.context.snapshot, due.context.request.spec
    at_work = [job for job in cronjob_jobs(snapshot) if job.finished is None]
    is_working = any(job.metadata.name not in snapshot.gone_jobs for job in at_work)
    is_met = is_working and context.policy != ConcurrencyPolicy.ALLOW
    return decide_due_ticks(
        due.calendar.recurrence,
        after=after,
        now=context.now,
        rules=Rules(spec.concurrency_policy, spec.catch_up, spec.starting_deadline_seconds),
        blocked=is_met or bool(blocking_runs(context.policy, candidates, due=due.tick)),
        busy_intervals=busy_intervals(snapshot, context.views),
    )


def _record_as_missed(due: _Due, due_ticks: DueTicks, progress: Progress, builder: PlanBuilder) -> Progress:
    context = due.context
    if any(view.missed_reason is not None for view in context.views):
        # Those refused before are finished first: where the next ones belong follows from them.
        return progress
    cursor = record_missed(context.snapshot, due.calendar, due_ticks.missed, builder, ongoing=False)
    return Progress(cursor, progress.started)


def _wake_when_too_late(context: DecisionContext, tick: datetime, builder: PlanBuilder) -> None:
    deadline = context.request.spec.starting_deadline_seconds
    if deadline is not None:
        builder.wake_at(tick + timedelta(seconds=deadline + 1))


def _unblocked_since(context: DecisionContext) -> datetime:
    """When the newest Job of this request ended, as far as is known: until then the controller may have had to wait."""
    if context.policy == ConcurrencyPolicy.ALLOW:
        return _LONG_AGO
    ends = [job.finished.last_transition_time for job in context.snapshot.jobs.values() if job.finished is not None]
    return max((end for end in ends if end is not None), default=_LONG_AGO)
