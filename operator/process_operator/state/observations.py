"""Observations in memory: what the operator found out about requests by reads and writes of its own.

They are lost at a restart, and found out again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.observations import Delivery, DryRun, RunObservations
from process_operator.resources.batch.job import Job
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import StepStatus
from process_operator.resources.types import NamespacedName


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How the run of a step ended, for the open run that has the steps."""

    parent: str
    status: StepStatus | None
    """None: there is no such run."""


@dataclass(slots=True)
class RequestObservations:
    """What was found out about one request by looks and writes of our own; lost at a restart, then found out again."""

    status: ProcessRequestStatus | None = None
    """Decided, not written yet."""
    status_changes: int = field(default=0, compare=False)
    """How often another status was seen than the one that was held."""
    status_written_at: datetime | None = None
    settled_at: datetime | None = field(default=None, compare=False)
    """When all that there was to decide had been decided, lately (UTC)."""
    history: list[FinishedRun] | None = None
    dry_run: DryRun | None = None
    runs: dict[str, RunObservations] = field(default_factory=dict)
    steps: dict[str, StepEnd] = field(default_factory=dict)
    """By the name of the run of a step that is not open."""
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    """Of notifications, by the UID of the run, until the run says what became of them."""
    backfills: dict[str, ProcessBackfillStatus] = field(default_factory=dict)
    """By name: decided, not written yet."""
    backfills_written_at: dict[str, datetime] = field(default_factory=dict)
    blocked: dict[str, Blocked] = field(default_factory=dict)
    """By what it is for (`Need`): the actions that the API server keeps rejecting."""
    dry_run_blocked: Blocked | None = None
    """The dry run of the Job, where the API server gives no answer to it."""
    failures: int = 0
    retry_at: datetime | None = None
    """When the last failure is to be tried again (UTC)."""
    held_until: datetime | None = None
    """Until then the server wants to be left alone about this request (UTC)."""


class ObservedRequests:
    """The observations of all requests."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._by_key: dict[NamespacedName, RequestObservations] = {}

    def of(self, key: NamespacedName) -> RequestObservations:
        """The observations of a request, to be changed by whoever carries out a plan."""
        return self._by_key.setdefault(key, RequestObservations())

    def find(self, key: NamespacedName) -> RequestObservations | None:
        """The observations of a request, if there are any."""
        return self._by_key.get(key)

    def keys(self) -> list[NamespacedName]:
        """The requests about which anything was found out."""
        return list(self._by_key)

    def of_run(self, key: NamespacedName, run: str) -> RunObservations:
        """The observations of one run."""
        return self.of(key).runs.get(run, RunObservations())

    def observe_run(self, key: NamespacedName, run: str, **changes: Any) -> None:
        """Change the observations of one run."""
        self.of(key).runs[run] = replace(self.of_run(key, run), **changes)

    def observe_delivery(self, key: NamespacedName, uid: str, delivery: Delivery) -> bool:
        """Say what became of the notifications about a run; whether anybody still wants to know."""
        observations = self._by_key.get(key)
        if observations is None or uid not in observations.deliveries:
            return False
        observations.deliveries[uid] = delivery
        return True

    def observe_status(self, key: NamespacedName) -> None:
        """Another status was written than the one that is held: what was decided on top of that one holds no more."""
        observations = self.of(key)
        observations.status = None
        observations.status_changes += 1

    def observe_job(self, key: NamespacedName, name: str, job: Job, before: Job | None, *, is_run_open: bool) -> None:
        """Note what a new version of the Job of a run says."""
        if self.of_run(key, name).job_absent:
            self.observe_run(key, name, job_absent=False)
        self._observe_running(key, name, job)
        begins_to_end = job.is_ending and before is not None and not before.is_ending
        if begins_to_end and self.of_run(key, name).pods_listed_at is not None:
            # What was listed before the end began says nothing about it.
            self.observe_run(key, name, pods_listed_at=None)
        if job.finished is not None and is_run_open:
            self.observe_end(key, name)

    def _observe_running(self, key: NamespacedName, name: str, job: Job) -> None:
        """Remember since when a run was seen running, and since when no more; a suspension starts the work over."""
        observations = self.of_run(key, name)
        if job.is_suspended and observations.running_since is not None:
            self.observe_run(key, name, running_since=None, unready_since=None, log=None, log_pod="")
        elif (
            job.ready
            and job.finished is None
            and (observations.running_since is None or observations.unready_since is not None)
        ):
            self.observe_run(key, name, running_since=observations.running_since or self._clock(), unready_since=None)
        elif not job.ready and observations.running_since is not None and observations.unready_since is None:
            self.observe_run(key, name, unready_since=self._clock())

    def observe_end(self, key: NamespacedName, name: str) -> None:
        """Remember since when the Job of an open run is known to be over or gone."""
        if self.of_run(key, name).ended_at is None:
            self.observe_run(key, name, ended_at=self._clock())

    def observe_step(self, key: NamespacedName, run: str, parent: str, status: StepStatus | None) -> None:
        """Note how the run of a step ended (None: there is none)."""
        self.of(key).steps[run] = StepEnd(parent, status)

    def forget_step(self, key: NamespacedName, run: str) -> None:
        """The run of a step is open."""
        if key in self._by_key:
            self._by_key[key].steps.pop(run, None)

    def forget_request(self, key: NamespacedName) -> None:
        """What was found out about a request that is gone holds for none that gets its name; its runs go on."""
        observations = self._by_key.get(key)
        if observations is not None:
            self._by_key[key] = RequestObservations(runs=observations.runs, steps=observations.steps)

    def forget_backfill(self, key: NamespacedName, name: str) -> None:
        """A backfill is gone."""
        observations = self._by_key.get(key)
        if observations is not None:
            observations.backfills.pop(name, None)
            observations.backfills_written_at.pop(name, None)

    def forget_run(self, key: NamespacedName, run: str) -> None:
        """A run is recorded or deleted."""
        observations = self._by_key.get(key)
        if observations is not None:
            observations.runs.pop(run, None)
            observations.steps = {name: end for name, end in observations.steps.items() if end.parent != run}

    def reset(self) -> None:
        """Another operator may have acted since: what was found out about requests is looked up anew, as at a start."""
        self._by_key = {
            key: RequestObservations(
                runs={name: replace(found, job_absent=False) for name, found in observations.runs.items()}
            )
            for key, observations in self._by_key.items()
            if observations.runs
        }

    def shift_clock(self, by: timedelta) -> None:
        """The clock now shows so much more (or less): what was noted of open runs is carried over to it."""
        for observations in self._by_key.values():
            observations.runs = {name: _carried_over(found, by) for name, found in observations.runs.items()}

    def prune(self, key: NamespacedName, *, is_gone: bool) -> None:
        """Drop observations that say nothing, so that a request at rest costs only its body."""
        observations = self._by_key.get(key)
        if observations is None:
            return
        if is_gone or observations == RequestObservations(status_written_at=observations.status_written_at):
            del self._by_key[key]


def _carried_over(observations: RunObservations, by: timedelta) -> RunObservations:
    times = {item.name: getattr(observations, item.name) for item in fields(observations)}
    changed: dict[str, Any] = {name: value + by for name, value in times.items() if isinstance(value, datetime)}
    refused = observations.create_rejected
    return replace(observations, **changed, create_rejected=None if refused is None else refused.carried_over(by))
