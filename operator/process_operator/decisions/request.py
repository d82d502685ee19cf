"""The decision: what to do now about one request, from all that is known of it and the time.

First the activation, then the verdict on the request, then its open runs in their turn, then new runs, the CronJob, what
is to be removed, and the status. Each part adds to a draft (`plan/builder.py`); nothing here does anything. A crash
between any two of the actions is healed by the next decision, because every part looks at what is there and not at what
was done.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from process_operator.decisions.acceptance.acceptance import accept
from process_operator.decisions.acceptance.exclude_from import announce_calendars
from process_operator.decisions.activation.activation import needs_history, next_activation
from process_operator.decisions.activation.clock_repair import reset_cursor
from process_operator.decisions.activation_change import change_activation
from process_operator.decisions.backfill.plan import backfills_without_request, plan_backfills
from process_operator.decisions.concurrency.eligibility import candidates_of
from process_operator.decisions.concurrency.lock_requests import is_lock_free, own_lock_request
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.engines.cronjob_runs import unrecorded_jobs
from process_operator.decisions.engines.cronjob_sync import plan_cronjob, suspend_orphans
from process_operator.decisions.engines.cronjob_takeover import TAKEOVER_AFTER
from process_operator.decisions.engines.new_runs import plan_new_runs
from process_operator.decisions.inputs.blocked import Blocked, Need
from process_operator.decisions.inputs.ownership import is_run_of, is_step_of, own_part, without_false_ticks
from process_operator.decisions.inputs.rejections import blocked_now, reported_at
from process_operator.decisions.inputs.run_view import RunOrders, view_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import CreateRun, LoadHistory
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.retention import plan_retention
from process_operator.decisions.run.conditions import with_conditions
from process_operator.decisions.run.follow import plan_run
from process_operator.decisions.run.open_runs import plan_open_runs
from process_operator.decisions.run.orphans import adopt_runs, working_orphans
from process_operator.decisions.run.steps import plan_steps, plan_stray_steps
from process_operator.decisions.status.blocked import report_blocked
from process_operator.decisions.status.facts import announce, status_facts
from process_operator.decisions.status.notifications import announce_receivers, plan_notifications
from process_operator.decisions.status.request import request_status
from process_operator.decisions.ticks.early_claims import void_claims, withdraw, without_claims
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import RunReason
from process_operator.resources.engine import Engine
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun


def decide(snapshot: Snapshot, now: datetime) -> Plan:
    """Decide about one request at `now` (UTC)."""
    return with_conditions(_decide(own_part(snapshot), now, snapshot), snapshot, now)


def _decide(snapshot: Snapshot, now: datetime, whole: Snapshot, left: Snapshot | None = None) -> Plan:
    """Decide about a request and its own Jobs and runs; `whole` has all of the name, `left` the runs of earlier
    requests."""
    request = snapshot.request
    if request is None or request.metadata.deletion_timestamp is not None:
        return _decide_without_request(snapshot, now)
    own, orphaned_runs = _split_by_owner(snapshot, request)
    if orphaned_runs is not None:
        return _decide_beside_orphaned_runs(own, orphaned_runs, request, now, whole)
    snapshot, ahead = without_claims(snapshot, now)
    if needs_history(snapshot):
        return Plan((LoadHistory(),))
    change = next_activation(snapshot, now)
    if change is not None:
        plan = change_activation(snapshot, change, now)
        no_runs = blocked_now(snapshot, Need.RUN, now)
        is_held = no_runs is not None and any(isinstance(action, CreateRun) for action in plan.actions)
        # What the old activation leaves undecided is recorded first, whatever the edit was.
        return _wait_for(snapshot, no_runs, now) if no_runs is not None and is_held else plan
    back = reset_cursor(snapshot, now)
    if back is not None:
        return back
    acceptance = accept(snapshot, now)
    snapshot = without_false_ticks(snapshot, acceptance.recurrence)
    views = tuple(view_of(snapshot, run) for run in snapshot.runs)
    context = DecisionContext(snapshot, acceptance, views, now, working_orphans(whole, left), whole)
    void = void_claims(context, ahead)
    return Plan(void) if void else _decide_in_force(context)


def _wait_for(snapshot: Snapshot, blocked: Blocked, now: datetime) -> Plan:
    """Nothing can be done before an action works that the API server rejects."""
    plan = report_blocked(snapshot, now) or Plan(status=snapshot.status)
    wakes = (blocked.again_at, reported_at([blocked], now))
    return replace(plan, wake_at=min(filter(None, wakes), default=None))


def _split_by_owner(snapshot: Snapshot, request: ProcessRequest) -> tuple[Snapshot, Snapshot | None]:
    """The request with its own runs, and those of a request that had its name before, if there are any."""
    runs = tuple(run for run in snapshot.runs if is_run_of(run, request))
    steps = tuple(run for run in snapshot.step_runs if _is_step_run_of(run, runs, request))
    if len(runs) == len(snapshot.runs) and len(steps) == len(snapshot.step_runs):
        return snapshot, None
    own = replace(snapshot, runs=runs, step_runs=steps)
    names_of_own = {run.metadata.name for run in (*runs, *steps)}
    orphaned_runs = tuple(run for run in snapshot.runs if run.metadata.name not in names_of_own)
    strange_steps = tuple(run for run in snapshot.step_runs if run.metadata.name not in names_of_own)
    return own, replace(snapshot, request=None, runs=orphaned_runs, step_runs=strange_steps)


def _is_step_run_of(step: ProcessRun, runs: tuple[ProcessRun, ...], request: ProcessRequest) -> bool:
    return is_run_of(step, request) or any(is_step_of(step, run) for run in runs)


def _decide_beside_orphaned_runs(
    own: Snapshot, left: Snapshot, request: ProcessRequest, now: datetime, whole: Snapshot
) -> Plan:
    """Runs of a request that had the name before: those without owner are adopted, others followed to their end."""
    builder = PlanBuilder()
    builder.include(adopt_runs(left, request, now))
    if builder.actions:
        return builder.plan()
    plan, beside = _decide(own, now, whole, left), _decide_without_request(left, now, beside=True)
    wake_at = min(filter(None, (plan.wake_at, beside.wake_at, builder.plan().wake_at)), default=None)
    return replace(plan, actions=(*beside.actions, *plan.actions), wake_at=wake_at)


def _decide_without_request(snapshot: Snapshot, now: datetime, *, beside: bool = False) -> Plan:
    """The request is gone or going: what runs is still followed to its end, nothing new begins.

    `beside`: there is a request of that name, which sees to CronJobs.
    """
    builder = PlanBuilder()
    if snapshot.request is None and not beside:
        suspend_orphans(snapshot, builder)
    snapshot, ahead = without_claims(snapshot, now)
    builder.add(*withdraw(snapshot, ahead))
    for run in snapshot.runs:
        view = view_of(snapshot, run)
        kill = Kill(KillReason.CANCELED, "spec.cancel was set") if run.spec.cancel else None
        reason = (
            RunReason.REQUEST_NOT_FOUND,
            f'there is no ProcessRequest "{snapshot.name}" in namespace {snapshot.namespace}',
        )
        # Beside a request of that name it is about to be adopted, or collected.
        orders = RunOrders(now=now, request=None, kill=kill, holds=None if beside else reason)
        if run.status.steps:
            builder.include(plan_steps(view, orders, snapshot))
        else:
            builder.include(plan_run(view, orders))
    builder.include(plan_stray_steps(snapshot, RunOrders(now=now, request=None)))
    if not beside:
        builder.report_backfills(backfills_without_request(snapshot, now))
    return builder.plan()


def _first_look(context: DecisionContext, tick: datetime | None) -> datetime | None:
    """When to look at the next tick: the CronJob controller has its ticks for itself, and its Jobs make themselves
    heard."""
    engine = context.acceptance.engine
    by_cronjob = engine is not None and engine.engine == Engine.CRON_JOB
    return tick + TAKEOVER_AFTER if tick is not None and by_cronjob else tick


def _decide_in_force(context: DecisionContext) -> Plan:
    """The activation is up to date: everything else."""
    snapshot, acceptance, now = context.snapshot, context.acceptance, context.now
    builder = PlanBuilder()
    if acceptance.ask is not None:
        builder.add(acceptance.ask)
    builder.wake_at(acceptance.again_at)
    candidates = candidates_of(context)
    # New runs come first: what is due now must not wait for what is looked up about others.
    lock_request = own_lock_request(context, candidates)
    progress, calendar = plan_new_runs(context, candidates, lock_request, builder)
    if not any(isinstance(action, CreateRun) and action.job is not None for action in builder.actions):
        # A run that starts now is all of this plan: the many that go on can wait for the next, a moment later.
        builder.report_backfills(builder.include(plan_backfills(context, progress, calendar)))
        builder.include(plan_open_runs(context, candidates, lock_request))
    facts = status_facts(context, progress, calendar, lock_request, builder)
    plan_cronjob(snapshot, acceptance, now, builder, finished=facts.no_tick_left, unrecorded=unrecorded_jobs(snapshot))
    builder.include(plan_retention(snapshot, acceptance.template, now, steps=acceptance.steps))
    status = request_status(snapshot, acceptance, facts, now)
    announce(context, status, builder)
    announce_receivers(snapshot, status, builder)
    builder.include(announce_calendars(snapshot, status))
    plan_notifications(snapshot, now, builder)
    builder.wake_at(_first_look(context, facts.next_run))
    if not builder.actions and is_lock_free(context, lock_request):
        # Whoever may start and does not holds nobody up.
        lock_request = None
    return replace(builder.plan(status), lock_request=lock_request)
