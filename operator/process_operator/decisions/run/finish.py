"""Record of a finished run: first everything that vanishes with its pods is read, then the end is written once.

Phase, times, reason and log are one PATCH. `outcome.py` derives the end from Job and pods. `log_text.py` cuts the log.
`report.py` builds the write. `follow.py` covers the time before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.inputs.run_view import RunOrders, RunView, is_log_wanted, log_settings
from process_operator.decisions.plan.actions import FindKubeletEvents, ListPods, ReadLog
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.run.evidence import Context
from process_operator.decisions.run.log_text import NOT_CAPTURED, build_run_log
from process_operator.decisions.run.open_outcome import open_outcome
from process_operator.decisions.run.outcome import RunOutcome, finished_outcome
from process_operator.decisions.run.pod_causes import events_of, is_unexplained_kill
from process_operator.decisions.run.pods import Choice, choose, is_cut_short, log_source, relevant_pods
from process_operator.decisions.run.report import finish, report_outcome
from process_operator.resources.batch.job import Job
from process_operator.resources.conditions import LogReason, RunReason
from process_operator.resources.process_run import RunLog, RunPhase

POD_EVENT_DELAY: Final = timedelta(seconds=2)
"""Time after the end of a Job in which the watch may still deliver the end of its pods. Then they are listed."""

_KILL_EVENTS: Final = frozenset({"Killing", "FailedPostStartHook"})
_KUBELET_EVENT_DELAY: Final = timedelta(minutes=1)
"""Time after the end of a Job in which the kubelet's Event about the kill of a container may still arrive.

The kubelet sends its Events one after the other. If the API server does not accept one, the kubelet pauses for ten
seconds, and those behind it wait (client-go, `tools/record/event.go`).
"""
_POD_POLL_INTERVAL: Final = timedelta(seconds=2)
_MAX_POD_POLL_INTERVAL: Final = timedelta(minutes=1)
_USUAL_TERMINATION_TIME: Final = timedelta(seconds=40)
"""Most deleted pods are gone within it: the default grace period of Kubernetes is 30 seconds."""


def record(view: RunView, orders: RunOrders) -> Part[bool]:
    """Write the end of a run whose Job has finished or is gone, once everything about it is known.

    The value is true if the end is written.
    """
    if view.observations.log_wanted:
        return Part((), None, value=False)  # the answer of the log reader causes the next decision
    settled = _pods_are_settled(view, orders.now)
    if not settled.value:
        return settled
    outcome = finished_outcome(view.job, view.pods, context=_context(view, orders))
    if outcome is None:
        return _await_pods(view, orders).with_value(value=False)
    log = _log(view, outcome, orders)
    if log.value is None:
        return log.with_value(value=False)
    # The log is read first. The pod may be deleted during the wait.
    waiting = _awaits_kubelet_events(view, orders.now)
    if waiting.value:
        return waiting.with_value(value=False)
    return finish(view, outcome, log.value, orders).with_value(value=True)


def _await_pods(view: RunView, orders: RunOrders) -> Part[None]:
    """Poll pods that outlive their Job. No watch delivers pods that run."""
    listing = _list_pods_again(view, orders.now)
    is_log_read = not listing.value and is_log_wanted(orders, succeeds=False)
    reading = _read_log(view, orders) if is_log_read else part()
    return listing.without_value() + reading + _report_overdue(view, orders.now)


def _pods_are_settled(view: RunView, now: datetime) -> Part[bool]:
    """Whether all that will ever be known of the pods is known. If it is not, wait for their Events or list them."""
    settled, observations = Part((), None, value=True), view.observations
    if view.job is None and view.run.status.job_uid is None:
        return settled  # without the UID of the Job its pods cannot be told from those of other Jobs
    if view.job is not None and _pods_are_known(view, view.job):
        return settled
    if observations.pods_listed_at is not None and (
        observations.ended_at is None or observations.pods_listed_at >= observations.ended_at
    ):
        return settled
    if observations.ended_at is not None and not view.job_gone and now < observations.ended_at + POD_EVENT_DELAY:
        return Part((), observations.ended_at + POD_EVENT_DELAY, value=False)
    return part(_list_pods(view)).with_value(value=False)


def _awaits_kubelet_events(view: RunView, now: datetime) -> Part[bool]:
    """Whether the record waits for the kubelet's Events, because the kubelet may have killed the failed container."""
    is_done = Part((), None, value=False)
    if view.job is not None and view.job.kill is not None:
        return is_done
    choice = choose(view.job, view.pods)
    if choice.pod is None or choice.container is None or not choice.container.is_probed:
        return is_done
    if choice.end is None or choice.end.exit_code == 0:
        return is_done
    read_at, ended_at = view.observations.kubelet_events_read_at, view.observations.ended_at
    if read_at is not None and (ended_at is None or not _is_event_late(view, choice)):
        return is_done
    if read_at is not None and ended_at is not None:
        wait_ends_at = ended_at + _KUBELET_EVENT_DELAY
        if not ended_at <= now < wait_ends_at:
            return is_done
        read_again_at = min(read_at + max(POD_EVENT_DELAY, (read_at - ended_at) / 4), wait_ends_at)
        if read_at <= now < read_again_at:
            return Part((), read_again_at, value=True)
    return part(FindKubeletEvents(view.name, choice.pod.metadata.uid)).with_value(value=True)


def _is_event_late(view: RunView, choice: Choice) -> bool:
    """Whether the Event about the kill of a container is missing among those that were read, but may still arrive.

    The kubelet sends Events independently of the status of a pod.
    """
    events = view.observations.kubelet_events
    if events is None or not is_unexplained_kill(choice):
        return False
    return not any(event.reason in _KILL_EVENTS for event in events_of(choice, events))


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


def _log(view: RunView, outcome: RunOutcome, orders: RunOrders) -> Part[RunLog | None]:
    """The log to store. None if it has to be read first."""
    settings = log_settings(orders)
    if not is_log_wanted(orders, succeeds=outcome.phase == RunPhase.SUCCEEDED):
        return Part((), None, NOT_CAPTURED)
    source = log_source(view.job, view.pods, settings.container)
    if view.observations.log is not None and _has_log_of(view, source):
        return Part((), None, view.observations.log)
    if source.pod is None:
        # A pod that is gone leaves the same traces as one that never started.
        has_run = view.observations.running_since is not None or view.run.status.start_time is not None
        failure = LogReason.POD_GONE if has_run else None
        return Part((), None, build_run_log(source, None, tail_bytes=settings.tail_bytes, failure=failure))
    return _read_log(view, orders)


def _pods_are_known(view: RunView, job: Job) -> bool:
    """Whether every pod that the Job counts has shown its end. Job and pods come from two watches in any order."""
    if job.finished is None:
        return job.start_time is None  # the Job was deleted while its pods might run
    return sum(1 for pod in view.pods if pod.has_ended or pod.gone) >= job.succeeded + job.failed


def read_before_the_end(view: RunView, job: Job, orders: RunOrders) -> Part[bool]:
    """List the pods and open their logs before the Job ends, because the pods may be deleted at its end.

    The value is true if the pods are listed now.
    """
    succeeds = _will_succeed(job) and not any(map(is_cut_short, view.pods))
    if view.observations.log_wanted or not is_log_wanted(orders, succeeds=succeeds):
        return Part((), None, value=False)
    if job.kill is not None and view.observations.log is not None:
        return Part((), None, value=False)  # the log was opened before the kill
    listing = _list_pods_again(view, orders.now) if _unseen_pods(view, job) > 0 else Part((), None, value=False)
    if listing.value:
        return listing
    return listing.without_value() + _read_log(view, orders).with_value(value=False)


def _will_succeed(job: Job | None) -> bool:
    ending = job.ending if job is not None else None
    return ending is not None and ending.type == "SuccessCriteriaMet"


def _unseen_pods(view: RunView, job: Job) -> int:
    """Count the pods of a Job that is about to end whose end is not known. No watch delivers pods that run."""
    live = job.terminating + (0 if _will_succeed(job) else job.active)
    seen = [pod for pod in relevant_pods(job, view.pods) if pod.has_ended or pod.gone or pod.deleted_at is not None]
    return live + job.succeeded + job.failed - len(seen)


def _list_pods_again(view: RunView, now: datetime) -> Part[bool]:
    """List the pods, unless that was done within the poll interval. The value is true if they are listed now."""
    listed_at, interval = view.observations.pods_listed_at, _poll_interval(view, now)
    if listed_at is not None and now < listed_at + interval:
        return Part((), listed_at + interval, value=False)
    return part(_list_pods(view)).with_value(value=True)


def _list_pods(view: RunView) -> ListPods:
    job_uid = view.job.metadata.uid if view.job is not None else view.run.status.job_uid
    assert job_uid is not None, "a run without a Job has no pods to list"
    return ListPods(job_uid, view.name)


def _poll_interval(view: RunView, now: datetime) -> timedelta:
    """The time between two lists of pods that are being deleted. It grows with their delay, as a node may be dead."""
    since = _ending_since(view)
    if since is None:
        return _POD_POLL_INTERVAL
    return min(_MAX_POD_POLL_INTERVAL, max(_POD_POLL_INTERVAL, (now - since) / 8))


def _ending_since(view: RunView) -> datetime | None:
    """The instant (UTC) since which the pods of a run should end, as far as it is known."""
    job = view.job
    ends = [pod.deleted_at for pod in view.pods if not pod.gone]
    if job is not None:
        ends += [job.metadata.deletion_timestamp, job.ending.last_transition_time if job.ending is not None else None]
    return min((instant for instant in ends if instant is not None), default=view.observations.ended_at)


def list_overdue_pods(view: RunView, now: datetime, *, is_listing: bool) -> Part[None]:
    """List the pods of a Job that takes long to end, so that its run can report why. `is_listing`: they are listed."""
    since = _ending_since(view)
    if since is None or now < since + _USUAL_TERMINATION_TIME:
        return part(wake_at=None if since is None else since + _USUAL_TERMINATION_TIME)
    return part() if is_listing else _list_pods_again(view, now).without_value()


def _report_overdue(view: RunView, now: datetime) -> Part[None]:
    """Report a pod that outlives its grace period. A run that never started keeps the reason why, for its record."""
    if not any(pod.has_started for pod in view.pods):
        return part()
    outcome = open_outcome(view.job, view.pods, running_since=view.observations.running_since, now=now)
    return report_outcome(view, outcome) if outcome.reason == RunReason.NOT_TERMINATED else part()


def _read_log(view: RunView, orders: RunOrders) -> Part[None]:
    """Read the log of the chosen pod as it is now. Follow it while the pod may still print."""
    settings = log_settings(orders)
    source = log_source(view.job, view.pods, settings.container)
    if source.pod is None or _has_log_of(view, source):
        return part()
    live = not all(pod.has_ended for pod in view.pods)
    return part(ReadLog(view.name, source, settings.tail_bytes, follow=live and not source.previous))


def _has_log_of(view: RunView, source: LogSource) -> bool:
    return view.observations.log is not None and source.pod in (None, view.observations.log_pod)
