"""Context of a decision: one existing request with its acceptance and its open runs, which every part reads.

`request.py` makes it. Neighbours: `concurrency/eligibility.py`, `run/open_runs.py`, `engines/new_runs.py` and
`status/facts.py` read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.resources.engine import Engine
from process_operator.resources.process import ConcurrencyPolicy, stricter
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import Activation
from process_operator.resources.process_run import RunPhase, Trigger


@dataclass(frozen=True)
class DecisionContext:
    """A request whose activation is up to date, its acceptance, and its open runs, at `now` (UTC)."""

    snapshot: Snapshot
    acceptance: Acceptance
    views: tuple[RunView, ...]
    now: datetime
    orphans: tuple[Candidate, ...] = ()
    """Orphans that are at work under the name of the request (`run/orphans.py`). They block until they end."""
    whole: Snapshot | None = None
    """The snapshot with all Jobs under the name, also those that belong to no run."""

    @cached_property
    def request(self) -> ProcessRequest:
        """The request, which exists."""
        assert self.snapshot.request is not None
        return self.snapshot.request

    @cached_property
    def activation(self) -> Activation:
        """The activation, which has been written."""
        assert self.snapshot.status.activation is not None
        return self.snapshot.status.activation

    @cached_property
    def _checks(self) -> tuple[Mapping[str, tuple[str, str]], frozenset[str]]:
        """Objections by the names of runs, and the names of the runs whose values a later decision checks.

        Values with costly patterns are checked in the order in which their runs were due, some in each decision. So no
        user can keep the operator from the requests of other users.
        """
        if not self.acceptance.is_accepted:
            return {}, frozenset()
        kept = self.snapshot.compiled.run_templates
        kept.retain({view.run.metadata.uid for view in self.views})
        runs = sorted(filter(_may_have_objection, self.views), key=lambda view: (view.due, view.name))
        new = [view for view in runs if not kept.is_checked(view.run.metadata.uid)]
        later = frozenset(view.name for view in new[kept.checks_per_decision :])
        found = (
            (view.name, kept.objection(view.run.metadata.uid, view.run.spec.parameters or {}))
            for view in runs
            if view.name not in later
        )
        return {name: objection for name, objection in found if objection is not None}, later

    @property
    def objections(self) -> Mapping[str, tuple[str, str]]:
        """Reason and message of each run that has not started and whose own parameters are not allowed, by its name."""
        return self._checks[0]

    @property
    def unchecked(self) -> frozenset[str]:
        """Names of the runs whose own parameters a later decision checks. They do not start before."""
        return self._checks[1]

    def template_of(self, view: RunView) -> JobTemplate | None:
        """The template of a run of an accepted request, with its own parameters. None if these are not allowed."""
        template, given = self.acceptance.template, view.run.spec.parameters
        if not given or template is None:
            return template
        return self.snapshot.compiled.run_templates.template(view.run.metadata.uid, given)

    def objection_to_template(self, view: RunView) -> str:
        """Reason for which a run of an accepted request gets no new Job: its own parameters are not allowed any more."""
        given, is_pending = view.run.spec.parameters, view.run.status.phase == RunPhase.PENDING
        if not given or not is_pending or not self.acceptance.is_accepted:
            return ""
        found = self.snapshot.compiled.run_templates.objection(view.run.metadata.uid, given)
        return ": ".join(found) if found is not None else ""

    @property
    def policy(self) -> ConcurrencyPolicy:
        """The concurrency policy that applies: the stricter one of the request and its Process."""
        own, process = self.request.spec.concurrency_policy, self.snapshot.process
        return own if process is None else stricter(own, process.spec.concurrency_policy)

    @property
    def lock(self) -> ProcessLock | None:
        """The lock of the Process of the request, if its policy is not Allow."""
        return self.snapshot.process_lock

    @property
    def is_suspended(self) -> bool:
        """Whether the request is unscheduled."""
        return self.request.spec.suspend

    @property
    def is_own_engine(self) -> bool:
        """Whether the operator creates the Jobs of this schedule."""
        return self.acceptance.engine is not None and self.acceptance.engine.engine == Engine.OPERATOR

    @property
    def claims_ticks(self) -> bool:
        """Whether the operator claims ticks now."""
        return self.acceptance.is_accepted and self.is_own_engine and not self.is_suspended

    def due_of(self, view: RunView) -> datetime:
        """When a run was due (UTC): its tick with jitter, or its creation if a user created it."""
        recurrence = self.acceptance.recurrence
        is_of_tick = view.run.spec.trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP)
        return recurrence.due_at(view.due) if recurrence is not None and is_of_tick else view.due

    def has_released_lock(self, view: RunView) -> bool:
        """Whether a suspended run has released the lock, because it has no pods. A run with steps keeps the lock."""
        return view.is_paused and self.lock is not None and not view.run.status.steps

    @cached_property
    def first_started(self) -> str | None:
        """Name of a started run that waiting runs wait for."""
        own = (view.name for view in self.views if view.is_started)
        return next(own, None) or next((orphan.name for orphan in self.orphans), None)


def _may_have_objection(view: RunView) -> bool:
    """Whether a run has parameters of its own and has never started. A run that has started continues."""
    has_started = view.is_started or view.job is not None or view.run.status.job_uid is not None
    return bool(view.run.spec.parameters) and not has_started
