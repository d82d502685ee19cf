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

from process_operator.decisions.concurrency.policy import in_the_way
from process_operator.decisions.context import Situation
from process_operator.decisions.engines.cronjob_runs import cronjob_jobs
from process_operator.decisions.engines.cronjob_sync import armed_cronjob, own_cronjob
from process_operator.decisions.inputs.candidate import Contender
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.manifests import claim_patch, cronjob_job_manifest, run_manifest
from process_operator.decisions.plan.actions import ClaimTick, CreateJob, CreateRun, Draft, LoadHistory
from process_operator.decisions.ticks.due import DueTicks, Rules, decide_due_ticks
from process_operator.decisions.ticks.missed_records import refuse
from process_operator.decisions.ticks.progress import LATE, Calendar, Progress, has_run, occupations
from process_operator.resources.batch.workloads import CronJob
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_run import Trigger

HEDGE_AFTER: Final = timedelta(seconds=10)
"""How long the controller has a tick for itself, from when it was due, or from when nothing was in its way any more."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def plan_hedge(
    situation: Situation, calendar: Calendar, contenders: list[Contender], progress: Progress, draft: Draft
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
    tick = calendar.recurrence.previous(situation.now)
    if tick is None or tick <= after:
        return progress
    if situation.now < tick + HEDGE_AFTER:
        draft.wake(tick + HEDGE_AFTER)
        return progress
    cronjob = armed_cronjob(situation.snapshot, situation.acceptance)
    if cronjob is None:
        return progress
    due = _Due(situation, calendar, cronjob, tick)
    if due.is_there:
        # The controller did not live to say so, and would start it again when the Job is gone.
        if not _is_claimed(cronjob, tick):
            draft.do(due.claim())
        return progress
    if situation.snapshot.history is None:
        # It may have run, and be over: only a list shows finished runs.
        draft.do(LoadHistory())
        return progress
    verdict = _verdict(due, contenders, after)
    if verdict.waiting:
        _wake_when_too_late(situation, tick, draft)
        return Progress(progress.cursor, progress.started, verdict.waiting)
    return _settle(due, verdict, progress, draft)


@dataclass(frozen=True, slots=True)
class _Due:
    """A tick that the controller had its time for."""

    situation: Situation
    calendar: Calendar
    cronjob: CronJob
    tick: datetime

    @property
    def name(self) -> str:
        return self.calendar.run_name(self.tick)

    @property
    def is_there(self) -> bool:
        """Whether it has a Job, or a run."""
        return self.name in self.situation.snapshot.jobs or has_run(self.situation.snapshot, self.name)

    def job(self) -> dict[str, Any]:
        """Its Job."""
        template = self.situation.acceptance.template
        assert template is not None
        return cronjob_job_manifest(template, self.cronjob, name=self.name, tick=self.tick)

    def claim(self, job: dict[str, Any] | None = None) -> ClaimTick:
        """What takes it from the controller."""
        return ClaimTick(self.cronjob.metadata.name, claim_patch(self.cronjob, self.tick), job)


def _settle(due: _Due, verdict: DueTicks, progress: Progress, draft: Draft) -> Progress:
    """Nothing is in the way: claim the tick, and then start it, or record that it is too late."""
    situation = due.situation
    free_at = _free_since(situation) + HEDGE_AFTER
    if verdict.start and situation.now < free_at:
        draft.wake(free_at)
        return progress
    if not _is_claimed(due.cronjob, due.tick):
        draft.do(due.claim(due.job() if verdict.start else None))
        return progress
    if not verdict.start:
        return _record_as_refused(due, verdict, progress, draft)
    if situation.snapshot.notes_of(due.name).create_refused is None:
        draft.do(CreateJob(due.name, due.job()))
        return progress
    # What the server refuses now it may take later: a run of the operator's own has ways to wait, and to give up.
    trigger = Trigger.CATCH_UP if situation.now - due.tick > LATE else Trigger.SCHEDULE
    manifest = run_manifest(situation.request, name=due.name, trigger=trigger, scheduled=due.tick)
    draft.do(CreateRun(manifest))
    return Progress(due.tick, progress.started + 1)


def claim_left_behind(snapshot: Snapshot, last: datetime) -> ClaimTick | None:
    """What keeps the controller from starting ticks up to `last`, which are about to be recorded; None: nothing has
    to."""
    cronjob = own_cronjob(snapshot)
    if cronjob is None or cronjob.suspend or _is_claimed(cronjob, last):
        return None
    return ClaimTick(cronjob.metadata.name, claim_patch(cronjob, last))


def _is_claimed(cronjob: CronJob, tick: datetime) -> bool:
    """Whether the controller will not start this tick any more."""
    return cronjob.last_schedule_time is not None and cronjob.last_schedule_time >= tick


def _verdict(due: _Due, contenders: list[Contender], after: datetime) -> DueTicks:
    situation, snapshot, spec = due.situation, due.situation.snapshot, due.situation.request.spec
    at_work = [job for job in cronjob_jobs(snapshot) if job.finished is None]
    is_working = any(job.metadata.name not in snapshot.gone_jobs for job in at_work)
    is_met = is_working and situation.policy != ConcurrencyPolicy.ALLOW
    return decide_due_ticks(
        due.calendar.recurrence,
        after=after,
        now=situation.now,
        rules=Rules(spec.concurrency_policy, spec.catch_up, spec.starting_deadline_seconds),
        blocked=is_met or bool(in_the_way(situation.policy, contenders, due=due.tick)),
        occupations=occupations(snapshot, situation.views),
    )


def _record_as_refused(due: _Due, verdict: DueTicks, progress: Progress, draft: Draft) -> Progress:
    situation = due.situation
    if any(view.refusal is not None for view in situation.views):
        # Those refused before are finished first: where the next ones belong follows from them.
        return progress
    cursor = refuse(situation.snapshot, due.calendar, verdict.refused, draft, ongoing=False)
    return Progress(cursor, progress.started)


def _wake_when_too_late(situation: Situation, tick: datetime, draft: Draft) -> None:
    deadline = situation.request.spec.starting_deadline_seconds
    if deadline is not None:
        draft.wake(tick + timedelta(seconds=deadline + 1))


def _free_since(situation: Situation) -> datetime:
    """When the newest Job of this request ended, as far as is known: until then the controller may have had to wait."""
    if situation.policy == ConcurrencyPolicy.ALLOW:
        return _LONG_AGO
    ends = [job.finished.last_transition_time for job in situation.snapshot.jobs.values() if job.finished is not None]
    return max((end for end in ends if end is not None), default=_LONG_AGO)
