"""What a decision may ask for: actions as values, and the plan that holds them.

Each action is one API write (or one look that no watch delivers), can be repeated without harm, and names what it is
about. A plan is compared whole in tests. `request.py` makes plans, `actions/executor.py` carries them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.resources.conditions import Condition
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRunStatus
from process_operator.resources.types import Object


class Action:
    """One API write, or one look-up of something that no watch delivers."""

    __slots__ = ()

    @property
    def subject(self) -> str:
        """Name of the run, Job or CronJob that the action is about. Empty if it is about the request."""
        return ""

    @property
    def starts(self) -> bool:
        """Whether the action starts a run now: it creates or resumes a Job, or begins the steps of a run."""
        return False


class _RunAction(Action):
    __slots__ = ()
    run: str

    @property
    def subject(self) -> str:
        return self.run


class _JobAction(Action):
    __slots__ = ()
    job: str

    @property
    def subject(self) -> str:
        return self.job


class _CronJobAction(Action):
    __slots__ = ()
    cronjob: str

    @property
    def subject(self) -> str:
        return self.cronjob


class _ManifestAction(Action):
    __slots__ = ()
    manifest: Object

    @property
    def subject(self) -> str:
        return str(self.manifest["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class BeginActivation(Action):
    """Write `status.activation` of the request before anything follows from it."""

    status: ProcessRequestStatus


@dataclass(frozen=True, slots=True)
class DryRunJob(Action):
    """Ask the API server what it would say to a Job (server-side dry run, strict fields).

    Where the process has steps there is a Job for each; the first that is refused decides.
    """

    manifests: tuple[Object, ...]
    template_hash: str


@dataclass(frozen=True, slots=True)
class FollowConfigMap(Action):
    """Read a ConfigMap that `excludeFrom` names, and watch it from then on."""

    name: str


@dataclass(frozen=True, slots=True)
class LoadHistory(Action):
    """List the finished runs of the request: no watch delivers them."""


@dataclass(frozen=True, slots=True)
class LoadProcessRuns(Action):
    """List the finished runs of a Process that is shared under a policy: whom they were in the way of."""

    process: str


@dataclass(frozen=True, slots=True)
class CreateRun(_ManifestAction):
    """Claim a tick or an activation: the run's name is the lock.

    `job` is its Job where nothing keeps it from starting at once: made in the same breath, with the run as owner. Where
    the claim was there before, whether its Job may start is decided anew.
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
class WithdrawRun(_RunAction):
    """Take back the claim of a tick that was made ahead of it (`ticks/early_claims.py`): only this very run."""

    run: str
    uid: str


@dataclass(frozen=True, slots=True)
class AdoptRun(_RunAction):
    """Give a run the labels and the owner that it should have: one that a person made, or that somebody changed."""

    run: str
    uid: str
    patch: Object


@dataclass(frozen=True, slots=True)
class ReportRun(_RunAction):
    """Write what an open run is doing (phase Pending or Running, and why)."""

    run: str
    status: ProcessRunStatus
    begins_steps: bool = False
    """The run starts with this write, because it has steps."""

    @property
    def starts(self) -> bool:
        """Whether the run begins its steps."""
        return self.begins_steps


@dataclass(frozen=True, slots=True)
class FinishRun(_RunAction):
    """Write a run's end: phase, times, reason and log in one PATCH, once."""

    run: str
    status: ProcessRunStatus


@dataclass(frozen=True, slots=True)
class GrowSummary(_RunAction):
    """Let a finished summary run stand for more ticks."""

    run: str
    status: ProcessRunStatus


@dataclass(frozen=True, slots=True)
class CreateJob(_RunAction):
    """Make the Job of a run."""

    run: str
    manifest: Object
    claimed_for: datetime | None = None
    """The tick (UTC) for which the run was claimed ahead; None where it was claimed when it was due."""

    @property
    def starts(self) -> bool:
        """Whether the Job is created without a suspension."""
        return not self.manifest["spec"].get("suspend")


@dataclass(frozen=True, slots=True)
class PatchJob(_JobAction):
    """Resume, suspend or adjust a Job: the one with this UID."""

    job: str
    uid: str
    patch: Object

    @property
    def starts(self) -> bool:
        """Whether the patch resumes the Job."""
        return isinstance(spec := self.patch.get("spec"), Mapping) and spec.get("suspend") is False


@dataclass(frozen=True, slots=True)
class KillJob(_RunAction):
    """End a Job so that it stays and can be recorded; its log is opened first and read to the end.

    `patch` holds the annotation with the reason and the deadline of 0 seconds: intent and deed are one write.
    """

    job: str
    uid: str
    run: str
    patch: Object
    tail_bytes: int
    container: str | None


@dataclass(frozen=True, slots=True)
class DeleteJob(_JobAction):
    """Remove a Job that is recorded (or that never had a pod)."""

    job: str
    uid: str


@dataclass(frozen=True, slots=True)
class ReadLog(_RunAction):
    """Read the tail of one container's log; the answer arrives later as an observation."""

    run: str
    source: LogSource
    tail_bytes: int
    follow: bool = False
    """The container may still print: read on until its log ends."""


@dataclass(frozen=True, slots=True)
class ListPods(_RunAction):
    """Look at the pods of the Job with this UID: the watch delivers finished ones only."""

    uid: str
    run: str


@dataclass(frozen=True, slots=True)
class FindRejectedPods(_RunAction):
    """Look for the newest `FailedCreate` Event of a Job that has no pod."""

    job: str
    uid: str
    run: str


@dataclass(frozen=True, slots=True)
class FindPodEvent(_RunAction):
    """Look for the newest Event of a pod that does not say itself why it does not start, or is not ready."""

    pod: str
    uid: str
    run: str


@dataclass(frozen=True, slots=True)
class FindKubeletEvents(_RunAction):
    """Look for what the kubelet said of the containers of the pod with this UID: why it killed one."""

    run: str
    pod_uid: str


@dataclass(frozen=True, slots=True)
class LookUpJob(_RunAction):
    """Ask the API server itself whether the Job of a run exists: an absent event is no evidence."""

    run: str


@dataclass(frozen=True, slots=True)
class LookUpStep(_RunAction):
    """Ask the API server how the run of a step ended: no watch delivers finished runs."""

    run: str
    parent: str
    parent_uid: str


@dataclass(frozen=True, slots=True)
class CreateCronJob(_ManifestAction):
    """Make the CronJob of a request (suspended: the activation is set up first)."""

    manifest: Object


@dataclass(frozen=True, slots=True)
class PatchCronJob(_CronJobAction):
    """Change the CronJob with this UID, or its status.

    `patch` is a merge patch, or a JSON patch where something must be replaced as a whole (a template loses fields too).
    """

    cronjob: str
    uid: str
    patch: Object | tuple[Object, ...]
    subresource: Literal["status"] | None = None


@dataclass(frozen=True, slots=True)
class TakeOverTick(_CronJobAction):
    """Take a tick from the CronJob controller: from then on it starts no Job of it, nor of any older one.

    `patch` goes to the status of the CronJob as it was seen; where it has changed since, nothing is claimed and all is
    decided anew. `job` is the Job of the tick where it starts now: made only after the claim was written.
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
    """Remove finished runs over the limit: those with these UIDs, by name."""

    runs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeleteRequest(Action):
    """Remove a finished one-shot request whose `ttlSecondsAfterFinished` is over."""

    uid: str


@dataclass(frozen=True, slots=True)
class Notify(_RunAction):
    """Tell receivers how a run ended; what becomes of it arrives later as an observation."""

    run: str
    uid: str
    event: Object
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkNotified(_RunAction):
    """Write into a finished run what became of its notifications, once."""

    run: str
    uid: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Emit(Action):
    """An Event on the request (or on the CronJob that it left behind, or on one of its backfills)."""

    reason: str
    message: str
    warning: bool = False
    about: str = ""
    """What this Event is about (a run's name), so that a repeat is the same Event."""
    on_cronjob: str | None = None
    on_backfill: str | None = None
