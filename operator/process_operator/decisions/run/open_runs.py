"""Orders for each open run: start, wait, make room, end, or be suspended.

`concurrency/eligibility.py` provides the state of the runs. `concurrency/policy.py` decides which may start beside
others. `follow.py` turns the orders into actions.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from process_operator.decisions.concurrency.eligibility import is_time, may_ever_begin, own_kill, too_late_at
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
from process_operator.decisions.plan.limits import MAX_STARTS
from process_operator.decisions.plan.part import Part, earliest, join, part
from process_operator.decisions.run.follow import plan_run
from process_operator.decisions.run.orphans import plan_orphaned_jobs
from process_operator.decisions.run.steps import plan_steps, plan_stray_steps
from process_operator.decisions.template.run_parameters import values_for_steps, with_parameters
from process_operator.decisions.ticks.progress import calendar_of, has_run, runs_left, runs_of_ticks, settled_through
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import RunReason
from process_operator.resources.parameters import UsedParameter, used_parameters
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import OnSuspend
from process_operator.resources.process_run import RunPhase, StepStatus, Trigger
from process_operator.timing.missed import is_too_old

_CHECKED_AFTER: Final = timedelta(milliseconds=100)
"""Time until the next decision about a request that has values of runs to check. Other requests are decided meanwhile."""


def plan_open_runs(
    context: DecisionContext, candidates: list[Candidate], wanted_lock: LockRequest | None
) -> Part[None]:
    """Decide about every open run, in the order in which they were due.

    `wanted_lock` is the next start of the request if it shares its Process.
    """
    replacing = _replacing_run(context)
    decision = apply_policy(context.policy, candidates, newcomer=replacing.value)
    if not is_lock_free(context, wanted_lock) or _are_enough_rejected(context):
        decision = replace(decision, start=())
    held_by = lock_wait_message(context, wanted_lock)
    views = sorted(context.views, key=lambda view: (view.due, view.name))
    waiting = [view.name for view in views if view.job is None and not view.is_started]
    following = frozenset(waiting[:MAX_STARTS])
    runs = join(_plan_open_run(context, view, decision, held_by, following) for view in views)
    orphans = plan_orphaned_jobs(context.whole, decision.kill) if context.whole is not None else part()
    strays = plan_stray_steps(context.snapshot, RunOrders(now=context.now, request=context.request))
    return replacing.without_value() + runs + orphans + strays


def _plan_open_run(
    context: DecisionContext,
    view: RunView,
    decision: ConcurrencyDecision,
    held_by: str | None,
    following: frozenset[str],
) -> Part[None]:
    """Decide about one open run. `following` has the names of the next ones to start."""
    if view.name in context.unchecked and own_kill(context, view) is None:
        return part(wake_at=context.now + _CHECKED_AFTER)
    orders = _orders(context, view, decision, held_by, is_next=view.name in following)
    planned = plan_steps(view, orders, context.snapshot) if view.run.status.steps else plan_run(view, orders)
    return planned.waking_at(_next_change(context, view))


def _are_enough_rejected(context: DecisionContext) -> bool:
    """Whether the API server rejects so many runs for now (a quota is full) that another attempt is pointless."""
    rejections = (view.observations.create_rejected for view in context.views)
    return sum(1 for each in rejections if each and each.again_at and each.again_at > context.now) >= MAX_STARTS


def _replacing_run(context: DecisionContext) -> Part[Candidate | None]:
    """The run of the newest due tick if the policy is Replace. Older runs make room for it."""
    recurrence = context.acceptance.recurrence
    if context.policy != ConcurrencyPolicy.REPLACE or recurrence is None or not context.claims_ticks:
        return part()
    if blocked_now(context.snapshot, Need.RUN, context.now) is not None:
        return part()  # no run has to end for one that cannot be created
    deadline = context.request.spec.starting_deadline_seconds
    newest = recurrence.previous(recurrence.due_through(context.now))
    if (
        newest is None
        or newest <= (after := settled_through(context.snapshot, recurrence))
        or is_too_old(recurrence.due_at(newest), context.now, deadline)
    ):
        return part()
    left = runs_left(context.snapshot, runs_of_ticks(context.snapshot, after, newest))
    if left is not None and left <= 0:
        return part()
    name = calendar_of(context.snapshot, recurrence).run_name(newest)
    if context.snapshot.history is None:
        # The tick may be claimed already, and its run even be over. Then no run has to make room for it.
        return part(LoadHistory())
    if has_run(context.snapshot, name):
        return part()
    return Part((), None, Candidate(name, recurrence.due_at(newest), started=False))


def _next_change(context: DecisionContext, view: RunView) -> datetime | None:
    """The next instant (UTC) at which the clock alone changes the orders of a run."""
    window = view.window if not view.is_started else None
    opens = window.start if window is not None and context.now < window.start else None
    closes = window.end + timedelta(seconds=1) if window is not None and window.end is not None else None
    # In a queue the blocking run may take hours, and no event comes before.
    too_late = too_late_at(context, view)
    return earliest(opens, closes, too_late if too_late is not None and too_late > context.now else None)


def _orders(
    context: DecisionContext, view: RunView, decision: ConcurrencyDecision, held_by: str | None, *, is_next: bool
) -> RunOrders:
    kill = own_kill(context, view)
    if kill is None and view.name in (*decision.kill, *decision.overtaken):
        kill = Kill(KillReason.REPLACED, decision.winner or "")
    start = view.name in decision.start and kill is None
    resumed = view.is_paused and not context.is_suspended and not context.has_released_lock(view)
    # A run with its own parameters has its own template, which costs a long queue too much if it is built for all.
    is_used = start or resumed or is_next or view.job is not None or not view.run.spec.parameters
    return RunOrders(
        now=context.now,
        request=context.snapshot.request,
        build_template=partial(context.template_of, view) if is_used and may_ever_begin(context, view) else None,
        may_start=start or resumed,
        kill=kill,
        missed_reason=MissedReason(RunPhase.MISSED, RunReason.TOO_MANY) if view.name in decision.dropped else None,
        pause=_is_to_be_suspended(context, view),
        replaced_by=_newer_cronjob_run(context, view),
        wait_reason=_wait_reason(context, view, held_by),
        steps=_steps_to_begin(context),
        stop_on_failure=_stops_on_failure(context),
        parameters=_parameters_to_begin(context, view) if start else (),
        start_timeout=_start_timeout(context),
        is_suspended=_is_suspended(context, view),
        is_next=is_next,
        objection=context.objections.get(view.name),
        no_template=context.objection_to_template(view) if view.job is not None else "",
    )


def _start_timeout(context: DecisionContext) -> int | None:
    own, process = context.request.spec.start_timeout_seconds, context.snapshot.process
    return own if own is not None or process is None else process.spec.start_timeout_seconds


def _steps_to_begin(context: DecisionContext) -> tuple[StepStatus, ...]:
    return tuple(StepStatus(name=step.name, process=step.process) for step in context.acceptance.steps)


def _parameters_to_begin(context: DecisionContext, view: RunView) -> tuple[UsedParameter, ...]:
    process = context.snapshot.process
    if process is None or not context.acceptance.steps:
        return ()
    return used_parameters(
        values_for_steps(with_parameters(context.request, view.run.spec.parameters), process).items()
    )


def _stops_on_failure(context: DecisionContext) -> bool:
    process = context.snapshot.process
    return process is None or process.spec.stop_on_failure is not False


def _is_suspended(context: DecisionContext, view: RunView) -> bool:
    """Whether a run with steps creates no run of a step, because its request is suspended."""
    if not context.is_suspended or view.run.spec.trigger == Trigger.MANUAL:
        return False
    return view.is_paused or context.request.spec.on_suspend == OnSuspend.SUSPEND_RUNNING


def _newer_cronjob_run(context: DecisionContext, view: RunView) -> str | None:
    """The run for which the CronJob controller may have deleted the Job of this one. Under Replace it leaves no trace."""
    if not view.by_cronjob or context.request.spec.concurrency_policy != ConcurrencyPolicy.REPLACE:
        return None
    newer = [other for other in context.views if other.by_cronjob and other.due > view.due]
    return min(newer, key=lambda other: other.due).name if newer else None


def _is_to_be_suspended(context: DecisionContext, view: RunView) -> bool:
    request = context.request
    wanted = context.is_suspended and request.spec.on_suspend == OnSuspend.SUSPEND_RUNNING
    return wanted and view.is_started and not view.is_paused and view.run.spec.trigger != Trigger.MANUAL


def _wait_reason(context: DecisionContext, view: RunView, held_by: str | None) -> tuple[str, str] | None:
    if context.acceptance.reason and not may_ever_begin(context, view):
        words = f"ProcessRequest {context.request.metadata.name} is not accepted: {context.acceptance.message}"
        return context.acceptance.reason, words
    if context.acceptance.lookup is not None or not is_time(context, view):
        return None
    if context.is_suspended and view.run.spec.trigger == Trigger.BACKFILL and view.job is None:
        return RunReason.SUSPENDED, "the request is suspended (spec.suspend)"
    if context.first_started is not None and view.job is None:
        return RunReason.WAITING, f"waits for run {context.first_started} (concurrencyPolicy: {context.policy})"
    if held_by is not None and view.job is None:
        return RunReason.WAITING, held_by
    return None
