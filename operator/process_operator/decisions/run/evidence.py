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
"""Reasons of a Pending run that had gone when its Job was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a run beyond its Job and its pods. Instants are UTC."""

    now: datetime
    """End of a run for whose end there is no other time."""
    job_gone: bool = False
    """Whether the Job no longer exists, so that it is as it was last seen."""
    running_since: datetime | None = None
    """When the run was first seen running."""
    started_at: datetime | None = None
    """When the work began, as the run says that was seen running: also by an operator before this one."""
    kubelet_events: tuple[KubeletEvent, ...] = ()
    """What the kubelet said of the containers of the pod that speaks for the run, where that was asked for."""
    pending_reason: str = ""
    """Reason and message that the run showed while it was Pending: why it did not start is forgotten by its pods."""
    pending_message: str = ""
    replaced_by: str | None = None
    """The newer run, where the CronJob controller replaced the Job (it deletes it without a trace)."""
    start_by: datetime | None = None
    """End of the window in which the run should have started."""
    log_text: str = ""
    """The log, as far as it could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All there is to judge the end of a run by."""

    job: Job | None
    condition: WorkloadCondition | None
    """How the Job ended; None where it is gone and never said."""
    pods: tuple[Pod, ...]
    choice: Choice
    context: Context

    @property
    def exit_code(self) -> int | None:
        """The code that a process gave, however its end came about."""
        return self.choice.end.exit_code if self.choice.end is not None else None

    @property
    def has_started(self) -> bool:
        """Whether anything of it is known to have run."""
        seen = self.context.running_since is not None or self.context.started_at is not None
        return seen or any(pod.has_started for pod in self.pods)

    @property
    def had_pods(self) -> bool:
        """Whether any pod was made, seen or not."""
        return bool(self.pods) or (self.job is not None and self.job.succeeded + self.job.failed > 0)

    @property
    def stuck_on(self) -> Waiting | None:
        """Why it did not start, as far as is known: what the run showed last, else what its pods still say."""
        found = [waiting for waiting in map(waiting_of, self.pods) if waiting is not None and waiting.reason]
        if self.context.pending_reason not in _NO_CAUSE:
            found.insert(0, Waiting(self.context.pending_reason, self.context.pending_message))
        return next(
            (waiting for waiting in found if waiting.reason not in ORDINARY_WAITING), found[0] if found else None
        )


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a run ended as it did."""

    phase: RunPhase
    reason: str
    message: str = ""
    exit_code: int | None = None
    never_started: bool = False
    """Whether it is certain that nothing ran, so that the run has no start."""


def failed(reason: str, message: str, exit_code: int | None = None) -> Cause:
    """A failure with this reason."""
    return Cause(RunPhase.FAILED, reason, message, exit_code)
