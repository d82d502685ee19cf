"""Parameters of a single run: whether its request and Process allow them, and the request with these values.

A Manual run can set values of its own, within the limits of the values of a request. Each becomes an environment
variable that the Process declares, or that a request with its own template already sets. Neighbours:
`job_template.py` and `step.py` build the templates, `run/open_runs.py` ends the runs that are rejected here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from process_operator.decisions.template.job_template import parameter_values
from process_operator.decisions.template.shape import TemplateError
from process_operator.decisions.template.step import check_values, known_parameters
from process_operator.resources.conditions import Reason
from process_operator.resources.parameter_values import value_problem
from process_operator.resources.parameters import Parameter, ParameterValue
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.status_text import listed

_FIELD: Final = "spec.parameters"
_SHOWN_NAMES: Final = 3
_SHOWN_NAME_LENGTH: Final = 63


def with_parameters(request: ProcessRequest, given: Mapping[str, str] | None) -> ProcessRequest:
    """The request with the values of a run in place of its own. Its other values stay."""
    if not given:
        return request
    values = {each.name: each.value for each in request.spec.parameters} | dict(given)
    parameters = tuple(ParameterValue.model_construct(name=name, value=value) for name, value in values.items())
    return request.model_copy(update={"spec": request.spec.model_copy(update={"parameters": parameters})})


def check_run_parameters(
    given: Mapping[str, str], request: ProcessRequest, process: Process | None, step_processes: Mapping[str, Process]
) -> dict[str, str]:
    """Check the values of a run. `process` is that of the request, and `step_processes` those of its steps, by name.

    Returns the environment variables of the run. They are empty if the Process has steps, because each step declares
    its own. Raises TemplateError: ParameterUnknown, ParameterInvalid, ParameterMissing.
    """
    steps = [] if process is None else [step_processes[step.process.name] for step in process.spec.steps or ()]
    known = (
        [each.name for each in request.spec.parameters] if process is None else list(known_parameters(process, steps))
    )
    if unknown := [name for name in given if name not in known]:
        shown = ", ".join(f'"{name[:_SHOWN_NAME_LENGTH]}"' for name in unknown[:_SHOWN_NAMES])
        message = f"{_FIELD}: {_owner(request, process)} no parameter {shown}; allowed: {listed(known) or 'none'}"
        raise TemplateError(Reason.PARAMETER_UNKNOWN, message)
    for name, value in given.items():
        if "\0" in value:
            message = f"{_FIELD}.{name}: an environment variable cannot hold a NUL character"
            raise TemplateError(Reason.PARAMETER_INVALID, message)
    for declaration in _declarations(process, steps):
        if declaration.name in given and (problem := value_problem(declaration, given[declaration.name])):
            raise TemplateError(Reason.PARAMETER_INVALID, f"{_FIELD}.{declaration.name}: {problem}")
    whole = with_parameters(request, given)
    if process is not None and steps:
        check_values(whole, process, steps, checked=given)
        return {}
    return parameter_values(whole, process, checked=given)


def _declarations(process: Process | None, steps: Sequence[Process]) -> Iterator[Parameter]:
    """All declarations of parameters. Two steps may declare the same name, and then both apply."""
    for each in () if process is None else (process, *steps):
        yield from each.spec.parameters


def values_for_steps(request: ProcessRequest, process: Process) -> dict[str, str]:
    """The values with which a run of a Process with steps begins: those that are set, else the defaults of `process`.

    The defaults of the steps are left out, because two steps may have different ones for the same name.
    """
    defaults = {each.name: each.default for each in process.spec.parameters if each.default is not None}
    return defaults | {each.name: each.value for each in request.spec.parameters}


def _owner(request: ProcessRequest, process: Process | None) -> str:
    if process is None:
        return f"ProcessRequest {request.metadata.name} has its own jobTemplate and sets"
    if process.spec.steps is not None:
        return f"Process {process.metadata.name} and its steps declare"
    return f"Process {process.metadata.name} declares"
