"""Observations: facts that the operator found by requests of its own, beyond what its watches deliver."""

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
    """Answer of the API server to the dry run of a Job."""

    template_hash: str
    reason: str = ""
    """Empty if the Job was accepted. Otherwise a reason of the condition Accepted."""
    message: str = ""
    again_at: datetime | None = None
    """Time of the next dry run, for rejections that may heal by themselves (a quota)."""
    job: int = 0
    """Index of the rejected Job, which is that of its step."""

    @property
    def accepted(self) -> bool:
        """Whether the API server would create the Job."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Delivery:
    """State of the notifications about the end of one run."""

    done: bool = False
    """Every receiver has it, or all its attempts have failed."""
    failures: tuple[str, ...] = ()
    """`receiver: what happened` for each receiver whose attempts have failed."""
    again_at: datetime | None = None
    """Time of the next attempt to write that into the run, if the write failed."""


@dataclass(frozen=True, slots=True)
class RunObservations:
    """Facts about one open run that the operator looked up. It looks them up again after a restart."""

    log: RunLog | None = None
    log_pod: str = ""
    """The pod that printed the log. Another pod may follow it."""
    log_wanted: bool = False
    """A log reader is active. Its result becomes `log`."""
    pods_listed_at: datetime | None = None
    """Time of the last list of its pods (UTC). Since its Job began to end, if it is ending."""
    rejected_pods: str | None = None
    """Message of the newest Event about rejected pods."""
    events_read_at: datetime | None = None
    pod_event: Waiting | None = None
    """Reason and message of the newest Event about a pod, if that is a warning."""
    pod_events_read_at: datetime | None = None
    kubelet_events_read_at: datetime | None = None
    kubelet_events: tuple[KubeletEvent, ...] | None = None
    """Events of the kubelet about the pod that represents the run. None if they were not or cannot be read."""
    job_absent: bool = False
    """The API server has answered that the Job does not exist."""
    deleting_job: str = ""
    """UID of the Job that the operator is deleting, so that its absence is no end. The answer to the call may be lost."""
    withdrawal_rejected: bool = False
    """The API server rejected the withdrawal of its claim (`ticks/early_claims.py`), so the run waits for its tick."""
    managed_elsewhere: bool = False
    """Admission assigns its Job to another controller, which would resume it early. So the Job is created when it is due."""
    create_rejected: Blocked | None = None
    """The rejection of its Job by the API server."""
    status_rejected: Blocked | None = None
    """The rejection of its status by the API server. Other runs are not affected."""
    running_since: datetime | None = None
    """Time at which the operator first saw a ready pod of this run (UTC)."""
    unready_since: datetime | None = None
    """Time at which the operator saw that no pod of this run was ready any more (UTC)."""
    finishing: bool = False
    """The operator is writing its end, so the watch event about that brings nothing new."""
    ended_at: datetime | None = None
    """Time at which the operator first saw that its Job is over or gone (UTC). An older list does not show how its pods ended."""


@dataclass(frozen=True, slots=True)
class CalendarInForce:
    """The last readable version of a calendar, and the exclusions before its change."""

    now: Exclusions | None = None
    """None if no version was readable since the operator began to watch it."""
    digest: str = ""
    """Digest of the text of `now`."""
    before: Exclusions | None = None
    changed_at: datetime | None = None
    """The last instant (UTC) at which `before` held."""

    @property
    def latest(self) -> Exclusions:
        """Its present exclusions."""
        return self.now if self.now is not None else NOTHING

    def at(self, instant: datetime) -> Exclusions:
        """Its exclusions at an instant, as far as they are known."""
        if self.changed_at is not None and instant <= self.changed_at:
            return self.before or NOTHING
        return self.latest


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A key of a ConfigMap that `excludeFrom` names: the problems of its present text, and the version in force.

    `whole` is in force for requests that want every event read, `readable` for those that skip what cannot be read.
    """

    is_there: bool = True
    problem: str = ""
    """Reason why the text is not a calendar. Empty if it is one."""
    unreadable: str = ""
    """The events that cannot be read, and why. Empty if there are none."""
    remarks: str = ""
    """Mistakes in events that were read nevertheless."""
    whole: CalendarInForce = CalendarInForce()
    readable: CalendarInForce = CalendarInForce()

    def in_force(self, *, skips: bool) -> CalendarInForce:
        """The version in force for a request."""
        return self.readable if skips else self.whole

    def objection(self, *, skips: bool) -> str:
        """Reason why the present text cannot be put into force. Empty if it can."""
        return self.problem or ("" if skips else self.unreadable)
