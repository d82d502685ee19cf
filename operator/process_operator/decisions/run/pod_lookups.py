"""Look-ups about a Job without a ready pod: its pods, their Events, and the Events about pods that were rejected.

The operator watches neither pods that have not ended nor Events.
"""

from __future__ import annotations

from datetime import datetime

from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.plan.actions import FindPodEvent, FindRejectedPods, ListPods
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.run.open_outcome import is_unready_too_long, next_pod_list
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.decisions.run.pods import ORDINARY_WAITING, waiting_of
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.conditions import RunReason


def is_known_better(view: RunView, job: Job, outcome: RunOutcome, now: datetime) -> bool:
    """Whether the run already reports a cause that only a list of its pods and their Events can confirm or change.

    An operator that has just started has read neither.
    """
    seen, observations = view.run.status, view.observations
    if seen.phase != outcome.phase or not is_unready_too_long(job, now, observations.unready_since):
        return False
    if (seen.reason or "") in ORDINARY_WAITING or outcome.reason not in (*ORDINARY_WAITING, RunReason.RETRYING):
        return False
    listed_at, read_at = observations.pods_listed_at, observations.pod_events_read_at
    return listed_at is None or (any(not pod.gone for pod in view.pods) and (read_at is None or read_at < listed_at))


def find_why_unready(view: RunView, job: Job, now: datetime) -> Part[None]:
    """List the pods of a Job that has no ready pod after a while, then find the Events that explain it."""
    unready = view.observations.unready_since
    if not is_unready_too_long(job, now, unready):
        return part(wake_at=next_pod_list(job, now, unready))
    listed_at = view.observations.pods_listed_at
    due = next_pod_list(job, listed_at, unready) if listed_at is not None else now
    if due is None:
        return part()
    if listed_at is None or due <= now:
        return part(ListPods(job.metadata.uid, view.name))
    return _find_events(view, job, listed_at).waking_at(due)


def _find_events(view: RunView, job: Job, listed_at: datetime) -> Part[None]:
    """Find the Events about missing or silent pods that were not read since the pods were listed."""
    found: Part[None] = part()
    read_at = view.observations.events_read_at
    if all(pod.gone for pod in view.pods) and (read_at is None or read_at < listed_at):
        found += part(FindRejectedPods(view.name, job.metadata.uid, view.name))
    pod = next((pod for pod in view.pods if _is_silent(pod)), None)
    read_at = view.observations.pod_events_read_at
    if pod is not None and (read_at is None or read_at < listed_at):
        found += part(FindPodEvent(pod.metadata.name, pod.metadata.uid, view.name))
    return found


def _is_silent(pod: Pod) -> bool:
    """Whether only its Events explain why a pod does not start or is not ready."""
    if pod.gone or pod.has_ended:
        return False
    waiting = waiting_of(pod)
    return pod.has_started or waiting is None or waiting.reason in ORDINARY_WAITING
