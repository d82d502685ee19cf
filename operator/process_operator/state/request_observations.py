"""Observations about one request: its finished runs, steps, dry run and notifications.

Each observation is a value. `apply` gives the facts about the request that follow from it. It is pure, so a table can
test it. Times are UTC. Neighbours: `run_observations.py` has the observations about one open run, `reducer.py` applies
both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.observations import Delivery, DryRun, RunObservations
from process_operator.resources.process_run import StepStatus
from process_operator.state.facts import RequestFacts, StepEnd

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class RequestObservation:
    """An observation about one request."""

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """Give the facts about the request after this observation."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class HistoryLoaded(RequestObservation):
    """The finished runs of the request were listed, oldest first."""

    runs: tuple[FinishedRun, ...]

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The list replaces what was known."""
        return replace(facts, history=self.runs)


@dataclass(frozen=True, slots=True)
class HistoryOutdated(RequestObservation):
    """A run may have been finished or deleted in a way that no event tells."""

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The finished runs have to be listed again."""
        return facts if facts.history is None else replace(facts, history=None)


@dataclass(frozen=True, slots=True)
class RunFinished(RequestObservation):
    """A run of the request is finished, or a finished run was changed."""

    finished: FinishedRun

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The run is the newest of the history, if the history is known."""
        if facts.history is None:
            return facts
        others = tuple(run for run in facts.history if run.name != self.finished.name)
        return replace(facts, history=(*others, self.finished))


@dataclass(frozen=True, slots=True)
class RunsDeleted(RequestObservation):
    """The operator deleted finished runs, which have these UIDs."""

    uids: frozenset[str]

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The history no longer has the runs. It may be long, so it is read once for all of them."""
        if facts.history is None or not self.uids:
            return facts
        return replace(facts, history=tuple(run for run in facts.history if run.uid not in self.uids))


@dataclass(frozen=True, slots=True)
class RunClosed(RequestObservation):
    """A run is recorded or deleted, so it is open no more."""

    run: str

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """Facts about the open run and about the ends of its steps are needed no more."""
        steps = {name: end for name, end in facts.steps.items() if end.parent != self.run}
        if self.run not in facts.runs and len(steps) == len(facts.steps):
            return facts
        return replace(facts, runs=_without(facts.runs, {self.run}), steps=steps)


@dataclass(frozen=True, slots=True)
class StepEnded(RequestObservation):
    """The run of a step has ended; `status` is None if the API server has no such run."""

    run: str
    parent: str
    status: StepStatus | None

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The end is kept for the run that has the steps."""
        return replace(facts, steps={**facts.steps, self.run: StepEnd(self.parent, self.status)})


@dataclass(frozen=True, slots=True)
class StepOpened(RequestObservation):
    """A run is open that may be the run of a step."""

    run: str

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """An end of an earlier run of that name does not count."""
        return facts if self.run not in facts.steps else replace(facts, steps=_without(facts.steps, {self.run}))


@dataclass(frozen=True, slots=True)
class DryRunAnswered(RequestObservation):
    """The dry run of the Job has a result; `blocked` is set if the API server did not answer again and again."""

    dry_run: DryRun
    blocked: Blocked | None = None

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The result replaces an earlier one."""
        return replace(facts, dry_run=self.dry_run, dry_run_blocked=self.blocked)


@dataclass(frozen=True, slots=True)
class DryRunFailed(RequestObservation):
    """The API server did not answer the dry run of the Job."""

    blocked: Blocked

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """An earlier result stays."""
        return replace(facts, dry_run_blocked=self.blocked)


@dataclass(frozen=True, slots=True)
class NotificationsStarted(RequestObservation):
    """The notifications about the end of a run were handed over to the sender."""

    uid: str

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """They are being sent."""
        return replace(facts, deliveries={**facts.deliveries, self.uid: Delivery()})


@dataclass(frozen=True, slots=True)
class NotificationsEnded(RequestObservation):
    """Every receiver has the notification, or the sender gave it up."""

    uid: str
    failures: tuple[str, ...] = ()

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The run has to record the outcome, unless its request was deleted meanwhile."""
        if self.uid not in facts.deliveries:
            return facts
        ended = Delivery(done=True, failures=self.failures)
        return replace(facts, deliveries={**facts.deliveries, self.uid: ended})


@dataclass(frozen=True, slots=True)
class OutcomeRecorded(RequestObservation):
    """The run has a condition that says what became of its notifications."""

    uid: str

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """Nothing is left to do about them."""
        history = facts.history
        if history is not None:
            history = tuple(
                replace(run, end_to_notify=None)
                if run.end_to_notify is not None and run.end_to_notify.uid == self.uid
                else run
                for run in history
            )
        return replace(facts, deliveries=_without(facts.deliveries, {self.uid}), history=history)


@dataclass(frozen=True, slots=True)
class OutcomeNotRecorded(RequestObservation):
    """The condition that says what became of the notifications of a run could not be written."""

    uid: str
    again_at: datetime

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The operator tries again at that time."""
        delivery = replace(facts.deliveries.get(self.uid, Delivery(done=True)), again_at=self.again_at)
        return replace(facts, deliveries={**facts.deliveries, self.uid: delivery})


@dataclass(frozen=True, slots=True)
class RequestDeleted(RequestObservation):
    """The request is deleted. Another request may get its name."""

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """Only the facts about its open runs stay, because these continue."""
        return RequestFacts(runs=facts.runs, steps=facts.steps)


@dataclass(frozen=True, slots=True)
class Interrupted(RequestObservation):
    """Another operator may have acted in the meantime."""

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """Everything is found out again, as after a start. What was seen of open runs stays."""
        return RequestFacts(runs={name: replace(run, job_absent=False) for name, run in facts.runs.items()})


@dataclass(frozen=True, slots=True)
class ClockSet(RequestObservation):
    """The clock was set forward by this much, or back if it is negative."""

    by: timedelta

    def apply(self, facts: RequestFacts) -> RequestFacts:
        """The times of open runs are converted to the new clock."""
        return replace(facts, runs={name: _shifted(run, self.by) for name, run in facts.runs.items()})


def _without(mapping: Mapping[str, V], names: Collection[str]) -> dict[str, V]:
    return {name: value for name, value in mapping.items() if name not in names}


def _shifted(run: RunObservations, by: timedelta) -> RunObservations:
    times = {item.name: getattr(run, item.name) for item in fields(run)}
    changed: dict[str, Any] = {name: value + by for name, value in times.items() if isinstance(value, datetime)}
    job, status = run.create_rejected, run.status_rejected
    return replace(
        run,
        **changed,
        create_rejected=None if job is None else job.carried_over(by),
        status_rejected=None if status is None else status.carried_over(by),
    )
