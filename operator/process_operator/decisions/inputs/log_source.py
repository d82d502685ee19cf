"""Log source: the container whose log a run keeps."""

from __future__ import annotations

from dataclasses import dataclass

from process_operator.resources.conditions import LogReason


@dataclass(frozen=True, slots=True)
class LogSource:
    """The container whose log is the log of the run, and the substitute if it cannot be read."""

    pod: str | None
    """Name of the pod. None if there is nothing to read."""
    container: str
    previous: bool
    """Whether it is the log of the attempt before the current one. It vanishes when the current one ends."""
    message: str
    """End of the log as the kubelet wrote it into the status of the pod. Empty if the message is not the log."""
    absent: LogReason
    """Reason if there is neither log nor message: `PodGone` or `NeverStarted`."""

    @property
    def is_unreported(self) -> bool:
        """Whether the container may have started without a report of the kubelet. Then only its log can tell."""
        return self.pod is not None and self.absent == LogReason.NEVER_STARTED
