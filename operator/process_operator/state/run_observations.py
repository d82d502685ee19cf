"""Observations about one open run: its Job, its pods, its log and its own record.

Each observation is a value with the name of the run. `of_run` gives the facts about the run that follow from it. It is
pure, so a table can test it. Times are UTC. Neighbours: `request_observations.py` has all other observations,
`reducer.py` applies both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.observations import RunObservations
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Waiting
from process_operator.resources.kubelet_events import KubeletEvent
from process_operator.resources.process_run import RunLog


@dataclass(frozen=True, slots=True)
class RunObservation:
    """An observation about one open run."""

    run: str

    def of_run(self, before: RunObservations) -> RunObservations:
        """Give the facts about the run after this observation."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class JobSeen(RunObservation):
    """The operator saw a new version of the Job; `before` is the version that it knew, if it knew one."""

    job: Job
    before: Job | None
    at: datetime
    is_run_open: bool

    def of_run(self, before: RunObservations) -> RunObservations:
        """The Job exists. It runs, it has stopped running, it is about to end, or it is over."""
        after = _after_readiness(before, self.job, self.at)
        if after.job_absent:
            after = replace(after, job_absent=False)
        starts_to_end = self.job.is_ending and self.before is not None and not self.before.is_ending
        if starts_to_end and after.pods_listed_at is not None:
            # A list from before the end does not show how the pods ended.
            after = replace(after, pods_listed_at=None)
        return _after_end(after, self.at) if self.job.finished is not None and self.is_run_open else after


@dataclass(frozen=True, slots=True)
class JobDeleted(RunObservation):
    """The operator saw that the Job of an open run was deleted."""

    uid: str
    at: datetime

    def of_run(self, before: RunObservations) -> RunObservations:
        """The Job is over from now on, unless it was over before, or the operator itself deleted it."""
        return _without_job(before) if self.uid == before.deleting_job else _after_end(before, self.at)


@dataclass(frozen=True, slots=True)
class JobAbsent(RunObservation):
    """The API server answered that the run has no Job."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """The Job does not exist."""
        return replace(before, job_absent=True)


@dataclass(frozen=True, slots=True)
class JobCreated(RunObservation):
    """The API server created the Job."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """An earlier rejection is over."""
        return before if before.create_rejected is None else replace(before, create_rejected=None)


@dataclass(frozen=True, slots=True)
class JobRejected(RunObservation):
    """The API server did not create the Job."""

    rejection: Blocked

    def of_run(self, before: RunObservations) -> RunObservations:
        """The rejection replaces an earlier one."""
        return replace(before, create_rejected=self.rejection)


@dataclass(frozen=True, slots=True)
class StatusRejected(RunObservation):
    """The API server did not store the status."""

    rejection: Blocked

    def of_run(self, before: RunObservations) -> RunObservations:
        """The rejection replaces an earlier one."""
        return replace(before, status_rejected=self.rejection)


@dataclass(frozen=True, slots=True)
class StatusStored(RunObservation):
    """The API server stored the status."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """An earlier rejection is over."""
        return before if before.status_rejected is None else replace(before, status_rejected=None)


@dataclass(frozen=True, slots=True)
class JobManagedElsewhere(RunObservation):
    """A dry run showed that another controller would resume the Job if the operator created it suspended."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """The Job must not be created before it is due."""
        return replace(before, managed_elsewhere=True)


@dataclass(frozen=True, slots=True)
class JobRemoved(RunObservation):
    """The operator deleted the Job, and may create another one for the same run."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """Facts about the pods and Events of the deleted Job do not hold for its successor."""
        return _without_job(before)


@dataclass(frozen=True, slots=True)
class JobDeletionStarted(RunObservation):
    """The operator is about to delete the Job with this UID. An empty UID: the API server rejected that."""

    uid: str

    def of_run(self, before: RunObservations) -> RunObservations:
        """The Job is gone as soon as a watch or a list shows that, even if the answer to the call is lost."""
        return replace(before, deleting_job=self.uid)


@dataclass(frozen=True, slots=True)
class LogRequested(RunObservation):
    """A reader of the log has started."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """The log arrives later."""
        return replace(before, log_wanted=True)


@dataclass(frozen=True, slots=True)
class LogRead(RunObservation):
    """A reader has read the log of a pod."""

    log: RunLog
    pod: str | None

    def of_run(self, before: RunObservations) -> RunObservations:
        """The log is there."""
        return replace(before, log=self.log, log_pod=self.pod or "", log_wanted=False)


@dataclass(frozen=True, slots=True)
class LogReadingCancelled(RunObservation):
    """A reader ended before it had read the log."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """The log has to be requested again."""
        return replace(before, log_wanted=False)


@dataclass(frozen=True, slots=True)
class PodsListed(RunObservation):
    """The pods of the Job were listed."""

    at: datetime

    def of_run(self, before: RunObservations) -> RunObservations:
        """The pods are known as of that time."""
        return replace(before, pods_listed_at=self.at)


@dataclass(frozen=True, slots=True)
class JobEventsRead(RunObservation):
    """The Events of the Job were read; `rejected_pods` is the newest message about a pod that could not be created."""

    at: datetime
    rejected_pods: str | None

    def of_run(self, before: RunObservations) -> RunObservations:
        """An earlier message stays if there is no newer one."""
        message = before.rejected_pods if self.rejected_pods is None else self.rejected_pods
        return replace(before, events_read_at=self.at, rejected_pods=message)


@dataclass(frozen=True, slots=True)
class PodEventsRead(RunObservation):
    """The Events of a pod were read; `event` is the newest one if it says why the pod does not start."""

    at: datetime
    event: Waiting | None

    def of_run(self, before: RunObservations) -> RunObservations:
        """The newest Event replaces an earlier one."""
        return replace(before, pod_events_read_at=self.at, pod_event=self.event)


@dataclass(frozen=True, slots=True)
class KubeletEventsRead(RunObservation):
    """The Events of the kubelet about a pod were read; `events` is None if the API server does not allow it."""

    at: datetime
    events: tuple[KubeletEvent, ...] | None

    def of_run(self, before: RunObservations) -> RunObservations:
        """The Events are known as of that time."""
        return replace(before, kubelet_events_read_at=self.at, kubelet_events=self.events)


@dataclass(frozen=True, slots=True)
class WithdrawalRejected(RunObservation):
    """The API server does not let the operator delete a run that was claimed ahead of its tick."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """The run waits for its tick."""
        return replace(before, withdrawal_rejected=True)


@dataclass(frozen=True, slots=True)
class WithdrawalFailed(RunObservation):
    """The API server did not answer the deletion of a run that was claimed ahead of its tick."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """Whether the run has a Job has to be looked up again before the next try."""
        return replace(before, job_absent=False)


@dataclass(frozen=True, slots=True)
class RecordingStarted(RunObservation):
    """The operator is about to write the end of the run."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """The event that follows from that write is the operator's own."""
        return replace(before, finishing=True)


@dataclass(frozen=True, slots=True)
class RecordingFailed(RunObservation):
    """The end of the run could not be written."""

    def of_run(self, before: RunObservations) -> RunObservations:
        """An event that shows the end may be that of another operator."""
        return replace(before, finishing=False)


def _after_readiness(before: RunObservations, job: Job, at: datetime) -> RunObservations:
    """Note since when the pods of a run are ready, and since when they are not. A suspension restarts the work."""
    if job.is_suspended and before.running_since is not None:
        return replace(before, running_since=None, unready_since=None, log=None, log_pod="")
    if job.ready and job.finished is None:
        if before.running_since is not None and before.unready_since is None:
            return before
        return replace(before, running_since=before.running_since or at, unready_since=None)
    if not job.ready and before.running_since is not None and before.unready_since is None:
        return replace(before, unready_since=at)
    return before


def _without_job(before: RunObservations) -> RunObservations:
    return replace(
        before,
        pods_listed_at=None,
        ended_at=None,
        rejected_pods=None,
        events_read_at=None,
        pod_event=None,
        pod_events_read_at=None,
    )


def _after_end(before: RunObservations, at: datetime) -> RunObservations:
    return before if before.ended_at is not None else replace(before, ended_at=at)
