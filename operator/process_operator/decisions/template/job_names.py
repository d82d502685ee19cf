"""Names of Jobs, and the room that an Indexed Job needs in them for its indexes.

The Job controller names the pods of an Indexed Job after the Job and the index. This name must be a DNS label, or the
API server rejects the Job of a run. `resources/names.py` builds the names. `acceptance/acceptance.py` checks them at
apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.template.shape import TemplateError
from process_operator.decisions.template.step import StepTemplate
from process_operator.resources import names
from process_operator.resources.conditions import Reason
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.timing.recurrence import Recurrence

_WHY: Final = "its pods are named after the run and the index, in 63 characters without a dot"


def longest_run_name(request: ProcessRequest, *, activation: int, recurrence: Recurrence | None, now: datetime) -> str:
    """A name as long as any that the operator gives a run of this request, those of backfills included."""
    stem = names.child_stem(request.metadata.name, request.metadata.uid)
    if recurrence is None:
        return names.activation_run_name(stem, activation)
    tick = int(now.timestamp())
    of_tick = names.tick_run_name(stem, tick, whole_minutes=recurrence.whole_minutes)
    return max(of_tick, names.backfill_run_name(stem, tick), key=len)


def longest_step_name(request: ProcessRequest, step: StepTemplate, run: str) -> str:
    """A name as long as any of the runs of a step. `run` is the longest name of their parents."""
    return names.step_run_name(run, request.metadata.uid, step.name)


def check_request_name(request: ProcessRequest, template: JobTemplate, run: str, where: str) -> None:
    """Reject the name of a request if the API server would reject its Jobs with names as long as `run`.

    `where` is the path of the template. Raises TemplateError: TemplateRejected.
    """
    _check_dots(request, template, where)
    if (excess := _excess(template, run)) > 0:
        stem = min(len(request.metadata.name), names.STEM_LENGTH)
        _reject(f"metadata.name: must have at most {stem - excess} characters", template, where)


def check_step_names(request: ProcessRequest, process: Process, steps: Sequence[StepTemplate], run: str) -> None:
    """Do the same for the Jobs of the steps of `process`, which are named after the run and the step.

    Raises TemplateError: TemplateRejected.
    """
    for index, step in enumerate(steps):
        _check_dots(request, step.template, step.where)
        if (excess := _excess(step.template, longest_step_name(request, step, run))) > 0:
            field = f"Process {process.metadata.name}: spec.steps[{index}].name"
            _reject(f"{field}: must have at most {len(step.name) - excess} characters", step.template, step.where)


def name_problem(template: JobTemplate, run: str) -> str:
    """The problem with the name of a run that a user created. Empty if there is none."""
    if _excess(template, run) > 0 or (_suffix(template) and "." in run):
        longest = names.MAX_NAME - len(_suffix(template))
        return f"metadata.name: must have at most {longest} characters and no dot, because the Job is Indexed: {_WHY}"
    return ""


def _check_dots(request: ProcessRequest, template: JobTemplate, where: str) -> None:
    if "." in request.metadata.name and _suffix(template):
        _reject("metadata.name: must not contain a dot", template, where)


def _excess(template: JobTemplate, name: str) -> int:
    """Number of characters by which the name of a Job is too long."""
    return len(name) + len(_suffix(template)) - names.MAX_NAME


def _suffix(template: JobTemplate) -> str:
    """Suffix of the name of the pod with the highest index. Empty if the Job has no indexes."""
    spec: Mapping[str, Any] = template.spec
    completions = spec.get("completions")
    # The API server rejects anything else.
    if spec.get("completionMode") != "Indexed" or not isinstance(completions, int) or completions < 1:
        return ""
    return f"-{completions - 1}"


def _reject(what: str, template: JobTemplate, where: str) -> None:
    completions = template.spec["completions"]
    message = f"{what}, because {where}.spec is an Indexed Job of {completions} completions: {_WHY}"
    raise TemplateError(Reason.TEMPLATE_REJECTED, message)
