"""Inputs of a run or a request: checked before anything is created, by the same rules as in the operator."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from process_operator.client.judged import judged_requests
from process_operator.decisions.template.run_parameters import check_run_parameters
from process_operator.decisions.template.shape import TemplateError
from process_operator.decisions.template.step import known_parameters
from process_operator.preview.preview import judge
from process_operator.resources.conditions import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from process_operator.client.client import Client
    from process_operator.preview.manifest_set import GivenRequest
    from process_operator.resources.types import Object

_ABOUT_INPUTS: Final = frozenset({Reason.PARAMETER_MISSING, Reason.PARAMETER_UNKNOWN, Reason.PARAMETER_INVALID})


class InputError(Exception):
    """Inputs that do not fit. `reason` is that of the operator, `names` are the parameters that the message names."""

    def __init__(self, reason: str, message: str, names: tuple[str, ...]) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.names = names


async def check_run_inputs(client: Client, request: Object, parameters: Mapping[str, str]) -> None:
    """Check the parameters of one run of a request. Raises InputError, and ApiError."""
    ((given, _),) = await judged_requests(client, [request])
    if given.request is None or given.lacks_process or _lacks_steps(given):
        return  # the operator reports it on the run
    try:
        check_run_parameters(parameters, given.request, given.process, given.step_processes)
    except TemplateError as error:
        names = _declared(given) if error.reason == Reason.PARAMETER_MISSING else tuple(parameters)
        raise InputError(str(error.reason), error.message, _named(error.message, names)) from error


async def check_request_inputs(client: Client, request: Object, now: datetime) -> None:
    """Check the parameters of a request that is not created yet. Raises InputError, and ApiError."""
    ((given, _),) = await judged_requests(client, [request])
    if given.request is None or given.lacks_process or _lacks_steps(given):
        return  # the API server rejects it, or the operator waits for the Process
    acceptance = judge(given.request, given.process, now, given.calendars, given.step_processes)
    if acceptance.reason in _ABOUT_INPUTS:
        is_missing = acceptance.reason == Reason.PARAMETER_MISSING
        names = _declared(given) if is_missing else tuple(each.name for each in given.request.spec.parameters)
        raise InputError(str(acceptance.reason), acceptance.message, _named(acceptance.message, names))


def _declared(given: GivenRequest) -> tuple[str, ...]:
    if given.process is None:
        return ()
    return tuple(known_parameters(given.process, tuple(given.step_processes.values())))


def _lacks_steps(given: GivenRequest) -> bool:
    steps = given.process.spec.steps or () if given.process is not None else ()
    return any(step.process.name not in given.step_processes for step in steps)


def _named(message: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Select the names about which a message is. Those that it allows come last in it."""
    message = message.partition("allowed:")[0]
    words = set(message.replace('"', " ").replace(",", " ").replace(":", " ").replace("spec.parameters.", " ").split())
    return tuple(name for name in dict.fromkeys(names) if name in words)
