"""Job templates of a Process with steps: one for each step, from the Process that it names.

A step gets those parameters of the request that its own Process declares. The Process with the steps may declare
parameters too. Their defaults take precedence over those of the Process of a step. Neighbours: `job_template.py` builds
each template, `acceptance/process.py` rejects impossible steps, `run/steps.py` creates the runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from process_operator.decisions.template.job_template import (
    JobTemplate,
    build_template,
    check_allowed,
    given_values,
    template_field,
)
from process_operator.decisions.template.shape import TemplateError
from process_operator.resources.conditions import Reason
from process_operator.resources.parameter_values import value_problem
from process_operator.resources.parameters import Parameter
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.status_text import listed


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A step that can run: its name, its Process, and its Job template."""

    name: str
    process: str
    template: JobTemplate
    where: str
    """Path of the template for users."""


def step_templates(
    request: ProcessRequest, process: Process, step_processes: Mapping[str, Process]
) -> tuple[StepTemplate, ...]:
    """The templates of all steps of a Process that `acceptance/process.py` accepts.

    Raises TemplateError: ParameterMissing, ParameterUnknown, ParameterInvalid, TemplateRejected; the message names the
    step.
    """
    steps = process.spec.steps or ()
    check_values(request, process, [step_processes[step.process.name] for step in steps])
    owner = f"Process {process.metadata.name}: spec.steps"
    return tuple(
        step_template(
            request, process, step.name, step_processes[step.process.name], f'{owner}[{index}] (step "{step.name}")'
        )
        for index, step in enumerate(steps)
    )


def step_template(
    request: ProcessRequest, process: Process | None, name: str, step_process: Process, place: str
) -> StepTemplate:
    """The template of one step. `process` is the one with the steps, if it exists. Every message begins with `place`.

    Raises TemplateError: ParameterMissing, ParameterInvalid, TemplateRejected.
    """
    try:
        template = build_template(request, step_process, _values(request, process, step_process))
    except TemplateError as error:
        raise TemplateError(error.reason, f"{place}: {error.message}") from error
    return StepTemplate(name, step_process.metadata.name, template, f"{place}: {template_field(step_process)}")


def hash_of(steps: tuple[StepTemplate, ...]) -> str:
    """16 hex digits that change when anything of any step's template does."""
    return hashlib.sha256("\n".join(step.template.hash for step in steps).encode()).hexdigest()[:16]


def _values(request: ProcessRequest, process: Process | None, step_process: Process) -> dict[str, str]:
    """The variables of a step, in the order in which its Process declares them."""
    defaults = dict(_defaults(process)) if process is not None else {}
    given = {**dict(_defaults(step_process)), **defaults, **given_values(request)}
    declared = step_process.spec.parameters
    missing = [p.name for p in declared if p.required and p.name not in given]
    if missing:
        message = f"Process {step_process.metadata.name} requires {listed(missing)}"
        raise TemplateError(Reason.PARAMETER_MISSING, message)
    for parameter in declared:
        if parameter.name in given and (problem := value_problem(parameter, given[parameter.name])):
            message = f"Process {step_process.metadata.name}: {parameter.name} {problem}"
            raise TemplateError(Reason.PARAMETER_INVALID, message)
    return {p.name: given[p.name] for p in declared if p.name in given}


def _defaults(process: Process) -> Iterator[tuple[str, str]]:
    return ((p.name, p.default) for p in process.spec.parameters if p.default is not None)


def known_parameters(process: Process, step_processes: Sequence[Process]) -> dict[str, Parameter]:
    """The parameters that a Process or one of its steps declares, by their names."""
    return {p.name: p for each in (process, *step_processes) for p in each.spec.parameters}


def check_values(
    request: ProcessRequest, process: Process, step_processes: Sequence[Process], checked: Collection[str] = ()
) -> None:
    """Check the parameters of a request for a Process with steps. The values of `checked` are known to be allowed.

    Raises TemplateError: ParameterMissing, ParameterUnknown, ParameterInvalid, TemplateRejected.
    """
    declared: dict[str, Parameter] = {p.name: p for p in process.spec.parameters}
    known = known_parameters(process, step_processes)
    for index, parameter in enumerate(request.spec.parameters):
        if parameter.name not in known:
            allowed = listed(list(known)) or "none"
            raise TemplateError(
                Reason.PARAMETER_UNKNOWN,
                f"spec.parameters[{index}].name: neither Process {process.metadata.name} nor one of its steps declares a "
                f'parameter "{parameter.name}"; declared: {allowed}',
            )
    check_allowed(request, declared, checked)
    given = given_values(request)
    missing = [name for name, parameter in declared.items() if parameter.required and name not in given]
    if missing:
        message = f"spec.parameters: Process {process.metadata.name} requires {listed(missing)}"
        raise TemplateError(Reason.PARAMETER_MISSING, message)
