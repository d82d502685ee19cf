"""Templates of runs with values of their own, and the verdicts about these values, kept between decisions.

A verdict matches up to 64 values with patterns, and a template is a copy of a whole Job. Both follow from the specs of the
request and its Processes and from the values, which never change. Neighbours: `inputs/compiled_request.py` keeps this
value as long as the specs stay the same, `context.py` asks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Final

from process_operator.decisions.template.job_template import JobTemplate, build_template
from process_operator.decisions.template.run_parameters import check_run_parameters, with_parameters
from process_operator.decisions.template.shape import TemplateError
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.regular_expression import instructions

_MAX_TEMPLATES: Final = 32
"""Templates that are kept. A decision needs those of the next runs to start, and few others."""
_SPARE_VERDICTS: Final = 64
"""Verdicts of ended runs that are kept before all of them are dropped."""

_NEW_INSTRUCTIONS: Final = 16_384
"""Instructions of patterns that one decision runs over new values. RE2 needs 0.1 s for them and the longest values."""

Refusal = tuple[str, str]
"""Reason and message of values that are not allowed."""


class RunTemplates:
    """Verdicts and templates of the runs of one request, worked out at the first use. Runs are named by their UIDs."""

    def __init__(self, request: ProcessRequest, process: Process | None, step_processes: Mapping[str, Process]) -> None:
        self._request = request
        self._process = process
        self._step_processes = step_processes
        self._refusals: dict[str, Refusal | None] = {}
        self._templates: dict[str, JobTemplate] = {}

    @cached_property
    def new_verdicts(self) -> int:
        """Number of runs, at least one, whose values one decision can judge for the first time."""
        processes = [*self._step_processes.values(), *([self._process] if self._process is not None else [])]
        patterns = [p.pattern for each in processes for p in each.spec.parameters if p.pattern is not None]
        return max(1, _NEW_INSTRUCTIONS // max(1, sum(map(instructions, patterns))))

    def is_judged(self, uid: str) -> bool:
        """Whether the verdict about a run is kept."""
        return uid in self._refusals

    def refusal(self, uid: str, given: Mapping[str, str]) -> Refusal | None:
        """Reason and message if the values of a run are not allowed."""
        if uid not in self._refusals:
            self._refusals[uid] = self._judge(given)
        return self._refusals[uid]

    def template(self, uid: str, given: Mapping[str, str]) -> JobTemplate | None:
        """The template of a run of a Process without steps. None if its values are not allowed."""
        if self.refusal(uid, given) is not None:
            return None
        found = self._templates.get(uid)
        if found is None:
            found = self._templates[uid] = build_template(with_parameters(self._request, given), self._process)
            if len(self._templates) > _MAX_TEMPLATES:
                del self._templates[next(iter(self._templates))]
        return found

    def retain(self, uids: Collection[str]) -> None:
        """Drop the verdicts of runs that are not open any more, if they are many."""
        if len(self._refusals) > len(uids) + _SPARE_VERDICTS:
            self._refusals = {uid: self._refusals[uid] for uid in uids if uid in self._refusals}

    def _judge(self, given: Mapping[str, str]) -> Refusal | None:
        try:
            check_run_parameters(given, self._request, self._process, self._step_processes)
        except TemplateError as error:
            return error.reason, error.message
        return None
