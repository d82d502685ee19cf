"""The end of a run: what has to be read before its pods go, and the record once all that can be known is known.

The end is written once: phase, times, reason and log in one PATCH. `outcome.py` says what Job and pods mean,
`log_text.py` what is stored of the log, `report.py` writes. Neighbour: `follow.py`, for the time before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.inputs.run_view import RunOrders, RunView, is_log_wanted, log_settings
from process_operator.decisions.plan.actions import FindKubeletEvents, ListPods, ReadLog
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.run.evidence import Context
from process_operator.decisions.run.log_text import NOT_CAPTURED, build_run_log
from process_operator.decisions.run.open_outcome import open_outcome
from process_operator.decisions.run.outcome import RunOutcome, finished_outcome
from process_operator.decisions.run.pod_causes import KILL_SIGNALS
from process_operator.decisions.run.pods import Choice, choose, is_cut_short, log_source, relevant_pods
from process_operator.decisions.run.report import finish, report_outcome
from process_operator.resources.batch.job import Job
from process_operator.resources.conditions import LogReason, RunReason
from process_operator.resources.process_run import RunLog, RunPhase

PATIENCE: Final = timedelta(seconds=2)
"""The pods' last words may arrive so much later than the end of their Job; after that they are asked for."""

_KILL_EVENTS: Final = frozenset({"Killing", "FailedPostStartHook"})
_EVENT_PATIENCE: Final = timedelta(seconds=10)
"""How long after the end of a Job the kubelet's Event about the kill of a container is waited for."""
_POD_POLL: Final = timedelta(seconds=2)
_LONGEST_POLL: Final = timedelta(minutes=1)
_USUAL_GRACE: Final = timedelta(seconds=40)
"""By then most pods are gone that shall go: the grace period of Kubernetes is 30 seconds, if nobody sets another."""


def record(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    """Write the end of a run whose Job has finished or is gone, once all that can be known is known."""
    job = view.job
    if view.observations.log_wanted:
        return  # the reader's answer brings us back
    if not _pods_are_settled(view, orders.now, builder) or _asks_the_kubelet(view, orders.now, builder):
        return
    outcome = finished_outcome(job, view.pods, context=_context(view, orders))
    if outcome is None:
        # A pod outlives its Job. Running ones are not watched, so it is looked at until it is gone.
        if not _list_pods_again(view, orders.now, builder) and is_log_wanted(orders, succeeds=False):
            _read_log(view, orders, builder)
        _report_overdue(view, orders.now, builder)
        return
    log = _log(view, job, outcome, orders, builder)
    if log is not None:
        finish(view, outcome, log, orders, builder)


def _pods_are_settled(view: RunView, now: datetime, builder: PlanBuilder) -> bool:
    """Whether all is known of the pods that will ever be known; where it is not, it is waited for or asked for."""
    observations = view.observations
    if view.job is None and view.run.status.job_uid is None:
        return True  # a Job whose UID nobody knows has no pods that could be told from those of others
    if view.job is not None and _pods_are_known(view, view.job):
        return True
    if observations.pods_listed_at is not None and (
        observations.ended_at is None or observations.pods_listed_at >= observations.ended_at
    ):
        return True
    if observations.ended_at is not None and not view.job_gone and now < observations.ended_at + PATIENCE:
        builder.wake_at(observations.ended_at + PATIENCE)
    else:
        _list_pods(view, builder)
    return False


def _asks_the_kubelet(view: RunView, now: datetime, builder: PlanBuilder) -> bool:
    """Ask for the kubelet's Events where it may have killed the container that failed; whether they are waited for."""
    if view.job is not None and view.job.kill is not None:
        return False
    choice = choose(view.job, view.pods)
    if choice.pod is None or choice.container is None or not choice.container.is_probed:
        return False
    if choice.end is None or choice.end.exit_code == 0:
        return False
    read_at = view.observations.kubelet_events_read_at
    if read_at is not None and not _is_event_late(view, choice, now):
        return False
    if read_at is not None and read_at <= now < read_at + PATIENCE:
        builder.wake_at(read_at + PATIENCE)
    else:
        builder.add(FindKubeletEvents(view.name, choice.pod.metadata.uid))
    return True


def _is_event_late(view: RunView, choice: Choice, now: datetime) -> bool:
    """Whether a container was killed and the Event about it may be under way: the kubelet sends Events beside all
    else."""
    ended_at, container, end = view.observations.ended_at, choice.container, choice.end
    if ended_at is None or container is None or end is None or end.exit_code not in KILL_SIGNALS:
        return False
    said = {event.reason for event in view.observations.kubelet_events or () if event.container == container.name}
    is_told = bool(said & _KILL_EVENTS)
    return not is_told and ended_at <= now < ended_at + _EVENT_PATIENCE


def _context(view: RunView, orders: RunOrders) -> Context:
    seen = view.run.status
    waited = seen.phase == RunPhase.PENDING
    return Context(
        now=orders.now,
        job_gone=view.job_gone or view.job is None,
        running_since=view.observations.running_since,
        started_at=seen.start_time,
        kubelet_events=view.observations.kubelet_events or (),
        pending_reason=(seen.reason or "") if waited else "",
        pending_message=(seen.message or "") if waited else "",
        replaced_by=orders.replaced_by,
        start_by=view.window.end if view.window is not None else None,
        log_text=(view.observations.log.text or "") if view.observations.log is not None else "",
    )


def _log(view: RunView, job: Job | None, outcome: RunOutcome, orders: RunOrders, builder: PlanBuilder) -> RunLog | None:
    """The log to store, or None where it has to be read first."""
    settings = log_settings(orders)
    if not is_log_wanted(orders, succeeds=outcome.phase == RunPhase.SUCCEEDED):
        return NOT_CAPTURED
    source = log_source(job, view.pods, settings.container)
    if view.observations.log is not None and _has_log_of(view, source):
        return view.observations.log
    if source.pod is None:
        # A pod that was lost may look as if it had never started.
        has_run = view.observations.running_since is not None or view.run.status.start_time is not None
        failure = LogReason.POD_GONE if has_run else None
        return build_run_log(source, None, tail_bytes=settings.tail_bytes, failure=failure)
    _read_log(view, orders, builder)
    return None


def _pods_are_known(view: RunView, job: Job) -> bool:
    """Whether every pod that the Job counts has shown its end: the watches of Jobs and pods have no common order."""
    if job.finished is None:
        return job.start_time is None  # gone as it was: whatever pods it had may still run
    return sum(1 for pod in view.pods if pod.has_ended or pod.gone) >= job.succeeded + job.failed


def read_before_the_end(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> None:
    """The pods may be removed with the end of the Job: list them and open their logs now."""
    succeeds = _will_succeed(job) and not any(map(is_cut_short, view.pods))
    if view.observations.log_wanted or not is_log_wanted(orders, succeeds=succeeds):
        return
    if job.kill is not None and view.observations.log is not None:
        return  # it was opened before the kill
    if _unseen_pods(view, job) > 0 and _list_pods_again(view, orders.now, builder):
        return
    _read_log(view, orders, builder)


def _will_succeed(job: Job | None) -> bool:
    ending = job.ending if job is not None else None
    return ending is not None and ending.type == "SuccessCriteriaMet"


def _unseen_pods(view: RunView, job: Job) -> int:
    """How many pods of a Job that is about to end have not been seen to end: those that run are not watched."""
    live = job.terminating + (0 if _will_succeed(job) else job.active)
    seen = [pod for pod in relevant_pods(job, view.pods) if pod.has_ended or pod.gone or pod.deleted_at is not None]
    return live + job.succeeded + job.failed - len(seen)


def _list_pods_again(view: RunView, now: datetime, builder: PlanBuilder) -> bool:
    """List the pods, unless that was done a moment ago; whether it is done now."""
    listed_at, pause = view.observations.pods_listed_at, _poll_pause(view, now)
    if listed_at is not None and now < listed_at + pause:
        builder.wake_at(listed_at + pause)
        return False
    _list_pods(view, builder)
    return True


def _list_pods(view: RunView, builder: PlanBuilder) -> None:
    job_uid = view.job.metadata.uid if view.job is not None else view.run.status.job_uid
    assert job_uid is not None, "a run without a Job has no pods to list"
    builder.add(ListPods(job_uid, view.name))


def _poll_pause(view: RunView, now: datetime) -> timedelta:
    """The time between two looks at pods that shall go: it grows with their delay, because a node may never answer."""
    since = _ending_since(view)
    return _POD_POLL if since is None else min(_LONGEST_POLL, max(_POD_POLL, (now - since) / 8))


def _ending_since(view: RunView) -> datetime | None:
    """Since when the pods of a run are to go, as far as is known."""
    job = view.job
    asked = [pod.deleted_at for pod in view.pods if not pod.gone]
    if job is not None:
        asked += [job.metadata.deletion_timestamp, job.ending.last_transition_time if job.ending is not None else None]
    return min((instant for instant in asked if instant is not None), default=view.observations.ended_at)


def look_if_overdue(view: RunView, now: datetime, builder: PlanBuilder) -> None:
    """List the pods of a Job that takes long to end, so that its run can say why."""
    since = _ending_since(view)
    if since is None or now < since + _USUAL_GRACE:
        builder.wake_at(None if since is None else since + _USUAL_GRACE)
    elif not any(isinstance(action, ListPods) and action.run == view.name for action in builder.actions):
        _list_pods_again(view, now, builder)


def _report_overdue(view: RunView, now: datetime, builder: PlanBuilder) -> None:
    outcome = open_outcome(view.job, view.pods, running_since=view.observations.running_since, now=now)
    if outcome.reason == RunReason.NOT_TERMINATED:
        report_outcome(view, outcome, builder)


def _read_log(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    """Read the log of the pod that speaks for the run as it is now; follow it while it may still print."""
    settings = log_settings(orders)
    source = log_source(view.job, view.pods, settings.container)
    if source.pod is not None and not _has_log_of(view, source):
        live = not all(pod.has_ended for pod in view.pods)
        builder.add(ReadLog(view.name, source, settings.tail_bytes, follow=live and not source.previous))


def _has_log_of(view: RunView, source: LogSource) -> bool:
    return view.observations.log is not None and source.pod in (None, view.observations.log_pod)
