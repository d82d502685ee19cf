"""Observations: what the operator found out by its own requests, beyond what its watches deliver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.resources.batch.pod import Waiting
from process_operator.resources.kubelet_events import KubeletEvent
from process_operator.resources.process_run import RunLog
from process_operator.timing.exclusions import NOTHING, Exclusions


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the API server said to the dry run of a Job."""

    template_hash: str
    reason: str = ""
    """Empty where the Job was accepted, else a reason of the condition Accepted."""
    message: str = ""
    again_at: datetime | None = None
    """When to ask again, for refusals that may heal by themselves (a quota)."""
    job: int = 0
    """Which of the Jobs that were asked about is refused: the index of its step."""

    @property
    def accepted(self) -> bool:
        """Whether the API server would take the Job."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far the notifications about one end are."""

    done: bool = False
    """Every receiver has it, or was given up."""
    failures: tuple[str, ...] = ()
    """`receiver: what happened` for each that was given up."""
    again_at: datetime | None = None
    """When to try again to write that into the run, where it could not be written."""


@dataclass(frozen=True, slots=True)
class RunObservations:
    """What was found out about one open run by looks of our own; lost at a restart, then found out again."""

    log: RunLog | None = None
    log_pod: str = ""
    """The pod whose log that is: another one may follow it."""
    log_wanted: bool = False
    """A reader is at work; its result will come as `log`."""
    pods_listed_at: datetime | None = None
    """Since its Job began to end, where it does."""
    rejected_pods: str | None = None
    """Why there are no pods, in the words of the newest Event."""
    events_read_at: datetime | None = None
    pod_event: Waiting | None = None
    """Reason and message of the newest Event of a pod, where that is a warning."""
    pod_events_read_at: datetime | None = None
    kubelet_events_read_at: datetime | None = None
    kubelet_events: tuple[KubeletEvent, ...] | None = None
    """What the kubelet said of the pod that speaks for the run; None: it was not asked for."""
    job_absent: bool = False
    """The API server itself has said that the Job does not exist."""
    withdrawal_rejected: bool = False
    """The API server did not let us take its claim back (`ticks/early_claims.py`): it waits for its tick all the
    same."""
    managed_elsewhere: bool = False
    """Admission gives its Job to another controller, which would resume it before its time: it is made when it is
    due."""
    create_rejected: Blocked | None = None
    """What the API server said to the Job of this run when it refused it."""
    running_since: datetime | None = None
    """When the operator first saw a pod of this run ready."""
    unready_since: datetime | None = None
    """When the operator saw that no pod of this run was ready any more."""
    finishing: bool = False
    """Its end is being written by us: the event that it left the open runs tells nothing new."""
    ended_at: datetime | None = None
    """When the operator first saw that its Job is over or gone: a list of its pods that is older says nothing of their
    end."""


@dataclass(frozen=True, slots=True)
class CalendarInForce:
    """The last version of a calendar that could be read, and what it excluded before it changed."""

    now: Exclusions | None = None
    """None if no version could be read since the operator began to watch it."""
    digest: str = ""
    """Of the text of `now`."""
    before: Exclusions | None = None
    changed_at: datetime | None = None
    """The last instant (UTC) at which `before` held."""

    @property
    def latest(self) -> Exclusions:
        """What it excludes."""
        return self.now if self.now is not None else NOTHING

    def at(self, instant: datetime) -> Exclusions:
        """What it excluded at an instant, as far as that is known."""
        if self.changed_at is not None and instant <= self.changed_at:
            return self.before or NOTHING
        return self.latest


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A key of a ConfigMap that `excludeFrom` names: what is wrong with it as it is now, and what is in force.

    `whole` is in force for requests that want every event read, `readable` for those that skip what cannot be read.
    """

    is_there: bool = True
    problem: str = ""
    """Why it is no calendar at all; empty if it is one."""
    unreadable: str = ""
    """Which of its events cannot be read, and why; empty if none."""
    remarks: str = ""
    """Slips in events that were read all the same."""
    whole: CalendarInForce = CalendarInForce()
    readable: CalendarInForce = CalendarInForce()

    def in_force(self, *, skips: bool) -> CalendarInForce:
        """What is in force for a request."""
        return self.readable if skips else self.whole

    def objection(self, *, skips: bool) -> str:
        """Why the calendar as it is now cannot be put into force; empty if it can."""
        return self.problem or ("" if skips else self.unreadable)
