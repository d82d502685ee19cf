"""How far a run with steps is, and what follows: recomputed from the runs of its steps, never from what was done.

The list of steps stands in the run's status since it began. A step is settled when its end is written there; of the
others it is asked whether their run is open, how it ended, or whether it was ever made. `steps.py` acts on the answer.
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
    """How far a run with steps is."""

    steps: tuple[StepStatus, ...]
    """All of them, with everything that is known by now."""
    open_run: RunView | None = None
    """The open run of the present step."""
    lookup: str | None = None
    """The run of the present step, where it has to be looked up how it ended."""
    following: StepStatus | None = None
    """The step whose run was never made and is the next."""

    @property
    def ended(self) -> tuple[StepStatus, ...]:
        """The steps that are over."""
        return tuple(step for step in self.steps if step.phase is not None)

    @property
    def failed(self) -> tuple[StepStatus, ...]:
        """The steps that ended in any other way than well."""
        return tuple(step for step in self.ended if step.phase != RunPhase.SUCCEEDED)


def step_progress(view: RunView, snapshot: Snapshot) -> StepProgress:
    """How far a run is that has begun its steps."""
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
            # Where it was made all the same, before a crash, its making meets AlreadyExists and finds it.
            return StepProgress(tuple(steps), following=step)
        steps[index] = end if end is not None else _deleted(step)
    return StepProgress(tuple(steps))


def _deleted(step: StepStatus) -> StepStatus:
    """A step whose run was made and is no longer there: nobody knows how it went, and it is not run twice in
    silence."""
    message = "its run was deleted before its end was known"
    return step.model_copy(
        update={"phase": RunPhase.UNKNOWN, "reason": RunReason.RUN_DELETED.value, "message": message}
    )


def log_of(steps: Sequence[StepStatus]) -> str:
    """What each step did, a line for each."""
    return "\n".join(f"{number}/{len(steps)} {_line(step)}" for number, step in enumerate(steps, 1))


def _line(step: StepStatus) -> str:
    if step.phase is None:
        return f"{step.name}: not run"
    took = f" after {step.duration}" if step.duration is not None else ""
    why = f": {step.reason}" if step.phase != RunPhase.SUCCEEDED and step.reason else ""
    return f"{step.name}: {step.phase}{took} (run {step.run}){why}"
