"""What to do about one open run: start its Job, follow it, resume, pause or kill it.

A run is followed by what its Job and pods show, never by what the operator remembers, so a restart at any moment goes
on where the objects stand. `outcome.py` says what Job and pods mean, `concurrency/policy.py` whether it may start,
`finish.py` records its end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.run_view import RunOrders, RunView, waits_for_start
from process_operator.decisions.manifests.owners import adoption_patch, identity_patch
from process_operator.decisions.plan.actions import (
    AdoptRun,
    LookUpJob,
    PatchJob,
)
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.run.finish import look_if_overdue, read_before_the_end, record
from process_operator.decisions.run.job_creation import plan_without_job
from process_operator.decisions.run.kill import kill_job
from process_operator.decisions.run.open_outcome import open_outcome
from process_operator.decisions.run.pod_lookups import is_known_better, look_if_odd
from process_operator.decisions.run.pods import ORDINARY_WAITING
from process_operator.decisions.run.report import (
    finish_missed,
    report_outcome,
)
from process_operator.decisions.run.start import start_timed_out
from process_operator.decisions.run.suspension import adjust, end_suspended, why_not_suspended, why_suspended
from process_operator.resources.batch.job import Job
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_run import RunPhase

SETTLING: Final = timedelta(seconds=5)
"""A pod that was ready and no longer is has most likely just ended: the Job will say so."""

BRIEF_RUN: Final = timedelta(seconds=2)
"""A run that ends within this time of being seen running is never reported as Running: that saves a request."""


def plan_run(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    """Add what has to be done about one open run."""
    missed_reason = view.missed_reason or orders.missed_reason
    if missed_reason is not None:
        finish_missed(view, missed_reason, orders, builder)
        return
    if orders.request is not None and (patch := adoption_patch(orders.request, view.run)):
        builder.add(AdoptRun(view.name, view.run.metadata.uid, patch))
    if view.job is None or (view.job_gone and waits_for_start(view)):
        plan_without_job(view, orders, builder)
    elif view.job_gone and view.job.finished is None and not view.observations.job_absent:
        # A Job that lost its label left the watch, and works on.
        builder.add(LookUpJob(view.name))
    elif view.job.finished is not None or view.job_gone:
        record(view, orders, builder)
    else:
        _follow(view, view.job, orders, builder)


def _follow(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> None:
    now = orders.now
    if orders.request is not None and (labels := identity_patch(orders.request, job.metadata)):
        builder.add(PatchJob(view.name, job.metadata.uid, labels))
    kill = orders.kill or start_timed_out(view, job, orders, builder)
    if kill is not None and job.kill is None:
        builder.add(kill_job(view, job, kill, orders))
        return
    if job.kill is not None and job.is_suspended_by_others and not (job.active or job.terminating):
        end_suspended(view, job, orders, builder)
        return
    if job.kill is None and adjust(view, job, orders, builder):
        return
    if job.is_ending:
        read_before_the_end(view, job, orders, builder)
        look_if_overdue(view, now, builder)
        _report_why_stuck(view, job, now, builder)
        return
    look_if_odd(view, job, now, builder)
    outcome = open_outcome(
        job,
        view.pods,
        failed_create=view.observations.rejected_pods,
        suspended=why_suspended(view, job),
        running_since=view.observations.running_since,
        event=view.observations.pod_event,
        now=now,
    )
    if orders.pause and outcome.phase == RunPhase.RUNNING:
        outcome = replace(outcome, reason=RunReason.NOT_SUSPENDED, message=why_not_suspended(job))
    if is_known_better(view, job, outcome, now):
        return
    if outcome.phase == RunPhase.RUNNING and view.run.status.phase == RunPhase.PENDING:
        over = bool(view.pods) and all(pod.has_ended for pod in view.pods)
        since = view.observations.running_since or outcome.start_time or now
        brief_until = since + (SETTLING if over else BRIEF_RUN)
        if now < brief_until:
            builder.wake_at(brief_until)
            return
    report_outcome(view, outcome, builder)


def _report_why_stuck(view: RunView, job: Job, now: datetime, builder: PlanBuilder) -> None:
    """A pod that is removed forgets what it waited for, so the run has to remember it; one that does not go is odd."""
    outcome = open_outcome(
        job,
        view.pods,
        failed_create=view.observations.rejected_pods,
        running_since=view.observations.running_since,
        event=view.observations.pod_event,
        now=now,
    )
    is_stuck = outcome.phase == RunPhase.PENDING and outcome.reason not in ORDINARY_WAITING
    if is_stuck or outcome.reason == RunReason.NOT_TERMINATED:
        report_outcome(view, outcome, builder)
