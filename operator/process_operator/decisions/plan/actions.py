"""Actions of a decision, as values.

Each action is one API write, or one look-up that no watch delivers. It can be repeated without harm, and names the
object that it is about. Tests compare whole plans. `request.py` makes plans, and `actions/executor.py` executes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.plan.action import Action, CronJobAction, JobAction, ManifestAction, RunAction
from process_operator.resources.conditions import Condition
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRunStatus
from process_operator.resources.types import Object


@dataclass(frozen=True, slots=True)
class BeginActivation(Action):
    """Write `status.activation` of the request before any action that depends on it."""

    status: ProcessRequestStatus


@dataclass(frozen=True, slots=True)
class DryRunJob(Action):
    """Create a Job as a server-side dry run with strict fields.

    A Process with steps has a Job for each step. The first rejected Job decides.
    """

    manifests: tuple[Object, ...]
    template_hash: str


@dataclass(frozen=True, slots=True)
class FollowConfigMap(Action):
    """Read a ConfigMap that `excludeFrom` names, and watch it afterwards."""

    name: str


@dataclass(frozen=True, slots=True)
class LoadHistory(Action):
    """List the finished runs of the request, which no watch delivers."""


@dataclass(frozen=True, slots=True)
class LoadProcessRuns(Action):
    """List the finished runs of a Process that is shared under a policy, to find which ticks they blocked."""

    process: str


@dataclass(frozen=True, slots=True)
class CreateRun(ManifestAction):
    """Claim a tick or an activation. The name of the run is the lock.

    `job` is its Job if it starts at once. It is created in the same step, with the run as owner. If the claim existed
    before, the next decision decides again whether its Job starts.
    """

    manifest: Object
    job: Object | None = None

    @property
    def starts(self) -> bool:
        """Whether the run starts at once."""
        return self.job is not None

    @property
    def is_step(self) -> bool:
        """Whether the run is that of a step, whose parent has started before."""
        return "parent" in self.manifest["spec"]


@dataclass(frozen=True, slots=True)
class WithdrawRun(RunAction):
    """Delete the early claim of a tick (`ticks/early_claims.py`), only the run with this UID."""

    run: str
    uid: str


@dataclass(frozen=True, slots=True)
class AdoptRun(RunAction):
    """Set the labels and the owner of a run that a user created or another client changed."""

    run: str
    uid: str
    patch: Object


@dataclass(frozen=True, slots=True)
class ReportRun(RunAction):
    """Write the state of an open run: phase Pending or Running, and the reason."""

    run: str
    status: ProcessRunStatus
    begins_steps: bool = False
    """The run starts with this write, because it has steps."""

    @property
    def starts(self) -> bool:
        """Whether the run begins its steps."""
        return self.begins_steps


@dataclass(frozen=True, slots=True)
class FinishRun(RunAction):
    """Write the end of a run once: phase, times, reason and log in one PATCH."""

    run: str
    status: ProcessRunStatus


@dataclass(frozen=True, slots=True)
class GrowSummary(RunAction):
    """Add ticks to a finished summary run."""

    run: str
    status: ProcessRunStatus


@dataclass(frozen=True, slots=True)
class CreateJob(RunAction):
    """Create the Job of a run."""

    run: str
    manifest: Object
    claimed_for: datetime | None = None
    """The tick (UTC) of an early claim. None if the run was claimed when it was due."""

    @property
    def starts(self) -> bool:
        """Whether the Job is created without a suspension."""
        return not self.manifest["spec"].get("suspend")


@dataclass(frozen=True, slots=True)
class PatchJob(JobAction):
    """Resume, suspend or change the Job with this UID."""

    job: str
    uid: str
    patch: Object

    @property
    def starts(self) -> bool:
        """Whether the patch resumes the Job."""
        return isinstance(spec := self.patch.get("spec"), Mapping) and spec.get("suspend") is False


@dataclass(frozen=True, slots=True)
class KillJob(RunAction):
    """End a Job and keep it for its record. Its log is opened first and read to the end.

    `patch` has the annotation with the reason and the deadline of 0 seconds in one write.
    """

    job: str
    uid: str
    run: str
    patch: Object
    tail_bytes: int
    container: str | None


@dataclass(frozen=True, slots=True)
class DeleteJob(JobAction):
    """Delete a Job that is recorded or that never had a pod."""

    job: str
    uid: str


@dataclass(frozen=True, slots=True)
class ReadLog(RunAction):
    """Read the tail of the log of one container. The result arrives later as an observation."""

    run: str
    source: LogSource
    tail_bytes: int
    follow: bool = False
    """Whether to read until the log ends, because the container may still print."""


@dataclass(frozen=True, slots=True)
class ListPods(RunAction):
    """List the pods of the Job with this UID. The watch delivers finished ones only."""

    uid: str
    run: str


@dataclass(frozen=True, slots=True)
class FindRejectedPods(RunAction):
    """Find the newest `FailedCreate` Event of a Job that has no pod."""

    job: str
    uid: str
    run: str


@dataclass(frozen=True, slots=True)
class FindPodEvent(RunAction):
    """Find the newest Event of a pod whose status does not show why it does not start or is not ready."""

    pod: str
    uid: str
    run: str


@dataclass(frozen=True, slots=True)
class FindKubeletEvents(RunAction):
    """Find the Events of the kubelet about the pod with this UID, which show why it killed a container."""

    run: str
    pod_uid: str


@dataclass(frozen=True, slots=True)
class LookUpJob(RunAction):
    """Get the Job of a run from the API server. A missing watch event does not prove that it is gone."""

    run: str


@dataclass(frozen=True, slots=True)
class LookUpStep(RunAction):
    """Get the finished run of a step from the API server. No watch delivers finished runs."""

    run: str
    parent: str
    parent_uid: str


@dataclass(frozen=True, slots=True)
class CreateCronJob(ManifestAction):
    """Create the CronJob of a request, suspended, because its activation must be set up first."""

    manifest: Object


@dataclass(frozen=True, slots=True)
class PatchCronJob(CronJobAction):
    """Change the CronJob with this UID, or its status.

    `patch` is a merge patch, or a JSON patch if a part must be replaced as a whole (a template may lose fields).
    """

    cronjob: str
    uid: str
    patch: Object | tuple[Object, ...]
    subresource: Literal["status"] | None = None


@dataclass(frozen=True, slots=True)
class TakeOverTick(CronJobAction):
    """Take over a tick from the CronJob controller, which then starts no Job for this tick or an older one.

    `patch` is for the status of the CronJob as it was seen. If that has changed, nothing is claimed, and the next
    decision decides again. `job` is the Job of the tick if it starts now. It is created after the patch.
    """

    cronjob: str
    patch: Object
    job: Object | None = None

    @property
    def starts(self) -> bool:
        """Whether the Job of the tick starts at once."""
        return self.job is not None


@dataclass(frozen=True, slots=True)
class DeleteRuns(Action):
    """Delete finished runs over the limit: those with these UIDs, by name."""

    runs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeleteRequest(Action):
    """Delete a finished one-shot request whose `ttlSecondsAfterFinished` is over."""

    uid: str


@dataclass(frozen=True, slots=True)
class Notify(RunAction):
    """Notify receivers of the end of a run. The results arrive later as an observation."""

    run: str
    uid: str
    event: Object
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkNotified(RunAction):
    """Write the results of the notifications into a finished run, once."""

    run: str
    uid: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Emit(Action):
    """Emit an Event about the request, the CronJob that it left, or one of its backfills."""

    reason: str
    message: str
    warning: bool = False
    about: str = ""
    """Subject of the Event (the name of a run), so that a repetition is counted and not a new Event."""
    on_cronjob: str | None = None
    on_backfill: str | None = None
