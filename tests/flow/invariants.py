"""Invariants at the end of every scenario, however often the operator died on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.flow.driver import Flow, shown

from process_operator.resources.batch.job import parse_job
from process_operator.resources.kinds import JOB, POD, PROCESS_RUN
from process_operator.resources.names import LABEL_REQUEST_UID
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, Trigger
from process_operator.timing.recurrence import Recurrence, compile_schedule, elapsed_seconds

_INSTANT = timedelta(microseconds=1)
_BY_TICK = (Trigger.SCHEDULE, Trigger.CATCH_UP)


def check_runs(flow: Flow, *, remade: frozenset[str] = frozenset()) -> None:
    """Every run has at most one Job, and every finished one a whole record; nothing works for a run that is over.

    `remade`: Jobs of runs that wait may be made again for an edit of their template.
    """
    made = flow.cluster.made
    runs = [ProcessRun.model_validate(body) for body in flow.cluster.all(PROCESS_RUN)]
    twice = {name: number for name, number in made[JOB].items() if number > 1 and name not in remade}
    assert not twice, f"Jobs made more than once: {twice}"
    stand = made[PROCESS_RUN] - Counter(body["metadata"]["name"] for body in flow.withdrawn())
    twice = {name: number for name, number in stand.items() if number > 1 and name not in remade}
    assert not twice, f"runs made more than once: {twice}"
    pods = Counter(str(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]) for pod in flow.cluster.all(POD))
    assert all(number == 1 for number in pods.values()), f"more than one pod: {pods}"
    for run in runs:
        if run.status.phase.is_finished:
            _check_record(run)
    finished = {run.metadata.name for run in runs if run.status.phase.is_finished}
    working = [
        job.metadata.name
        for job in map(parse_job, flow.cluster.all(JOB))
        if job.metadata.name in finished and job.finished is None and job.kill is None
        if job.controller is not None and job.controller.kind in ("ProcessRun", "CronJob")
    ]
    assert not working, f"Jobs that keep running although their runs are over: {working}"


def _check_record(run: ProcessRun) -> None:
    status = run.status
    conditions = {condition.type for condition in status.conditions}
    wanted = {"Finished", "Complete"} if status.phase == "Succeeded" else {"Finished", "Failed", "Stalled"}
    known = conditions & {"Finished", "Complete", "Failed", "Stalled", "Reconciling"}
    assert known == wanted, f"{run.metadata.name}: {shown(run)} has conditions {conditions}"
    assert status.observed_generation > 0, f"{run.metadata.name}: {shown(run)} without its generation"
    assert status.reason, f"{run.metadata.name}: {status.phase} without a reason"
    if status.phase in ("Succeeded", "Failed"):
        assert status.log is not None, f"{run.metadata.name}: {shown(run)} has no log"
    if status.phase == "Succeeded":
        assert status.start_time is not None
        assert status.end_time is not None
        assert status.duration is not None


def check_alone(flow: Flow, processes: frozenset[str]) -> None:
    """Check that no two runs of these Processes have ever worked at the same time."""
    together = {names for process, names in flow.together if process in processes}
    assert not together, f"worked at the same time: {together}"


def check_ticks(
    flow: Flow, request: ProcessRequest, *, due: Iterable[datetime] | None = None, gaps: bool = True
) -> None:
    """Every tick that was due is in exactly one run, alone or in a summary.

    Without `due` the ticks are those of the request's only activation up to the cursor, which must leave none behind
    but the one that waits. With `gaps` false it is only checked that no tick has two runs.
    """
    assert request.spec.timing.schedule is not None
    covered = Counter(
        tick
        for run in flow.runs(request.metadata.name, pruned=True)
        if run.spec.trigger in _BY_TICK and run.metadata.labels[LABEL_REQUEST_UID] == request.metadata.uid
        for tick in _ticks_of(run, flow)
    )
    doubles = sorted(f"{tick:%H:%M:%S}" for tick, number in covered.items() if number > 1)
    assert not doubles, f"ticks in more than one run: {doubles}"
    if not gaps:
        return
    if due is None:
        due = _due(flow, request)
    lost = sorted(f"{tick:%H:%M:%S}" for tick in set(due) - set(covered))
    assert not lost, f"ticks in no run: {lost}"
    made_up = sorted(f"{tick:%H:%M:%S}" for tick in set(covered) - set(due))
    assert not made_up, f"runs of no tick: {made_up}"


def _due(flow: Flow, request: ProcessRequest) -> list[datetime]:
    status, schedule = request.status, request.spec.timing.schedule
    assert schedule is not None and status.activation is not None and status.activation.since is not None
    assert status.activation.number == 1, "a scenario with several activations has to say which ticks are due"
    recurrence = compile_schedule(schedule, since=status.activation.since, key=request.metadata.key)
    until = (
        flow.clock.now if status.last_schedule_time is None or not status.waiting_count else status.last_schedule_time
    )
    return recurrence.between(recurrence.floor, until, limit=100_000)


def _ticks_of(run: ProcessRun, flow: Flow) -> list[datetime]:
    assert run.spec.scheduled_time is not None
    summary = run.status.summary
    if summary is None:
        return [run.spec.scheduled_time]
    candidates = [
        found.between(summary.from_ - _INSTANT, summary.to, limit=100_000) for found in _calendars_of(run, flow)
    ]
    ticks = next((found for found in candidates if len(found) == summary.count), candidates[-1])
    assert summary.from_ == run.spec.scheduled_time == ticks[0]
    assert summary.count == len(ticks), f"{run.metadata.name}: summary of {summary.count} for {len(ticks)} ticks"
    return ticks


def _calendars_of(run: ProcessRun, flow: Flow) -> list[Recurrence]:
    """The calendars that a summary may follow; scenarios that edit a timing say which there were by
    `flow.calendars`."""
    assert run.spec.scheduled_time is not None
    present = flow.request(run.spec.request.name).spec.timing.schedule
    schedules = [*flow.calendars.get(run.spec.request.name, []), *([present] if present is not None else [])]
    first = run.spec.scheduled_time
    key = f"{run.metadata.namespace}/{run.spec.request.name}"
    # An elapsed timing has a tick at the beginning of its activation, the others have none.
    return [
        compile_schedule(schedule, since=first if elapsed_seconds(schedule) else first - timedelta(seconds=1), key=key)
        for schedule in schedules
    ]


async def check_rest(flow: Flow, seconds: float) -> None:
    """Check that nothing is written at rest: not when time passes, not after a resync, not after a restart."""
    await flow.advance(seconds)
    before = len(flow.cluster.writes)
    await flow.advance(seconds)
    assert not flow.cluster.writes[before:], f"written at rest: {_words(flow, before)}"
    await flow.resync()
    assert not flow.cluster.writes[before:], f"written after a resync at rest: {_words(flow, before)}"
    await flow.crash()
    assert not flow.cluster.writes[before:], f"written after a restart at rest: {_words(flow, before)}"


def _words(flow: Flow, begin: int) -> list[str]:
    return [f"{write} {write.name} {write.body}" for write in flow.cluster.writes[begin:]]
