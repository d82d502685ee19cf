"""What each open run is told: start, wait, make room, end, or be suspended.

`concurrency/eligibility.py` says how the runs stand, `concurrency/policy.py` who may start beside whom, `follow.py`
carries the orders over into actions.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from process_operator.decisions.concurrency.eligibility import is_time, own_kill, too_late_at
from process_operator.decisions.concurrency.lock_requests import makes_room_for, may_enter, why_it_waits
from process_operator.decisions.concurrency.policy import Turn, take_turns
from process_operator.decisions.context import Situation
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.candidate import Contender
from process_operator.decisions.inputs.missed_tick import Refusal
from process_operator.decisions.inputs.process_lock import Ask
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.plan.actions import Draft, LoadHistory
from process_operator.decisions.plan.limits import MAX_STARTS
from process_operator.decisions.run.follow import plan_run
from process_operator.decisions.run.orphans import plan_orphaned_jobs
from process_operator.decisions.run.steps import plan_steps, plan_stray_steps
from process_operator.decisions.ticks.progress import calendar_of, has_run, runs_left, runs_of_ticks, settled_through
from process_operator.resources.batch.workloads import Kill, KillReason
from process_operator.resources.conditions import RunReason
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import OnSuspend
from process_operator.resources.process_run import RunPhase, StepStatus, Trigger
from process_operator.timing.missed import is_too_old


def plan_open_runs(situation: Situation, contenders: list[Contender], ask: Ask | None, draft: Draft) -> None:
    """Add what has to be done about every open run, in the order in which they were due.

    `ask`: when the request wants to start next, where it shares its Process.
    """
    turn = take_turns(situation.policy, contenders, newcomer=_replacing_run(situation, draft))
    if not may_enter(situation, ask) or _are_enough_refused(situation):
        turn = replace(turn, start=())
    held_by = why_it_waits(situation, ask)
    for view in sorted(situation.views, key=lambda view: (view.due, view.name)):
        orders = _orders(situation, view, turn, held_by, draft)
        if view.run.status.steps:
            plan_steps(view, orders, situation.snapshot, draft)
        else:
            plan_run(view, orders, draft)
    if situation.whole is not None:
        plan_orphaned_jobs(situation.whole, turn.kill, draft)
    plan_stray_steps(situation.snapshot, RunOrders(now=situation.now, request=situation.request), draft)


def _are_enough_refused(situation: Situation) -> bool:
    """Whether the server refuses so many runs for now (a quota is full) that to try another tells nothing new."""
    refused = (view.notes.create_refused for view in situation.views)
    return sum(1 for said in refused if said and said.again_at and said.again_at > situation.now) >= MAX_STARTS


def _replacing_run(situation: Situation, draft: Draft) -> Contender | None:
    """The run that the newest due tick will have, where the policy is Replace: older ones make room for it."""
    recurrence = situation.acceptance.recurrence
    if situation.policy != ConcurrencyPolicy.REPLACE or recurrence is None or not situation.makes_ticks:
        return None
    if blocked_now(situation.snapshot, Need.RUN, situation.now) is not None:
        return None  # nobody has to end for a run that cannot be created
    deadline = situation.request.spec.starting_deadline_seconds
    newest = recurrence.previous(recurrence.due_through(situation.now))
    if (
        newest is None
        or newest <= (after := settled_through(situation.snapshot, recurrence))
        or is_too_old(recurrence.due_at(newest), situation.now, deadline)
    ):
        return None
    left = runs_left(situation.snapshot, runs_of_ticks(situation.snapshot, after, newest))
    if left is not None and left <= 0:
        return None
    name = calendar_of(situation.snapshot, recurrence).run_name(newest)
    if situation.snapshot.history is None:
        # It may be claimed already, and even be over: then nobody has to go for it.
        draft.do(LoadHistory())
        return None
    return None if has_run(situation.snapshot, name) else Contender(name, recurrence.due_at(newest), started=False)


def _orders(situation: Situation, view: RunView, turn: Turn, held_by: str | None, draft: Draft) -> RunOrders:
    if view.window is not None and not view.is_let_go:
        draft.wake(view.window.start if situation.now < view.window.start else None)
        draft.wake(view.window.end + timedelta(seconds=1) if view.window.end is not None else None)
    if (too_late := too_late_at(situation, view)) is not None and too_late > situation.now:
        # Nobody else may say a word until then: in a queue, what is in the way may work for hours.
        draft.wake(too_late)
    kill = own_kill(situation, view)
    if kill is None and view.name in (*turn.kill, *turn.overtaken):
        kill = Kill(KillReason.REPLACED, turn.winner or "")
    if kill is None and (newer := makes_room_for(situation, view)) is not None:
        kill = Kill(KillReason.REPLACED, newer)
    start = view.name in turn.start and kill is None
    resumed = view.is_paused and not situation.is_suspended and not situation.has_stepped_aside(view)
    return RunOrders(
        now=situation.now,
        request=situation.snapshot.request,
        template=situation.acceptance.template if situation.acceptance.is_accepted else None,
        may_start=start or resumed,
        kill=kill,
        refusal=Refusal(RunPhase.MISSED, RunReason.TOO_MANY) if view.name in turn.dropped else None,
        pause=_pauses(situation, view),
        replaced_by=_newer_cronjob_run(situation, view),
        holds=_holds(situation, view, held_by),
        steps=_steps_to_begin(situation),
        stop_on_failure=_stops_on_failure(situation),
        start_timeout=_start_timeout(situation),
        rests=_rests(situation, view),
    )


def _start_timeout(situation: Situation) -> int | None:
    own, process = situation.request.spec.start_timeout_seconds, situation.snapshot.process
    return own if own is not None or process is None else process.spec.start_timeout_seconds


def _steps_to_begin(situation: Situation) -> tuple[StepStatus, ...]:
    return tuple(StepStatus(name=step.name, process=step.process) for step in situation.acceptance.steps)


def _stops_on_failure(situation: Situation) -> bool:
    process = situation.snapshot.process
    return process is None or process.spec.stop_on_failure is not False


def _rests(situation: Situation, view: RunView) -> bool:
    """Whether a run with steps makes none while its request is suspended."""
    if not situation.is_suspended or view.run.spec.trigger == Trigger.MANUAL:
        return False
    return view.is_paused or situation.request.spec.on_suspend == OnSuspend.SUSPEND_RUNNING


def _newer_cronjob_run(situation: Situation, view: RunView) -> str | None:
    """The run for which the CronJob controller may have deleted this one's Job: under Replace it leaves no trace."""
    if not view.by_cronjob or situation.request.spec.concurrency_policy != ConcurrencyPolicy.REPLACE:
        return None
    newer = [other for other in situation.views if other.by_cronjob and other.due > view.due]
    return min(newer, key=lambda other: other.due).name if newer else None


def _pauses(situation: Situation, view: RunView) -> bool:
    request = situation.request
    wanted = situation.is_suspended and request.spec.on_suspend == OnSuspend.SUSPEND_RUNNING
    return wanted and view.is_let_go and not view.is_paused and view.run.spec.trigger != Trigger.MANUAL


def _holds(situation: Situation, view: RunView, held_by: str | None) -> tuple[str, str] | None:
    if situation.acceptance.reason:
        return situation.acceptance.reason, situation.acceptance.message
    if situation.acceptance.ask is not None or not is_time(situation, view):
        return None
    if situation.is_suspended and view.run.spec.trigger == Trigger.BACKFILL and view.job is None:
        return RunReason.SUSPENDED, "the request is suspended (spec.suspend)"
    if situation.first_let_go is not None and view.job is None:
        return RunReason.WAITING, f"waits for run {situation.first_let_go} (concurrencyPolicy: {situation.policy})"
    if held_by is not None and view.job is None:
        return RunReason.WAITING, held_by
    return None
