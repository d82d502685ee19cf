"""New runs of a request: the one of a one-shot stretch, the ticks of a schedule, the Jobs of its CronJob.

`operator.py` knows the ticks; here is decided which of these ways the request has. Neighbour: `context.py`.
"""

from __future__ import annotations

from process_operator.decisions.activation.activation import is_suspended, run_name
from process_operator.decisions.concurrency.lock_requests import may_enter, others_in_the_way
from process_operator.decisions.context import Situation
from process_operator.decisions.engines.cronjob_active import plan_active
from process_operator.decisions.engines.cronjob_runs import plan_cronjob_jobs, plan_passed_over
from process_operator.decisions.engines.cronjob_takeover import plan_hedge
from process_operator.decisions.engines.operator import claim, plan_ticks, undecided_ticks
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.candidate import Contender
from process_operator.decisions.inputs.process_lock import Ask
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.manifests.manifests import run_manifest
from process_operator.decisions.plan.actions import CreateRun, Draft
from process_operator.decisions.plan.limits import MAX_STARTS
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.ticks.progress import Calendar, Progress, calendar_of
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_run import Trigger
from process_operator.timing.run_later import start_window


def plan_new_runs(
    situation: Situation, contenders: list[Contender], ask: Ask | None, draft: Draft
) -> tuple[Progress, Calendar | None]:
    """Claim what is due; how far the schedule is then, and its calendar where it has one."""
    snapshot, cursor = situation.snapshot, situation.snapshot.status.last_schedule_time
    no_runs = blocked_now(snapshot, Need.RUN, situation.now)
    made = plan_cronjob_jobs(snapshot, situation.now, draft) if no_runs is None else 0
    if situation.request.spec.timing.schedule is None:
        # Jobs that a CronJob made before an edit are runs, but not the one of this stretch.
        return Progress(cursor, started=0 if no_runs else _one_shot(situation, contenders, ask, draft)), None
    idle = Progress(cursor, started=made)
    if situation.acceptance.recurrence is None:
        return idle, None
    calendar = calendar_of(snapshot, situation.acceptance.recurrence)
    if is_suspended(situation.stretch) or not situation.acceptance.is_accepted or situation.acceptance.engine is None:
        return idle, calendar
    if no_runs is not None:
        return Progress(cursor, waiting=undecided_ticks(situation, calendar)), calendar
    if situation.is_own_engine:
        others, at_once = others_in_the_way(situation, ask), _at_once(situation, contenders, ask)
        return plan_ticks(situation, calendar, contenders, others, at_once, draft), calendar
    progress = plan_passed_over(snapshot, calendar, situation.views, situation.now, draft)
    progress = plan_hedge(situation, calendar, contenders, progress, draft)
    plan_active(situation, draft)
    return Progress(progress.cursor, progress.started + made, progress.waiting), calendar


def _at_once(situation: Situation, contenders: list[Contender], ask: Ask | None) -> JobTemplate | None:
    """The template, where a run that is claimed now need not wait for its turn."""
    waiting = sum(1 for contender in contenders if not contender.started)
    free = waiting < MAX_STARTS if situation.policy == ConcurrencyPolicy.ALLOW else not contenders
    free = free and may_enter(situation, ask)
    return situation.acceptance.template if free else None


def _one_shot(situation: Situation, contenders: list[Contender], ask: Ask | None, draft: Draft) -> int:
    """Claim the one run of the stretch; 1 where that is done now."""
    snapshot, request, stretch = situation.snapshot, situation.request, situation.stretch
    assert stretch.since is not None
    if stretch.runs or is_suspended(stretch) or not situation.acceptance.is_accepted:
        return 0
    name = run_name(snapshot, stretch)
    if any(view.name == name for view in situation.views) or any(run.name == name for run in snapshot.history or ()):
        return 1
    later = request.spec.timing.run_later
    if later is None:
        manifest = run_manifest(request, name=name, trigger=Trigger.IMMEDIATE, scheduled=stretch.since)
        draft.do(*claim(request, manifest, _at_once(situation, contenders, ask), stretch.since))
        return 1
    window = start_window(later, since=stretch.since, starting_deadline_seconds=request.spec.starting_deadline_seconds)
    draft.do(CreateRun(run_manifest(request, name=name, trigger=Trigger.LATER, scheduled=window.start)))
    return 1
