"""Facts in memory about one request: what the API server answered, and what the operator saw itself.

The operator writes none of them into an object of the cluster. A restart loses them, and the operator finds them out
again. Facts are frozen values: `reducer.py` alone makes new ones, from observations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.observations import Delivery, DryRun, RunObservations
from process_operator.resources.process_run import StepStatus


@dataclass(frozen=True, slots=True)
class StepEnd:
    """End of the run of a step, kept for the open run that has the steps."""

    parent: str
    status: StepStatus | None
    """None: the API server has no such run."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """All facts about one request."""

    history: tuple[FinishedRun, ...] | None = None
    """Finished runs, oldest first; None: they have to be listed."""
    dry_run: DryRun | None = None
    dry_run_blocked: Blocked | None = None
    """The dry run of the Job, while the API server does not answer it."""
    runs: Mapping[str, RunObservations] = field(default_factory=dict)
    """Facts about open runs, by name."""
    steps: Mapping[str, StepEnd] = field(default_factory=dict)
    """Ends of steps, by the name of the run of the step."""
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    """Notifications by the UID of their run, until the run itself records the outcome."""


NO_FACTS = RequestFacts()
