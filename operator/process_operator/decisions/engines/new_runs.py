"""New runs of a request: the one of a one-shot activation, the ticks of a schedule, the Jobs of its CronJob.

`operator.py` knows the ticks; here is decided which of these ways the request has. Neighbour: `context.py`.
"""

from __future__ import annotations

from process_operator.decisions.activation.activation import is_suspended, run_name
from process_operator.decisions.concurrency.lock_requests import is_lock_free, lock_blockers
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.engines.cronjob_active import plan_active
from process_operator.decisions.engines.cronjob_runs import plan_cronjob_jobs, plan_passed_over
from process_operator.decisions.engines.cronjob_takeover import plan_takeover
from process_operator.decisions.engines.operator import claim, plan_ticks, waiting_ticks
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.process_lock import LockRequest
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.actions import CreateRun
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.plan.limits import MAX_STARTS
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.ticks.progress import Calendar, Progress, calendar_of
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_run import Trigger
from process_operator.timing.run_later import start_window


def plan_new_runs(
    context: DecisionContext, candidates: list[Candidate], wanted_lock: LockRequest | None, builder: PlanBuilder
) -> tuple[Progress, Calendar | None]:
    """Claim what is due; how far the schedule is then, and its calendar where it has one."""
    snapshot, cursor = context.snapshot, context.snapshot.status.last_schedule_time
    no_runs = blocked_now(snapshot, Need.RUN, context.now)
    made = plan_cronjob_jobs(snapshot, context.now, builder) if no_runs is None else 0
    if context.request.spec.timing.schedule is None:
        # Jobs that a CronJob made before an edit are runs, but not the one of this activation.
        return Progress(cursor, started=0 if no_runs else _one_shot(context, candidates, wanted_lock, builder)), None
    idle = Progress(cursor, started=made)
    if context.acceptance.recurrence is None:
        return idle, None
    calendar = calendar_of(snapshot, context.acceptance.recurrence)
    if is_suspended(context.activation) or not context.acceptance.is_accepted or context.acceptance.engine is None:
        return idle, calendar
    if no_runs is not None:
        return Progress(cursor, waiting=waiting_ticks(context, calendar)), calendar
    if context.is_own_engine:
        others, at_once = lock_blockers(context, wanted_lock), _at_once(context, candidates, wanted_lock)
        return plan_ticks(context, calendar, candidates, others, at_once, builder), calendar
    progress = plan_passed_over(snapshot, calendar, context.views, context.now, builder)
    progress = plan_takeover(context, calendar, candidates, progress, builder)
    plan_active(context, builder)
    return Progress(progress.cursor, progress.started + made, progress.waiting), calendar


def _at_once(
    context: DecisionContext, candidates: list[Candidate], wanted_lock: LockRequest | None
) -> JobTemplate | None:
    """The template, where a run that is claimed now need not wait for its turn."""
    waiting = sum(1 for candidate in candidates if not candidate.started)
    free = waiting < MAX_STARTS if context.policy == ConcurrencyPolicy.ALLOW else not candidates
    free = free and is_lock_free(context, wanted_lock)
    return context.acceptance.template if free else None


def _one_shot(
    context: DecisionContext, candidates: list[Candidate], wanted_lock: LockRequest | None, builder: PlanBuilder
) -> int:
    """Claim the one run of the activation; 1 where that is done now."""
    snapshot, request, activation = context.snapshot, context.request, context.activation
    assert activation.since is not None
    if activation.runs or is_suspended(activation) or not context.acceptance.is_accepted:
        return 0
    name = run_name(snapshot, activation)
    if any(view.name == name for view in context.views) or any(run.name == name for run in snapshot.history or ()):
        return 1
    later = request.spec.timing.run_later
    if later is None:
        manifest = run_manifest(request, name=name, trigger=Trigger.IMMEDIATE, scheduled=activation.since)
        builder.add(*claim(request, manifest, _at_once(context, candidates, wanted_lock), activation.since))
        return 1
    window = start_window(
        later, since=activation.since, starting_deadline_seconds=request.spec.starting_deadline_seconds
    )
    builder.add(CreateRun(run_manifest(request, name=name, trigger=Trigger.LATER, scheduled=window.start)))
    return 1
