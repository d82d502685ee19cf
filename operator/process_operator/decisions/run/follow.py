"""Open runs: start the Job of a run, follow it, resume, suspend or kill it.

A decision about a run rests on its Job and pods as they are now, so the operator may restart at any moment.
`outcome.py` and `open_outcome.py` derive the state of a run from Job and pods. `concurrency/policy.py` decides whether
a run may start. `finish.py` records its end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.run_view import RunOrders, RunView, waits_for_start
from process_operator.decisions.manifests.owners import adoption_patch, identity_patch
from process_operator.decisions.plan.actions import AdoptRun, LookUpJob, PatchJob
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.run.finish import list_overdue_pods, read_before_the_end, record
from process_operator.decisions.run.job_creation import plan_without_job
from process_operator.decisions.run.kill import kill_job
from process_operator.decisions.run.open_outcome import open_outcome
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.decisions.run.pod_lookups import find_why_unready, is_known_better
from process_operator.decisions.run.pods import ORDINARY_WAITING
from process_operator.decisions.run.report import finish_missed, not_replaced, report_outcome
from process_operator.decisions.run.start import start_timed_out
from process_operator.decisions.run.suspension import adjust, end_suspended, why_not_suspended, why_suspended
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_run import RunPhase

SETTLING: Final = timedelta(seconds=5)
"""Time in which the Job reports the end of a pod that is no longer ready."""

BRIEF_RUN: Final = timedelta(seconds=2)
"""A run that ends within this time after it was seen running is never reported as Running. That saves a request."""


def plan_run(view: RunView, orders: RunOrders) -> Part[None]:
    """Decide about one open run."""
    missed_reason = view.missed_reason or orders.missed_reason
    if missed_reason is not None:
        return finish_missed(view, missed_reason, orders)
    patch = adoption_patch(orders.request, view.run) if orders.request is not None else {}
    adoption = part(AdoptRun(view.name, view.run.metadata.uid, patch)) if patch else part()
    return adoption + _plan_owned(view, orders)


def _plan_owned(view: RunView, orders: RunOrders) -> Part[None]:
    if view.job is None or (view.job_gone and waits_for_start(view)):
        return plan_without_job(view, orders)
    if view.job_gone and view.job.finished is None and not view.observations.job_absent:
        # A Job that lost its label left the watch, and still runs.
        return part(LookUpJob(view.name))
    if view.job.finished is not None or view.job_gone:
        return record(view, orders).without_value()
    return _follow(view, view.job, orders)


def _follow(view: RunView, job: Job, orders: RunOrders) -> Part[None]:
    labels = identity_patch(orders.request, job.metadata) if orders.request is not None else {}
    relabeling = part(PatchJob(view.name, job.metadata.uid, labels)) if labels else part()
    timeout: Part[Kill | None] = part() if orders.kill is not None else start_timed_out(view, job, orders)
    begin = relabeling + timeout.without_value()
    kill = orders.kill or timeout.value
    if kill is not None and job.kill is None:
        return begin + part(kill_job(view, job, kill, orders))
    if job.kill is not None and job.is_suspended_by_others and not (job.active or job.terminating):
        return begin + end_suspended(view, job, orders)
    if job.kill is None:
        adjusted = adjust(view, job, orders)
        begin += adjusted.without_value()
        if adjusted.value:
            return begin
    if job.is_ending:
        read = read_before_the_end(view, job, orders)
        overdue = list_overdue_pods(view, orders.now, is_listing=read.value)
        return begin + read.without_value() + overdue + _report_why_stuck(view, job, orders.now)
    return begin + find_why_unready(view, job, orders.now) + _report_progress(view, job, orders)


def _report_progress(view: RunView, job: Job, orders: RunOrders) -> Part[None]:
    now = orders.now
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
    is_stuck = outcome.phase == RunPhase.PENDING and not job.is_suspended and outcome.reason not in ORDINARY_WAITING
    if orders.no_template and is_stuck:
        outcome = not_replaced(outcome, orders.no_template)
    if is_known_better(view, job, outcome, now):
        return part()
    if outcome.phase == RunPhase.RUNNING and view.run.status.phase == RunPhase.PENDING:
        brief_until = _brief_until(view, outcome, now)
        if now < brief_until:
            return part(wake_at=brief_until)
    return report_outcome(view, outcome)


def _brief_until(view: RunView, outcome: RunOutcome, now: datetime) -> datetime:
    """The instant (UTC) from which on a run that has just started is reported as Running."""
    has_ended = bool(view.pods) and all(pod.has_ended for pod in view.pods)
    since = view.observations.running_since or outcome.start_time or now
    return since + (SETTLING if has_ended else BRIEF_RUN)


def _report_why_stuck(view: RunView, job: Job, now: datetime) -> Part[None]:
    """Report why a run never started, before its pods are deleted and the reason with them, or why they remain."""
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
        return report_outcome(view, outcome)
    return part()
