"""Acceptance of a Process: whether this release can run it, and the status that reports it.

The status of each of its requests repeats it, and `acceptance.py` reads it before anything else. Neighbours:
`template/shape.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Final, NamedTuple

from process_operator.decisions.template.shape import TemplateError, check_shape
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, Reason, merge_conditions
from process_operator.resources.parameter_values import value_problem
from process_operator.resources.parameters import Parameter
from process_operator.resources.process import ConcurrencyPolicy, Process, ProcessStatus, Step
from process_operator.resources.regular_expression import instructions, pattern_problem

_MAX_INSTRUCTIONS: Final = 32_768
"""Instructions of all patterns of a Process and its steps. All matches of a run then take about 0.1 s at worst."""


class Objection(NamedTuple):
    """Reason of the condition Ready for a Process that cannot run, and a message that names the field."""

    reason: Reason
    message: str


def objection(process: Process, step_processes: Mapping[str, Process]) -> Objection | None:
    """The reason why a Process cannot run. None if it can.

    `step_processes` are the Processes that its steps name, by name, as far as they exist.
    """
    spec = process.spec
    steps = (step_processes.get(step.process.name) for step in spec.steps or ())
    # Neither the defaults of the Process nor those of its steps are matched before this.
    if (found := _size_objection(process, steps)) is not None:
        return found
    if (found := _parameter_objection(spec.parameters)) is not None:
        return found
    if spec.steps is not None:
        objections = (_step_objection(index, step, step_processes) for index, step in enumerate(spec.steps))
        return next((objected for objected in objections if objected is not None), None)
    try:
        check_shape(spec.job_template or {}, "spec.jobTemplate")
    except TemplateError as error:
        return Objection(Reason.TEMPLATE_REJECTED, error.message)
    return None


def _parameter_objection(parameters: tuple[Parameter, ...]) -> Objection | None:
    """The first declaration that cannot be used. The API server has rules for most of it, but not for large patterns."""
    for index, parameter in enumerate(parameters):
        if parameter.pattern is not None and (problem := pattern_problem(parameter.pattern)):
            return Objection(Reason.UNSUPPORTED, f"spec.parameters[{index}].pattern: RE2 cannot read it: {problem}")
        if parameter.default is not None and (problem := value_problem(parameter, parameter.default)):
            return Objection(Reason.PARAMETER_INVALID, f"spec.parameters[{index}].default: {problem}")
    return None


def _size_objection(process: Process, steps: Iterable[Process | None]) -> Objection | None:
    """The objection to patterns that are too large together. A Process counts for each step that names it."""
    size = 0
    for parameter in chain(process.spec.parameters, *(step.spec.parameters for step in steps if step is not None)):
        size += instructions(parameter.pattern) if parameter.pattern is not None else 0
        if size > _MAX_INSTRUCTIONS:  # no further pattern is compiled
            return Objection(
                Reason.UNSUPPORTED, "spec.parameters: all patterns together, with those of steps, are too large"
            )
    return None


def _step_objection(index: int, step: Step, step_processes: Mapping[str, Process]) -> Objection | None:
    where = f'spec.steps[{index}].process.name: step "{step.name}"'
    process = step_processes.get(step.process.name)
    if process is None:
        message = f'{where}: there is no Process "{step.process.name}"; waiting for it'
        return Objection(Reason.PROCESS_NOT_FOUND, message)
    if process.spec.steps is not None:
        message = f"{where}: Process {step.process.name} has steps itself; allowed: one with a jobTemplate"
        return Objection(Reason.UNSUPPORTED, message)
    if process.spec.concurrency_policy != ConcurrencyPolicy.ALLOW:
        policy = f"Process {step.process.name} has concurrencyPolicy {process.spec.concurrency_policy}"
        return Objection(Reason.UNSUPPORTED, f"{where}: {policy}; allowed for the Process of a step: Allow")
    found = objection(process, {})
    return None if found is None else Objection(found.reason, f"{where}: Process {step.process.name}: {found.message}")


def process_status(process: Process, step_processes: Mapping[str, Process], now: datetime) -> ProcessStatus:
    """The status of a Process, equal to its present one if nothing changed."""
    found = objection(process, step_processes)
    reason, message = found if found is not None else (Reason.ACCEPTED, "")

    def condition(kind: ConditionType, *, holds: bool) -> Condition:
        status = ConditionStatus.TRUE if holds else ConditionStatus.FALSE
        generation = process.metadata.generation
        return Condition(type=kind, status=status, observed_generation=generation, reason=reason, message=message)

    heals = found is not None and found.reason.may_heal
    wanted = [
        condition(ConditionType.READY, holds=found is None),
        condition(ConditionType.STALLED, holds=found is not None and not heals),
    ]
    if heals:
        wanted.append(condition(ConditionType.RECONCILING, holds=True))
    conditions = merge_conditions(process.status.conditions, tuple(wanted), now)
    return ProcessStatus(observed_generation=process.metadata.generation, conditions=conditions)
