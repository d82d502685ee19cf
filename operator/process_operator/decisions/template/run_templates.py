"""Templates of runs, and the checks of their own values, kept between decisions.

A check matches up to 64 values with patterns, and a template is a copy of a whole Job. Both follow from the specs of the
request and its Processes and from the values, which never change. Neighbours: `inputs/compiled_request.py` keeps this
value as long as the specs stay the same, and `context.py` and `run/steps.py` read it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from process_operator.decisions.template.job_template import JobTemplate, build_template
from process_operator.decisions.template.run_parameters import check_run_parameters, with_parameters
from process_operator.decisions.template.shape import TemplateError
from process_operator.decisions.template.step import StepTemplate, step_template
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.regular_expression import instructions

_Key = TypeVar("_Key")
T = TypeVar("T")

_MAX_TEMPLATES: Final = 32
"""Templates that are kept. A decision needs those of the next runs to start, and few others."""
_SPARE_CHECKS: Final = 64
"""Checks of ended runs that are kept before all of them are dropped."""

_NEW_INSTRUCTIONS: Final = 16_384
"""Instructions of patterns that one decision runs over new values. RE2 needs 0.1 s for them and the longest values."""

Objection = tuple[str, str]
"""Reason and message of values that are not allowed, or of a template that cannot be built."""


@dataclass(frozen=True, slots=True)
class _CheckedValues:
    """Values of a run that were checked: the variables of the run, or the objection to its values."""

    objection: Objection | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


class RunTemplates:
    """Checked values and templates of the runs of one request, made at the first use. Runs are named by their UIDs."""

    def __init__(self, request: ProcessRequest, process: Process | None, step_processes: Mapping[str, Process]) -> None:
        self._request = request
        self._process = process
        self._step_processes = step_processes
        self._checks: dict[str, _CheckedValues] = {}
        self._templates: dict[str, JobTemplate] = {}
        self._steps: dict[tuple[str, str], tuple[Process, StepTemplate | Objection]] = {}
        """Templates by run and step, each with the Process that it was built from."""

    @cached_property
    def checks_per_decision(self) -> int:
        """Number of runs, at least one, whose values one decision can check for the first time."""
        processes = [*self._step_processes.values(), *([self._process] if self._process is not None else [])]
        patterns = [p.pattern for each in processes for p in each.spec.parameters if p.pattern is not None]
        return max(1, _NEW_INSTRUCTIONS // max(1, sum(map(instructions, patterns))))

    def is_checked(self, uid: str) -> bool:
        """Whether the values of a run were checked, and the result is kept."""
        return uid in self._checks

    def objection(self, uid: str, given: Mapping[str, str]) -> Objection | None:
        """Reason and message if the values of a run are not allowed."""
        return self._checked(uid, given).objection

    def template(self, uid: str, given: Mapping[str, str]) -> JobTemplate | None:
        """The template of a run of a Process without steps. None if its values are not allowed."""
        checked = self._checked(uid, given)
        if checked.objection is not None:
            return None
        found = self._templates.get(uid)
        if found is None:
            found = build_template(self._request, self._process, checked.variables)
            _keep(self._templates, uid, found)
        return found

    def step(self, uid: str, given: Mapping[str, str], name: str, process: Process) -> StepTemplate | Objection:
        """The template of a step of a run, from its Process as it is now. Otherwise why there is none.

        Every step gets the parameters that the run itself has. Runs without values of their own share the template.
        """
        key = (uid if given else "", name)
        known = self._steps.get(key)
        if known is None or known[0] is not process:
            known = (process, self._build_step(given, name, process))
            _keep(self._steps, key, known)
        return known[1]

    def retain(self, uids: Collection[str]) -> None:
        """Drop the checks of runs that are not open any more, if they are many."""
        if len(self._checks) > len(uids) + _SPARE_CHECKS:
            self._checks = {uid: self._checks[uid] for uid in uids if uid in self._checks}

    def _checked(self, uid: str, given: Mapping[str, str]) -> _CheckedValues:
        if uid not in self._checks:
            self._checks[uid] = self._check(given)
        return self._checks[uid]

    def _check(self, given: Mapping[str, str]) -> _CheckedValues:
        try:
            variables = check_run_parameters(given, self._request, self._process, self._step_processes)
        except TemplateError as error:
            return _CheckedValues((error.reason, error.message))
        return _CheckedValues(variables=variables)

    def _build_step(self, given: Mapping[str, str], name: str, process: Process) -> StepTemplate | Objection:
        try:
            return step_template(with_parameters(self._request, given), self._process, name, process, f'step "{name}"')
        except TemplateError as error:
            return error.reason, error.message


def _keep(kept: dict[_Key, T], key: _Key, value: T) -> None:
    """Keep a value, and drop the oldest one if there are too many."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > _MAX_TEMPLATES:
        del kept[next(iter(kept))]
