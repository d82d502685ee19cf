"""Decision about one request: the actions to carry out now, the status that follows, and when to decide again.

`decide` works down a list of numbered steps. A step that everything after it depends on ends the decision, and the next
decision continues after it. Nothing here acts: the controller carries out the plan. A crash between any two actions is
corrected by the next decision, because each step looks at what exists and not at what was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from process_operator.decisions.acceptance.acceptance import accept
from process_operator.decisions.acceptance.exclude_from import announce_calendars
from process_operator.decisions.activation.activation import ActivationChange, needs_history, next_activation
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
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.ownership import is_run_of, is_step_of, proven_part, without_false_ticks
from process_operator.decisions.inputs.rejections import blocked_now, reported_at
from process_operator.decisions.inputs.run_view import RunOrders, view_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import CreateRun, FinishRun, LoadHistory
from process_operator.decisions.plan.builder import PlanBuilder, plan_of
from process_operator.decisions.plan.part import earliest
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.retention import plan_retention
from process_operator.decisions.run.conditions import with_conditions
from process_operator.decisions.run.follow import plan_run
from process_operator.decisions.run.open_runs import plan_open_runs
from process_operator.decisions.run.orphans import adopt_runs, working_orphans
from process_operator.decisions.run.rejected_status import without_rejected_statuses
from process_operator.decisions.run.steps import plan_steps, plan_stray_steps
from process_operator.decisions.status.blocked import report_blocked
from process_operator.decisions.status.facts import request_events, status_facts
from process_operator.decisions.status.notifications import plan_notifications, receiver_events
from process_operator.decisions.status.request import request_status
from process_operator.decisions.ticks.early_claims import void_claims, withdraw, without_claims
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import RunReason
from process_operator.resources.engine import Engine
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, ProcessRunStatus


def decide(snapshot: Snapshot, now: datetime) -> Plan:
    """Decide about one request at `now` (UTC)."""
    plan = without_rejected_statuses(_decide(proven_part(snapshot), now, snapshot), snapshot, now)
    return with_conditions(plan, snapshot, now)


def _decide(snapshot: Snapshot, now: datetime, whole: Snapshot, left: Snapshot | None = None) -> Plan:
    """Decide about a request and its own Jobs and runs.

    `whole` also has all other Jobs and runs under its name, `left` only the runs of earlier requests.
    """
    request = snapshot.request
    # 1. If the request is gone, follow its open runs to their ends.
    if request is None or request.metadata.deletion_timestamp is not None:
        return _decide_without_request(snapshot, now)
    # 2. Adopt the runs that an earlier request of this name left, or follow them beside the request's own.
    own, orphaned_runs = _split_by_owner(snapshot, request)
    if orphaned_runs is not None:
        return _decide_beside_orphaned_runs(own, orphaned_runs, request, now, whole)
    # 3. Ignore early claims until their ticks.
    snapshot, early_claims = without_claims(snapshot, now)
    # 4. Write a new activation before anything is created from it.
    if needs_history(snapshot):
        return Plan((LoadHistory(),))
    if (change := next_activation(snapshot, now)) is not None:
        return _change_activation(snapshot, change, now)
    # 5. Reset a cursor that is far ahead of the clock.
    if (reset := reset_cursor(snapshot, now)) is not None:
        return reset
    # 6. Accept or reject the request.
    acceptance = accept(snapshot, now)
    snapshot = without_false_ticks(snapshot, acceptance.recurrence)
    views = tuple(view_of(snapshot, run) for run in snapshot.runs)
    context = DecisionContext(snapshot, acceptance, views, now, working_orphans(whole, left), whole)
    # 7. Withdraw early claims that no longer hold.
    if void := void_claims(context, early_claims):
        return Plan(void)
    # 8. Start, follow and end runs, and report.
    return _decide_in_force(context)


def _decide_in_force(context: DecisionContext) -> Plan:
    """Decide about a request whose activation is up to date."""
    snapshot, acceptance, now = context.snapshot, context.acceptance, context.now
    builder, candidates = PlanBuilder(), candidates_of(context)
    # 1. Look up what the acceptance depends on.
    if acceptance.lookup is not None:
        builder.add(acceptance.lookup)
    builder.wake_at(acceptance.again_at)
    # 2. Work out when the request wants the lock of its Process, if that is shared.
    wanted_lock = own_lock_request(context, candidates)
    # 3. Create the runs that are due. They come first, because a due run must not wait for look-ups about other runs.
    new_runs = plan_new_runs(context, candidates, wanted_lock)
    progress, calendar = new_runs.value.progress, new_runs.value.calendar
    builder.include(new_runs)
    ended: Mapping[str, ProcessRunStatus] = {}
    if not any(isinstance(action, CreateRun) and action.starts for action in new_runs.actions):
        # 4. Create the next runs of backfills, and start, follow and end the open runs. A plan that starts a run does
        #    nothing of this. The next decision does, a moment later.
        builder.report_backfills(builder.include(plan_backfills(context, progress, calendar)))
        open_runs = plan_open_runs(context, candidates, wanted_lock)
        builder.include(open_runs)
        ended = {action.run: action.status for action in open_runs.actions if isinstance(action, FinishRun)}
    # 5. Collect the facts for the status.
    facts = builder.include(status_facts(context, new_runs.value, wanted_lock, ended))
    # 6. Bring the CronJob up to date.
    unrecorded = unrecorded_jobs(snapshot)
    builder.include(plan_cronjob(snapshot, acceptance, now, finished=facts.no_tick_left, unrecorded=unrecorded))
    # 7. Remove runs, Jobs and the request that are over their limits.
    builder.include(plan_retention(snapshot, acceptance.template, now, steps=acceptance.steps))
    # 8. Report the status and its changes, and notify receivers.
    status = request_status(snapshot, acceptance, facts, now)
    builder.add(*request_events(context, status), *receiver_events(snapshot, status))
    builder.include(announce_calendars(snapshot, status))
    builder.include(plan_notifications(snapshot, now))
    # 9. Decide again at the next tick.
    builder.wake_at(_next_decision_at(context, facts.next_run))
    plan = builder.plan(status)
    if not plan.actions and is_lock_free(context, wanted_lock):
        # A request that may start and does not start anything must not block other requests.
        return plan
    return replace(plan, lock_request=wanted_lock)


def _next_decision_at(context: DecisionContext, next_run: datetime | None) -> datetime | None:
    """When to decide about the next run (UTC).

    The CronJob controller starts its ticks itself, and its Jobs cause events. The operator only takes over late ones.
    """
    engine = context.acceptance.engine
    by_cronjob = engine is not None and engine.engine == Engine.CRON_JOB
    return next_run + TAKEOVER_AFTER if next_run is not None and by_cronjob else next_run


def _change_activation(snapshot: Snapshot, change: ActivationChange, now: datetime) -> Plan:
    """Change the activation, but only once the ticks that the old one leaves undecided can be recorded."""
    plan = change_activation(snapshot, change, now)
    no_runs = blocked_now(snapshot, Need.RUN, now)
    if no_runs is None or not any(isinstance(action, CreateRun) for action in plan.actions):
        return plan
    waiting = report_blocked(snapshot, now) or Plan(status=snapshot.status)
    return replace(waiting, wake_at=earliest(no_runs.again_at, reported_at([no_runs], now)))


def _split_by_owner(snapshot: Snapshot, request: ProcessRequest) -> tuple[Snapshot, Snapshot | None]:
    """The request with its own runs, and the runs of earlier requests of its name; None if there are none."""
    runs = tuple(run for run in snapshot.runs if is_run_of(run, request))
    steps = tuple(run for run in snapshot.step_runs if _is_step_run_of(run, runs, request))
    if len(runs) == len(snapshot.runs) and len(steps) == len(snapshot.step_runs):
        return snapshot, None
    own = {run.metadata.name for run in (*runs, *steps)}
    orphaned = replace(
        snapshot,
        request=None,
        runs=tuple(run for run in snapshot.runs if run.metadata.name not in own),
        step_runs=tuple(run for run in snapshot.step_runs if run.metadata.name not in own),
    )
    return replace(snapshot, runs=runs, step_runs=steps), orphaned


def _is_step_run_of(step: ProcessRun, runs: tuple[ProcessRun, ...], request: ProcessRequest) -> bool:
    return is_run_of(step, request) or any(is_step_of(step, run) for run in runs)


def _decide_beside_orphaned_runs(
    own: Snapshot, left: Snapshot, request: ProcessRequest, now: datetime, whole: Snapshot
) -> Plan:
    """Adopt the runs of earlier requests that have no owner. Follow the other ones to their ends.

    The garbage collector deletes a run whose owner is gone, so it needs no adoption.
    """
    adopted = adopt_runs(left, request, now)
    if adopted.actions:
        return plan_of(adopted)
    plan, beside = _decide(own, now, whole, left), _decide_without_request(left, now, beside=True)
    wake_at = earliest(plan.wake_at, beside.wake_at, adopted.wake_at)
    return replace(plan, actions=(*beside.actions, *plan.actions), wake_at=wake_at)


def _decide_without_request(snapshot: Snapshot, now: datetime, *, beside: bool = False) -> Plan:
    """Follow the open runs of a request that is gone to their ends. Start nothing new.

    `beside`: a request of that name exists, whose own decision handles CronJobs and backfills.
    """
    builder = PlanBuilder()
    if snapshot.request is None and not beside:
        builder.include(suspend_orphans(snapshot))
    snapshot, early_claims = without_claims(snapshot, now)
    builder.add(*withdraw(snapshot, early_claims))
    no_request = f'there is no ProcessRequest "{snapshot.name}" in namespace {snapshot.namespace}'
    # Beside a request of that name the run is about to be adopted, or deleted by the garbage collector.
    holds = None if beside else (RunReason.REQUEST_NOT_FOUND, no_request)
    for run in snapshot.runs:
        kill = Kill(KillReason.CANCELED, "spec.cancel was set") if run.spec.cancel else None
        orders = RunOrders(now=now, request=None, kill=kill, wait_reason=holds)
        if run.status.steps:
            builder.include(plan_steps(view_of(snapshot, run), orders, snapshot))
        else:
            builder.include(plan_run(view_of(snapshot, run), orders))
    builder.include(plan_stray_steps(snapshot, RunOrders(now=now, request=None)))
    if not beside:
        builder.report_backfills(backfills_without_request(snapshot, now))
    return builder.plan()
