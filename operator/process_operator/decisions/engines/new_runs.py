"""New runs of a request: the run of a one-shot timing, the ticks of a schedule, or the Jobs of its CronJob.

This module decides which of these ways a request takes. Neighbours: `operator.py` has the ticks of the engine Operator,
`cronjob_runs.py` and `cronjob_takeover.py` those of the engine CronJob.
"""

from __future__ import annotations

from process_operator.decisions.activation.activation import is_suspended, run_name
from process_operator.decisions.concurrency.lock_requests import is_lock_free, lock_blockers
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.engines.claims import claim
from process_operator.decisions.engines.cronjob_active import plan_active
from process_operator.decisions.engines.cronjob_runs import plan_cronjob_jobs, plan_passed_over
from process_operator.decisions.engines.cronjob_takeover import plan_takeover
from process_operator.decisions.engines.operator import OtherRuns, plan_ticks, progress_without_new_runs
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.process_lock import LockRequest
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.actions import CreateRun
from process_operator.decisions.plan.limits import MAX_STARTS
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.ticks.progress import NewRuns, Progress, calendar_of, has_run
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_run import Trigger
from process_operator.timing.run_later import start_window


def plan_new_runs(
    context: DecisionContext, candidates: list[Candidate], wanted_lock: LockRequest | None
) -> Part[NewRuns]:
    """Create the runs that are due, and the records of ticks that are missed."""
    snapshot, cursor = context.snapshot, context.snapshot.status.last_schedule_time
    cannot_create = blocked_now(snapshot, Need.RUN, context.now) is not None
    jobs = part().with_value(0) if cannot_create else plan_cronjob_jobs(snapshot, context.now)
    recorded = jobs.without_value()
    if context.request.spec.timing.schedule is None:
        # The Jobs that a CronJob created before an edit are runs, but none of them is the run of this activation.
        once = part().with_value(0) if cannot_create else _one_shot(context, candidates, wanted_lock)
        return (recorded + once).with_value(NewRuns(Progress(cursor, once.value)))
    idle = Progress(cursor, started=jobs.value)
    if context.acceptance.recurrence is None:
        return recorded.with_value(NewRuns(idle))
    calendar = calendar_of(snapshot, context.acceptance.recurrence)
    if is_suspended(context.activation) or not context.acceptance.is_accepted or context.acceptance.engine is None:
        return recorded.with_value(NewRuns(idle, calendar))
    if cannot_create:
        return part().with_value(NewRuns(progress_without_new_runs(context, calendar), calendar))
    if context.is_own_engine:
        other_runs = OtherRuns(candidates, lock_blockers(context, wanted_lock))
        ticks = plan_ticks(context, calendar, other_runs, _template_to_start(context, candidates, wanted_lock))
        return (recorded + ticks).with_value(NewRuns(ticks.value, calendar))
    passed = plan_passed_over(snapshot, calendar, context.views, context.now)
    taken = plan_takeover(context, calendar, candidates, passed.value)
    progress = Progress(taken.value.cursor, taken.value.started + jobs.value, taken.value.waiting)
    planned = recorded + passed.without_value() + taken.without_value() + plan_active(context)
    return planned.with_value(NewRuns(progress, calendar))


def _template_to_start(
    context: DecisionContext, candidates: list[Candidate], wanted_lock: LockRequest | None
) -> JobTemplate | None:
    """The template, if a run that is created now may start at once."""
    waiting = sum(1 for candidate in candidates if not candidate.started)
    free = waiting < MAX_STARTS if context.policy == ConcurrencyPolicy.ALLOW else not candidates
    return context.acceptance.template if free and is_lock_free(context, wanted_lock) else None


def _one_shot(context: DecisionContext, candidates: list[Candidate], wanted_lock: LockRequest | None) -> Part[int]:
    """Create the one run of the activation. The value is 1 if this counts the run, else 0."""
    snapshot, request, activation = context.snapshot, context.request, context.activation
    assert activation.since is not None
    if activation.runs or is_suspended(activation) or not context.acceptance.is_accepted:
        return part().with_value(0)
    name = run_name(snapshot, activation)
    if has_run(snapshot, name):
        return part().with_value(1)
    later = request.spec.timing.run_later
    if later is None:
        manifest = run_manifest(request, name=name, trigger=Trigger.IMMEDIATE, scheduled=activation.since)
        template = _template_to_start(context, candidates, wanted_lock)
        return part(*claim(request, manifest, template, activation.since)).with_value(1)
    window = start_window(
        later, since=activation.since, starting_deadline_seconds=request.spec.starting_deadline_seconds
    )
    manifest = run_manifest(request, name=name, trigger=Trigger.LATER, scheduled=window.start)
    return part(CreateRun(manifest)).with_value(1)
