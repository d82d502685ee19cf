"""Preview of one request, from its manifest alone: its ticks, or why there are none.

`decisions/acceptance/acceptance.py` judges the request, as if it were applied at `start`. Its ticks come from the same
calendar as its runs. Facts that only a cluster knows are not checked: quotas, and the API server's answer to the Job.
Neighbours: `manifest_set.py` reads requests from files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice, takewhile
from types import MappingProxyType
from typing import Final

from process_operator.decisions.acceptance.acceptance import Acceptance, accept
from process_operator.decisions.inputs.observations import CalendarFile
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.inputs.timing_hash import timing_hash
from process_operator.resources import names
from process_operator.resources.engine import Engine
from process_operator.resources.model import Metadata, format_duration, format_instant, whole_second
from process_operator.resources.parameters import Parameter
from process_operator.resources.process import Process, ProcessSpec
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import Activation, ProcessRequestStatus
from process_operator.resources.schedule import RunLater
from process_operator.timing.describe import describe_timing
from process_operator.timing.recurrence import Recurrence
from process_operator.timing.run_later import start_window
from process_operator.timing.zone import zone
from process_operator.timing.zone_hints import offset_of_reversed_sign

_UTC: Final = "Etc/UTC"
_SUSPENDED: Final = "suspended: nothing runs until spec.suspend is false"


@dataclass(frozen=True, slots=True)
class Period:
    """The ticks to show: those after `start` and not after `end` (both UTC), and no more than `count`."""

    start: datetime
    end: datetime | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class PreviewTick:
    """The start of one run: in UTC, and as the clocks of the schedule's zone show it."""

    due: datetime
    local: datetime
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The answer for one request; if `error` is set there are no ticks.

    `ticks` is lazy, because a schedule of seconds may have millions. `note` says why there are none, or what they do
    not show.
    """

    schedule: str
    engine: Engine | None = None
    ticks: Iterable[PreviewTick] = ()
    note: str = ""
    error: str | None = None


def preview(
    request: ProcessRequest,
    process: Process | None,
    period: Period,
    calendars: Mapping[tuple[str, str], CalendarFile] | None = None,
    step_processes: Mapping[str, Process] = MappingProxyType({}),
) -> Preview:
    """Say when a request would run that is applied at the start of a period.

    With a status whose activation is that of this timing (a manifest from a cluster) it continues from there.
    `process` is the one that it names, `step_processes` are those of its steps by name. An unknown one counts as
    suitable. `calendars` has all calendars of its excludeFrom, by ConfigMap and key.
    """
    schedule, since = describe_timing(request.spec.timing), since_of(request, period.start)
    acceptance = judge(request, process, period.start, calendars, step_processes)
    if acceptance.reason:
        return Preview(schedule, error=acceptance.message)
    engine = acceptance.engine.engine if acceptance.engine is not None else None
    if request.spec.suspend:
        return Preview(schedule, engine, note=_SUSPENDED)
    if acceptance.recurrence is not None:
        ticks = _of_schedule(request, acceptance.recurrence, since, period)
        observations = (_zone_note(request), acceptance.calendars.message if acceptance.calendars is not None else "")
        return Preview(schedule, engine, islice(ticks, period.count), note="; ".join(filter(None, observations)))
    tick = _of_one_shot(request, since, period)
    if isinstance(tick, str):
        return Preview(schedule, engine, note=tick)
    shown = period.end is None or tick.due <= period.end
    return Preview(schedule, engine, (tick,) if shown else ())


def judge(
    request: ProcessRequest,
    process: Process | None,
    now: datetime,
    calendars: Mapping[tuple[str, str], CalendarFile] | None = None,
    step_processes: Mapping[str, Process] = MappingProxyType({}),
) -> Acceptance:
    """Judge a request as the operator would at `now` (UTC), without a dry run. Arguments are those of `preview`."""
    if request.spec.process is not None and process is None:
        process = _fitting_process(request, request.spec.process.name)
    steps = process.spec.steps or () if process is not None else ()
    fitting = {step.process.name: _fitting_process(request, step.process.name) for step in steps}
    status = ProcessRequestStatus(activation=Activation(number=1, since=since_of(request, now)))
    metadata = request.metadata
    snapshot = Snapshot(
        metadata.namespace,
        metadata.name,
        request=request,
        status=status,
        process=process,
        step_processes={**fitting, **step_processes},
        calendars=calendars or {},
    )
    return accept(snapshot, now)


def _fitting_process(request: ProcessRequest, name: str) -> Process:
    """A Process that accepts all parameters of the request."""
    return Process(
        metadata=Metadata(name=name, namespace=request.metadata.namespace),
        spec=ProcessSpec(
            parameters=tuple(Parameter(name=given.name) for given in request.spec.parameters),
            job_template={"spec": {"template": {"spec": {"containers": [{"name": "main"}]}}}},
        ),
    )


def since_of(request: ProcessRequest, start: datetime) -> datetime:
    """The start of the activation to which the ticks belong, past or future."""
    activation = _going_on(request, start)
    since = activation.since if activation is not None else None
    return since or whole_second(start)


def _going_on(request: ProcessRequest, start: datetime) -> Activation | None:
    """The activation of the status, if it is that of this timing and has begun at `start`."""
    activation = request.status.activation
    if activation is None or activation.since is None or activation.since > start:
        return None
    return activation if activation.spec_hash == timing_hash(request.spec.timing) else None


def _zone_note(request: ProcessRequest) -> str:
    """The remark about a zone such as Etc/GMT+5, whose sign surprises users."""
    schedule = request.spec.timing.schedule
    name = schedule.time_zone if schedule is not None else ""
    offset = offset_of_reversed_sign(name)
    return f"{name} is {offset}: its sign is the other way round" if offset else ""


# ---- Ticks


def _of_schedule(
    request: ProcessRequest, recurrence: Recurrence, since: datetime, period: Period
) -> Iterator[PreviewTick]:
    schedule = request.spec.timing.schedule
    assert schedule is not None
    clocks = zone(schedule.time_zone)
    after = _after(recurrence, since, period)
    left = runs_left(request, recurrence, period)
    shown = (_tick(recurrence, nominal, clocks) for nominal in islice(_nominal(recurrence, after), left))
    end = period.end
    return shown if end is None else takewhile(lambda tick: tick.due <= end, shown)


def _after(recurrence: Recurrence, since: datetime, period: Period) -> datetime:
    """The instant behind which the ticks of a period lie."""
    # The floor of an activation that begins here may lie just before it: its first tick can be its very beginning.
    return recurrence.due_through(period.start) if since < whole_second(period.start) else recurrence.floor


def runs_left(request: ProcessRequest, recurrence: Recurrence, period: Period) -> int | None:
    """The number of runs that maxRuns leaves to the ticks of a period and to later ones; None if there is no maxRuns.

    The status of the present activation counts the runs of the ticks that are settled. All ticks that are not
    settled are expected to start.
    """
    schedule = request.spec.timing.schedule
    max_runs = schedule.max_runs if schedule is not None else None
    if max_runs is None:
        return None
    after = _after(recurrence, since_of(request, period.start), period)
    activation = _going_on(request, period.start)
    started, settled = (0, None) if activation is None else (activation.runs, request.status.last_schedule_time)
    settled = max(settled or recurrence.floor, recurrence.floor)
    unsettled = recurrence.count(settled, after) - recurrence.count(after, settled)
    return max(0, max_runs - started - unsettled)


def _nominal(recurrence: Recurrence, after: datetime) -> Iterator[datetime]:
    tick = recurrence.next_after(after)
    while tick is not None:
        yield tick
        tick = recurrence.next_after(tick)


def _tick(recurrence: Recurrence, nominal: datetime, clocks: tzinfo) -> PreviewTick:
    local = nominal.astimezone(clocks)
    named = recurrence.wall_time(nominal)
    remarks = []
    if named is not None and named != local.replace(tzinfo=None):
        remarks.append(f"moved by a clock change from {named:%H:%M:%S}")
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        remarks.append(f"the {'second' if local.fold else 'first'} of two occurrences")
    due = recurrence.due_at(nominal)
    if due != nominal:
        remarks.append(f"+{format_duration(due - nominal)} jitter")
    return PreviewTick(due, due.astimezone(clocks), ", ".join(remarks))


def _of_one_shot(request: ProcessRequest, since: datetime, period: Period) -> PreviewTick | str:
    """The only tick, or the reason for its absence."""
    later = request.spec.timing.run_later
    activation = _going_on(request, period.start)
    if activation is not None and activation.runs:
        # Not the newest run of the status, which may be one that a user created later.
        name = names.activation_run_name(
            names.child_stem(request.metadata.name, request.metadata.uid), activation.number
        )
        return f"it has run once, as {name}; a reschedule runs it again"
    if later is None:
        return _once(period.start, "at once")
    return _of_run_later(request, later, since, period)


def _of_run_later(request: ProcessRequest, later: RunLater, since: datetime, period: Period) -> PreviewTick | str:
    deadline = request.spec.starting_deadline_seconds
    window = start_window(later, since=since, starting_deadline_seconds=deadline)
    if window.is_over(period.start):
        assert window.end is not None
        return f"missed: the latest start was {format_instant(window.end)}"
    end = "" if window.end is None else f"not later than {format_instant(window.end)}"
    if window.start > period.start:
        return _once(window.start, end)
    passed = f"at once, as its start {format_instant(window.start)} has passed"
    return _once(period.start, f"{passed}, {end}" if end else passed)


def _once(due: datetime, remark: str) -> PreviewTick:
    return PreviewTick(due, due.astimezone(zone(_UTC)), remark)
