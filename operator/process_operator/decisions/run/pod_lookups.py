"""Look-ups about a Job without a ready pod: its pods, their Events, and the Events about pods that were rejected.

The operator watches neither pods that have not ended nor Events.
"""

from __future__ import annotations

from datetime import datetime

from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.plan.actions import (
    FindPodEvent,
    FindRejectedPods,
    ListPods,
)
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.run.open_outcome import is_odd, next_look
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.decisions.run.pods import ORDINARY_WAITING, waiting_of
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.conditions import RunReason


def is_known_better(view: RunView, job: Job, outcome: RunOutcome, now: datetime) -> bool:
    """Whether the run gives a cause already that only a look at its pods and their Events can confirm or change.

    An operator that has just started has looked at neither.
    """
    seen, observations = view.run.status, view.observations
    if seen.phase != outcome.phase or not is_odd(job, now, observations.unready_since):
        return False
    if (seen.reason or "") in ORDINARY_WAITING or outcome.reason not in (*ORDINARY_WAITING, RunReason.RETRYING):
        return False
    listed_at, read_at = observations.pods_listed_at, observations.pod_events_read_at
    return listed_at is None or (any(not pod.gone for pod in view.pods) and (read_at is None or read_at < listed_at))


def look_if_odd(view: RunView, job: Job, now: datetime, builder: PlanBuilder) -> None:
    """A Job that has no ready pod after a while is asked about: pending pods and Events are not watched."""
    unready = view.observations.unready_since
    if not is_odd(job, now, unready):
        builder.wake_at(next_look(job, now, unready))
        return
    looked = view.observations.pods_listed_at
    due = next_look(job, looked, unready) if looked is not None else now
    if due is None:
        return
    if looked is None or due <= now:
        builder.add(ListPods(job.metadata.uid, view.name))
        return
    builder.wake_at(due)
    read_at = view.observations.events_read_at
    if all(pod.gone for pod in view.pods) and (read_at is None or read_at < looked):
        builder.add(FindRejectedPods(view.name, job.metadata.uid, view.name))
    pod = next((pod for pod in view.pods if _is_silent(pod)), None)
    read_at = view.observations.pod_events_read_at
    if pod is not None and (read_at is None or read_at < looked):
        builder.add(FindPodEvent(pod.metadata.name, pod.metadata.uid, view.name))


def _is_silent(pod: Pod) -> bool:
    """Whether only its Events can tell why a pod does not start, or is not ready."""
    if pod.gone or pod.has_ended:
        return False
    waiting = waiting_of(pod)
    return pod.has_started or waiting is None or waiting.reason in ORDINARY_WAITING
