"""Evidence of how a run ended, and the cause that follows from it.

`outcome.py` collects the evidence. `failure.py` and `pod_causes.py` find the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from process_operator.decisions.run.pods import (
    ORDINARY_WAITING,
    Choice,
    waiting_of,
)
from process_operator.resources.batch.condition import WorkloadCondition
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod, Waiting
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from datetime import datetime

    from process_operator.resources.kubelet_events import KubeletEvent


_NO_CAUSE: Final = frozenset({"", RunReason.SUSPENDED, RunReason.QUOTA_EXCEEDED, RunReason.REQUEST_NOT_FOUND})
"""Reasons of a Pending run that ended when its Job was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Facts about a run beyond its Job and its pods. Instants are UTC."""

    now: datetime
    """Time of the decision, which is the end of a run without another end time."""
    job_gone: bool = False
    """Whether the Job is gone, so that it is as it was last seen."""
    running_since: datetime | None = None
    """Time at which the operator first saw the run running."""
    started_at: datetime | None = None
    """Start of the work according to the status of the run, which an earlier process of the operator may have written."""
    kubelet_events: tuple[KubeletEvent, ...] = ()
    """Events of the kubelet about the containers of the chosen pod, if they were read."""
    pending_reason: str = ""
    """Reason that the run reported while it was Pending. Its pods do not keep why they did not start."""
    pending_message: str = ""
    replaced_by: str | None = None
    """The newer run if the CronJob controller replaced the Job, which it deletes without a trace."""
    start_by: datetime | None = None
    """End of the start window of the run."""
    log_text: str = ""
    """The log, as far as it could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All facts from which the end of a run is derived."""

    job: Job | None
    condition: WorkloadCondition | None
    """Final condition of the Job. None if the Job is gone and had none."""
    pods: tuple[Pod, ...]
    choice: Choice
    context: Context

    @property
    def exit_code(self) -> int | None:
        """Exit code of the process, for any kind of end."""
        return self.choice.end.exit_code if self.choice.end is not None else None

    @property
    def has_started(self) -> bool:
        """Whether any of its containers is known to have started."""
        seen = self.context.running_since is not None or self.context.started_at is not None
        return seen or any(pod.has_started for pod in self.pods)

    @property
    def had_pods(self) -> bool:
        """Whether any pod was created, seen or not."""
        return bool(self.pods) or (self.job is not None and self.job.succeeded + self.job.failed > 0)

    @property
    def stuck_on(self) -> Waiting | None:
        """The reason why it did not start, as far as it is known: from the run, else from its pods."""
        found = [waiting for waiting in map(waiting_of, self.pods) if waiting is not None and waiting.reason]
        if self.context.pending_reason not in _NO_CAUSE:
            found.insert(0, Waiting(self.context.pending_reason, self.context.pending_message))
        return next(
            (waiting for waiting in found if waiting.reason not in ORDINARY_WAITING), found[0] if found else None
        )


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of the end of a run."""

    phase: RunPhase
    reason: str
    message: str = ""
    exit_code: int | None = None
    never_started: bool = False
    """Whether certainly no container ran, so that the run has no start time."""


def failed(reason: str, message: str, exit_code: int | None = None) -> Cause:
    """A failure with this reason."""
    return Cause(RunPhase.FAILED, reason, message, exit_code)
