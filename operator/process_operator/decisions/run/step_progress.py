"""Progress of a run with steps, computed from the runs of its steps and never from earlier actions.

The status of the run has the list of its steps from its begin. A step whose end is written there is settled. For the
others the operator finds out whether their run is open, how it ended, or whether it was created. `steps.py` acts on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.resources import names
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_run import RunPhase, StepStatus


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Progress of a run with steps."""

    steps: tuple[StepStatus, ...]
    """All steps, with everything that is known by now."""
    open_run: RunView | None = None
    """The open run of the present step."""
    lookup: str | None = None
    """Name of the run of the present step if its end has to be looked up."""
    following: StepStatus | None = None
    """The next step, whose run was not created yet."""

    @property
    def ended(self) -> tuple[StepStatus, ...]:
        """The steps that are over."""
        return tuple(step for step in self.steps if step.phase is not None)

    @property
    def failed(self) -> tuple[StepStatus, ...]:
        """The steps that did not succeed."""
        return tuple(step for step in self.ended if step.phase != RunPhase.SUCCEEDED)


def step_progress(view: RunView, snapshot: Snapshot) -> StepProgress:
    """Progress of a run that has begun its steps."""
    steps = list(view.run.status.steps or ())
    for index, step in enumerate(steps):
        if step.phase is not None:
            continue
        name = names.step_run_name(view.name, view.run.metadata.uid, step.name)
        open_run = view.steps.get(name)
        if open_run is not None:
            steps[index] = step.model_copy(update={"run": name})
            return StepProgress(tuple(steps), open_run=open_run)
        end = snapshot.step_ends.get(name)
        if end is None and step.run is not None and name not in snapshot.step_ends:
            return StepProgress(tuple(steps), lookup=name)
        if end is None and step.run is None:
            # If it was created before a crash, its creation fails with AlreadyExists and finds it.
            return StepProgress(tuple(steps), following=step)
        steps[index] = end if end is not None else _deleted(step)
    return StepProgress(tuple(steps))


def _deleted(step: StepStatus) -> StepStatus:
    """A step whose run was created and deleted. Its end is not known, and it does not run again without notice."""
    message = "its run was deleted before its end was known"
    return step.model_copy(
        update={"phase": RunPhase.UNKNOWN, "reason": RunReason.RUN_DELETED.value, "message": message}
    )


def log_of(steps: Sequence[StepStatus]) -> str:
    """One line for each step with its result."""
    return "\n".join(f"{number}/{len(steps)} {_line(step)}" for number, step in enumerate(steps, 1))


def _line(step: StepStatus) -> str:
    if step.phase is None:
        return f"{step.name}: not run"
    took = f" after {step.duration}" if step.duration is not None else ""
    why = f": {step.reason}" if step.phase != RunPhase.SUCCEEDED and step.reason else ""
    return f"{step.name}: {step.phase}{took} (run {step.run}){why}"
