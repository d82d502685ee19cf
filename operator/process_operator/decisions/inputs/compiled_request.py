"""Compiled request: what follows from the spec of a request and from its Processes alone, and costs time to work out.

A request with runs is decided several times for each run, and its templates and calendar are the same each time. A
compiled request is a value: every part is a pure function of its fields, worked out at the first use. `state/` keeps it
from one snapshot to the next while their specs are the same. Neighbours: `snapshot.py` carries it, `acceptance/acceptance.py`
and `activation/activation.py` read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from process_operator.decisions.inputs.timing_hash import timing_hash
from process_operator.decisions.template.job_template import JobTemplate, build_template
from process_operator.decisions.template.run_templates import RunTemplates
from process_operator.decisions.template.step import StepTemplate, step_templates
from process_operator.resources.model import Model
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.timing.exclusions import NOTHING, Exclusions
from process_operator.timing.recurrence import Recurrence, check_schedule, compile_schedule

_Earlier = tuple[tuple[datetime, Exclusions], ...]


@dataclass(frozen=True)
class CompiledRequest:
    """A request with its Process and the Processes of its steps, compiled.

    Of `request` only the spec, the name and the UID hold, because its status and its version may be older. A part that
    raises an error is worked out again at the next use. Two threads may both work out a part, with the same result.
    """

    request: ProcessRequest
    process: Process | None = None
    step_processes: Mapping[str, Process] = field(default_factory=dict)

    def is_like(self, other: CompiledRequest) -> bool:
        """Whether the objects of the other one have the same spec, name and UID, so that every part is the same."""
        one, request, steps = self.request, other.request, other.step_processes
        return (
            one.metadata.uid == request.metadata.uid
            and one.metadata.key == request.metadata.key
            and _is_same_spec(one.spec, request.spec)
            and _is_same(self.process, other.process)
            and steps.keys() == self.step_processes.keys()
            and all(_is_same(found, steps[name]) for name, found in self.step_processes.items())
        )

    @cached_property
    def timing_hash(self) -> str:
        """The hash of the timing (`timing_hash.py`)."""
        return timing_hash(self.request.spec.timing)

    @cached_property
    def template(self) -> JobTemplate:
        """The Job template of a request whose Process has no steps. Raises TemplateError."""
        return build_template(self.request, self.process)

    @cached_property
    def steps(self) -> tuple[StepTemplate, ...]:
        """The templates of the steps of a Process that `acceptance/process.py` accepts. Raises TemplateError."""
        assert self.process is not None
        return step_templates(self.request, self.process, self.step_processes)

    @cached_property
    def run_templates(self) -> RunTemplates:
        """The templates of runs with values of their own."""
        return RunTemplates(self.request, self.process, self.step_processes)

    def recurrence(self, since: datetime, excluded: Exclusions = NOTHING, earlier: _Earlier = ()) -> Recurrence | None:
        """The calendar of the schedule in the activation that started at `since` (UTC); None for a one-shot timing.

        `excluded` and `earlier` are as in `compile_schedule`. It is checked from the start of the activation, so the
        result does not change after the last tick. The calendar of the latest arguments is kept. Raises ScheduleError.
        """
        schedule, key = self.request.spec.timing.schedule, self.request.metadata.key
        if schedule is None:
            return None
        arguments, known = (since, excluded, earlier), self._calendars[-1:]
        if known and known[0][0] == arguments:
            return known[0][1]
        found = check_schedule(schedule, now=since, key=key, excluded=excluded)
        if earlier:
            found = compile_schedule(schedule, since=since, key=key, excluded=excluded, earlier=earlier)
        self._calendars[:] = [(arguments, found)]
        return found

    @cached_property
    def _calendars(self) -> list[tuple[tuple[datetime, Exclusions, _Earlier], Recurrence]]:
        """The calendar that was compiled last, with the arguments it follows from."""
        return []


def compile_request(
    request: ProcessRequest,
    process: Process | None,
    step_processes: Mapping[str, Process],
    last: CompiledRequest | None = None,
) -> CompiledRequest:
    """The compiled request: `last`, if it is the same. `step_processes` may have other Processes too."""
    named = {step.process.name for step in process.spec.steps or ()} if process is not None else set()
    steps = {name: found for name, found in step_processes.items() if name in named}
    found = CompiledRequest(request, process, steps)
    return last if last is not None and last.is_like(found) else found


def _is_same(one: Process | None, other: Process | None) -> bool:
    if one is None or other is None or one is other:
        return one is other
    return one.metadata.name == other.metadata.name and _is_same_spec(one.spec, other.spec)


def _is_same_spec(one: Model, other: Model) -> bool:
    """Whether two specs are the same JSON. `==` alone takes 1, 1.0 and true for the same value of a template."""
    return one is other or (one == other and one.model_dump_json() == other.model_dump_json())
