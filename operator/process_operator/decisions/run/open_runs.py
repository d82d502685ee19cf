"""What each open run is told: start, wait, make room, end, or be suspended.

`concurrency/eligibility.py` says how the runs stand, `concurrency/policy.py` who may start beside whom, `follow.py`
carries the orders over into actions.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from process_operator.decisions.concurrency.eligibility import is_time, own_kill, too_late_at
from process_operator.decisions.concurrency.lock_requests import is_lock_free, lock_wait_message
from process_operator.decisions.concurrency.policy import ConcurrencyDecision, apply_policy
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.missed_tick import MissedReason
from process_operator.decisions.inputs.process_lock import LockRequest
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.plan.actions import LoadHistory
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.plan.limits import MAX_STARTS
from process_operator.decisions.run.follow import plan_run
from process_operator.decisions.run.orphans import plan_orphaned_jobs
from process_operator.decisions.run.steps import plan_steps, plan_stray_steps
from process_operator.decisions.ticks.progress import calendar_of, has_run, runs_left, runs_of_ticks, settled_through
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import RunReason
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import OnSuspend
from process_operator.resources.process_run import RunPhase, StepStatus, Trigger
from process_operator.timing.missed import is_too_old


def plan_open_runs(
    context: DecisionContext, candidates: list[Candidate], wanted_lock: LockRequest | None, builder: PlanBuilder
) -> None:
    """Add what has to be done about every open run, in the order in which they were due.

    `wanted_lock`: when the request wants to start next, where it shares its Process.
    """
    decision = apply_policy(context.policy, candidates, newcomer=_replacing_run(context, builder))
    if not is_lock_free(context, wanted_lock) or _are_enough_refused(context):
        decision = replace(decision, start=())
    held_by = lock_wait_message(context, wanted_lock)
    for view in sorted(context.views, key=lambda view: (view.due, view.name)):
        orders = _orders(context, view, decision, held_by, builder)
        if view.run.status.steps:
            plan_steps(view, orders, context.snapshot, builder)
        else:
            plan_run(view, orders, builder)
    if context.whole is not None:
        plan_orphaned_jobs(context.whole, decision.kill, builder)
    plan_stray_steps(context.snapshot, RunOrders(now=context.now, request=context.request), builder)


def _are_enough_refused(context: DecisionContext) -> bool:
    """Whether the server refuses so many runs for now (a quota is full) that to try another tells nothing new."""
    refused = (view.observations.create_rejected for view in context.views)
    return sum(1 for said in refused if said and said.again_at and said.again_at > context.now) >= MAX_STARTS


def _replacing_run(context: DecisionContext, builder: PlanBuilder) -> Candidate | None:
    """The run that the newest due tick will have, where the policy is Replace: older ones make room for it."""
    recurrence = context.acceptance.recurrence
    if context.policy != ConcurrencyPolicy.REPLACE or recurrence is None or not context.claims_ticks:
        return None
    if blocked_now(context.snapshot, Need.RUN, context.now) is not None:
        return None  # nobody has to end for a run that cannot be created
    deadline = context.request.spec.starting_deadline_seconds
    newest = recurrence.previous(recurrence.due_through(context.now))
    if (
        newest is None
        or newest <= (after := settled_through(context.snapshot, recurrence))
        or is_too_old(recurrence.due_at(newest), context.now, deadline)
    ):
        return None
    left = runs_left(context.snapshot, runs_of_ticks(context.snapshot, after, newest))
    if left is not None and left <= 0:
        return None
    name = calendar_of(context.snapshot, recurrence).run_name(newest)
    if context.snapshot.history is None:
        # It may be claimed already, and even be over: then nobody has to go for it.
        builder.add(LoadHistory())
        return None
    return None if has_run(context.snapshot, name) else Candidate(name, recurrence.due_at(newest), started=False)


def _orders(
    context: DecisionContext, view: RunView, decision: ConcurrencyDecision, held_by: str | None, builder: PlanBuilder
) -> RunOrders:
    if view.window is not None and not view.is_started:
        builder.wake_at(view.window.start if context.now < view.window.start else None)
        builder.wake_at(view.window.end + timedelta(seconds=1) if view.window.end is not None else None)
    if (too_late := too_late_at(context, view)) is not None and too_late > context.now:
        # Nobody else may say a word until then: in a queue, what is in the way may work for hours.
        builder.wake_at(too_late)
    kill = own_kill(context, view)
    if kill is None and view.name in (*decision.kill, *decision.overtaken):
        kill = Kill(KillReason.REPLACED, decision.winner or "")
    start = view.name in decision.start and kill is None
    resumed = view.is_paused and not context.is_suspended and not context.has_released_lock(view)
    return RunOrders(
        now=context.now,
        request=context.snapshot.request,
        template=context.acceptance.template if context.acceptance.is_accepted else None,
        may_start=start or resumed,
        kill=kill,
        missed_reason=MissedReason(RunPhase.MISSED, RunReason.TOO_MANY) if view.name in decision.dropped else None,
        pause=_intervals(context, view),
        replaced_by=_newer_cronjob_run(context, view),
        holds=_holds(context, view, held_by),
        steps=_steps_to_begin(context),
        stop_on_failure=_stops_on_failure(context),
        start_timeout=_start_timeout(context),
        rests=_rests(context, view),
    )


def _start_timeout(context: DecisionContext) -> int | None:
    own, process = context.request.spec.start_timeout_seconds, context.snapshot.process
    return own if own is not None or process is None else process.spec.start_timeout_seconds


def _steps_to_begin(context: DecisionContext) -> tuple[StepStatus, ...]:
    return tuple(StepStatus(name=step.name, process=step.process) for step in context.acceptance.steps)


def _stops_on_failure(context: DecisionContext) -> bool:
    process = context.snapshot.process
    return process is None or process.spec.stop_on_failure is not False


def _rests(context: DecisionContext, view: RunView) -> bool:
    """Whether a run with steps makes none while its request is suspended."""
    if not context.is_suspended or view.run.spec.trigger == Trigger.MANUAL:
        return False
    return view.is_paused or context.request.spec.on_suspend == OnSuspend.SUSPEND_RUNNING


def _newer_cronjob_run(context: DecisionContext, view: RunView) -> str | None:
    """The run for which the CronJob controller may have deleted this one's Job: under Replace it leaves no trace."""
    if not view.by_cronjob or context.request.spec.concurrency_policy != ConcurrencyPolicy.REPLACE:
        return None
    newer = [other for other in context.views if other.by_cronjob and other.due > view.due]
    return min(newer, key=lambda other: other.due).name if newer else None


def _intervals(context: DecisionContext, view: RunView) -> bool:
    request = context.request
    wanted = context.is_suspended and request.spec.on_suspend == OnSuspend.SUSPEND_RUNNING
    return wanted and view.is_started and not view.is_paused and view.run.spec.trigger != Trigger.MANUAL


def _holds(context: DecisionContext, view: RunView, held_by: str | None) -> tuple[str, str] | None:
    if context.acceptance.reason:
        return context.acceptance.reason, context.acceptance.message
    if context.acceptance.ask is not None or not is_time(context, view):
        return None
    if context.is_suspended and view.run.spec.trigger == Trigger.BACKFILL and view.job is None:
        return RunReason.SUSPENDED, "the request is suspended (spec.suspend)"
    if context.first_started is not None and view.job is None:
        return RunReason.WAITING, f"waits for run {context.first_started} (concurrencyPolicy: {context.policy})"
    if held_by is not None and view.job is None:
        return RunReason.WAITING, held_by
    return None
