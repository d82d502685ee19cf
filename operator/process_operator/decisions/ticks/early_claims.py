"""Early claims: runs of a burst that the operator creates in the seconds before their ticks.

At the tick only the Jobs are left to create. Until its tick an early claim has no effect. It is not active, waits for
nothing and blocks no run. The operator withdraws it if the request was unscheduled, rescheduled or edited before the
tick. It also withdraws a claim that was not started if a newer tick is due. The tick is then decided as if it had never
been claimed. Neighbours: `controller/burst.py` finds the bursts, `request.py` leaves early claims out of its runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateRun, LookUpJob, WithdrawRun
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.ticks.progress import calendar_of
from process_operator.resources import names
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import CatchUp
from process_operator.resources.process_run import ProcessRun, Trigger


def claim_of(snapshot: Snapshot, plan: Plan) -> CreateRun | None:
    """The claim of a plan for a future instant, without its Job; None if it must not be created before that instant.

    Early claims exist only under Allow. Under other policies a run can start before then and block the tick. They exist
    only without jitter, which spreads a burst better. While the API server rejects runs, a claim would be one more
    attempt. The records of missed ticks come before the run, because under a quota it could take their place.
    """
    request = snapshot.request
    if (
        request is None
        or snapshot.runs
        or snapshot.process_lock is not None
        or Need.RUN in snapshot.blocked
        or request.spec.concurrency_policy != ConcurrencyPolicy.ALLOW
    ):
        return None
    schedule = request.spec.timing.schedule
    created = [action for action in plan.actions if isinstance(action, CreateRun)]
    if schedule is None or schedule.jitter or len(created) != 1 or created[0].job is None:
        return None
    manifest = created[0].manifest
    if manifest["spec"]["trigger"] != Trigger.SCHEDULE:
        return None
    return CreateRun(
        {**manifest, "metadata": {**manifest["metadata"], "annotations": {names.ANNOTATION_CLAIMED_AHEAD: "true"}}}
    )


def without_claims(snapshot: Snapshot, now: datetime) -> tuple[Snapshot, tuple[ProcessRun, ...]]:
    """The request without the runs whose ticks are in the future, and these runs."""
    early = tuple(run for run in snapshot.runs if _is_early_claim(snapshot, run) and _tick(run) > now)
    if not early:
        return snapshot, ()
    hidden = {run.metadata.name for run in early}
    return replace(snapshot, runs=tuple(run for run in snapshot.runs if run.metadata.name not in hidden)), early


def withdraw(snapshot: Snapshot, runs: Iterable[ProcessRun]) -> tuple[Action, ...]:
    """Withdraw claims. Each Job is looked up first, because deleting a run would delete its Job too."""
    seen = [(run.metadata, snapshot.observations_of(run.metadata.name)) for run in runs]
    return tuple(
        WithdrawRun(metadata.name, metadata.uid) if observations.job_absent else LookUpJob(metadata.name)
        for metadata, observations in seen
        if not observations.withdrawal_rejected
    )


def void_claims(context: DecisionContext, early: tuple[ProcessRun, ...]) -> tuple[Action, ...]:
    """Withdraw claims that no longer hold, and claims that were not started although a newer tick is due."""
    snapshot = context.snapshot
    void = (run for run in early if not _holds(context, run))
    late = (run for run in snapshot.runs if _is_early_claim(snapshot, run) and _is_superseded(context, run))
    return withdraw(snapshot, (*void, *late))


def _holds(context: DecisionContext, run: ProcessRun) -> bool:
    """Whether the tick of a claim will come, and no policy can block it."""
    recurrence, tick = context.acceptance.recurrence, _tick(run)
    if recurrence is None or not context.claims_ticks or context.lock is not None:
        return False
    if context.policy != ConcurrencyPolicy.ALLOW or tick < recurrence.floor:
        return False
    process = context.request.spec.process
    is_same = run.metadata.labels.get(names.LABEL_PROCESS) == (process.name if process is not None else None)
    is_tick = recurrence.is_tick(tick) and recurrence.due_at(tick) == tick
    return is_same and is_tick and run.metadata.name == calendar_of(context.snapshot, recurrence).run_name(tick)


def _is_superseded(context: DecisionContext, run: ProcessRun) -> bool:
    """Whether a newer tick is due, so that an unclaimed tick of this time would be missed."""
    recurrence = context.acceptance.recurrence
    if recurrence is None or context.request.spec.catch_up == CatchUp.ALL or run.spec.cancel:
        return False
    newer = recurrence.next_after(_tick(run))
    return newer is not None and recurrence.due_at(newer) <= context.now


def _is_early_claim(snapshot: Snapshot, run: ProcessRun) -> bool:
    """Whether a run was created before its tick, and the tick was not decided since."""
    tick, cursor = run.spec.scheduled_time, snapshot.status.last_schedule_time
    # A user can set any annotation, but only the operator can set this trigger.
    is_claim = run.spec.trigger == Trigger.SCHEDULE and names.ANNOTATION_CLAIMED_AHEAD in run.metadata.annotations
    if not is_claim or tick is None:
        return False
    has_begun = run.metadata.name in snapshot.jobs or run.status.job_uid is not None or bool(run.status.steps)
    return not has_begun and (cursor is None or cursor < tick)


def _tick(run: ProcessRun) -> datetime:
    assert run.spec.scheduled_time is not None
    return run.spec.scheduled_time
