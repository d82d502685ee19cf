"""Log source: the container whose log a run keeps."""

from __future__ import annotations

from dataclasses import dataclass

from process_operator.resources.conditions import LogReason


@dataclass(frozen=True, slots=True)
class LogSource:
    """Whose log is the log of the run, and what stands in for it where it cannot be read."""

    pod: str | None
    """Name of the pod to ask; None: there is nothing to read."""
    container: str
    previous: bool
    """Whether it is the log of the attempt before the current one. It vanishes when the current one ends."""
    message: str
    """The end of the log as the kubelet put it into the pod; empty where the message is not the log."""
    absent: LogReason
    """Why there is no log where there is neither log nor message: `PodGone` or `NeverStarted`."""
