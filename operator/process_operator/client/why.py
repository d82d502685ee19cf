"""Reasons why a request ran, or did not run, at an instant.

`explain` is pure: objects and `now` come in, sentences come out.

The times come from the request's own `Recurrence`, and reasons from what the operator recorded: runs, conditions, and
the activation in the status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from process_operator.client.bare_schedule import bare_recurrence
from process_operator.client.client import due_of
from process_operator.client.judged import judged_requests
from process_operator.preview.preview import judge
from process_operator.resources.conditions import cause
from process_operator.resources.model import format_duration, format_instant, parse_instant
from process_operator.resources.names import ANNOTATION_SUSPEND_REASON
from process_operator.resources.process_request_status import RequestPhase
from process_operator.timing.describe import describe_timing
from process_operator.timing.zone import zone

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.decisions.acceptance.acceptance import Acceptance
    from process_operator.preview.manifest_set import GivenRequest
    from process_operator.resources.process_request import ProcessRequest
    from process_operator.resources.types import Object
    from process_operator.timing.recurrence import Recurrence


@dataclass(frozen=True, slots=True)
class Question:
    """A request with its runs (as JSON), the instant in question, and the present (both UTC)."""

    given: GivenRequest
    runs: Sequence[Object]
    at: datetime
    now: datetime


async def reasons(client: Client, request: str, at: datetime | None, now: datetime) -> tuple[datetime, list[str]]:
    """Read what the reasons depend on, and return the instant in question (UTC) with the sentences. Raises ApiError.

    Without `at` the question is about the newest time that a run stands for.
    """
    body = await client.request(request)
    runs = await client.runs_of(request)
    ((given, unread),) = await judged_requests(client, [body])
    instant = at or _newest(runs, body)
    sentences = list(explain(Question(given, runs, instant, now)))
    return instant, [*sentences, *([f"{unread[0].upper()}{unread[1:]}."] if unread else [])]


def _newest(runs: list[Object], body: Object) -> datetime:
    """Return the newest time that a run stands for; the request's creation if it has no run."""
    return parse_instant(due_of(runs[-1]) if runs else body["metadata"]["creationTimestamp"])


def explain(question: Question) -> Iterator[str]:
    """Give the reasons as sentences, the most important first. There is at least one."""
    request = question.given.request
    if request is None:
        yield f"The request cannot be read: {question.given.error}."
        return
    given = question.given
    acceptance = judge(request, given.process, question.now, given.calendars, given.step_processes)
    stands_for = [run for run in question.runs if _stands_for(run, question.at, acceptance.recurrence)]
    for run in stands_for:
        yield _of_run(run)
    if not stands_for:
        yield from _without_run(question, request, acceptance)
    yield from _state(request, question.now)


def _stands_for(run: Object, at: datetime, recurrence: Recurrence | None) -> bool:
    """Check whether a run stands for an instant: its own tick, or one of the row that its summary counts.

    Without a recurrence, every instant of the row counts.
    """
    due = run["spec"].get("scheduledTime")
    if due is None:
        return parse_instant(run["metadata"]["creationTimestamp"]) == at
    summary: dict[str, Any] = run["status"].get("summary") or {}
    if summary:
        first, last = parse_instant(summary["from"]), parse_instant(summary["to"])
        if at in (first, last) or recurrence is None:
            return first <= at <= last
        return first < at < last and recurrence.reaching_back(first).is_tick(at)
    return parse_instant(due) == at


def _of_run(run: Object) -> str:
    status, name = run["status"], run["metadata"]["name"]
    why = cause(status.get("reason"), status.get("message"))
    many = status.get("summary")
    row = f" It stands for {many['count']} times from {many['from']} to {many['to']}." if many else ""
    return f"Run {name} stands for that time. It is {status.get('phase', 'Pending')}{f' ({why})' if why else ''}.{row}"


def _without_run(question: Question, request: ProcessRequest, acceptance: Acceptance) -> Iterator[str]:
    given = question.given
    timing = describe_timing(request.spec.timing)
    if given.lacks_process:
        assert request.spec.process is not None
        yield f"There is no Process {request.spec.process.name} in namespace {given.namespace}, which the request names."
    if acceptance.reason:
        yield f"The request is not accepted ({acceptance.reason}): {acceptance.message}."
    if acceptance.recurrence is None:
        if not acceptance.reason:
            yield f"No run stands for that time. The timing is {timing}, which is not a schedule."
            yield from _runs_looked_at(question)
        return
    recurrence, schedule = acceptance.recurrence, request.spec.timing.schedule
    assert schedule is not None
    since = _since(request, question.now)
    first = max(since, schedule.start_time or since)
    if question.at >= first:
        recurrence = recurrence.reaching_back(first)
    if question.at < since:
        yield from _before_activation(request)
    elif recurrence.is_tick(question.at):
        yield from _tick_without_run(question, request, recurrence)
    else:
        yield from _not_a_tick(question, request, recurrence, timing)


def _since(request: ProcessRequest, now: datetime) -> datetime:
    """Return the time from which the request had to run: its activation, or its creation before the first one."""
    activation = request.status.activation
    known = activation.since if activation is not None else None
    return known or request.metadata.creation_timestamp or now


def _not_a_tick(question: Question, request: ProcessRequest, recurrence: Recurrence, timing: str) -> Iterator[str]:
    at, schedule = question.at, request.spec.timing.schedule
    assert schedule is not None
    if schedule.start_time is not None and at < schedule.start_time:
        yield f"The schedule starts later, at {format_instant(schedule.start_time)} (startTime)."
    elif schedule.finish_time is not None and at > schedule.finish_time:
        yield f"The schedule ended before, at {format_instant(schedule.finish_time)} (finishTime)."
    elif _is_tick_without_exclusions(question):
        yield "That time is excluded by spec.timing.schedule.exclude or by a calendar of excludeFrom."
    else:
        yield f"That is not a time of the schedule, which is {timing}."
    before, after = recurrence.before(at), recurrence.next_after(at)
    clocks = zone(schedule.time_zone)
    nearest = [f"{_shown(recurrence, before, clocks)} before it"] if before is not None else []
    nearest += [f"{_shown(recurrence, after, clocks)} after it"] if after is not None else []
    if nearest:
        yield f"The nearest times are {' and '.join(nearest)}."


def _shown(recurrence: Recurrence, tick: datetime, clocks: tzinfo) -> str:
    """Write a tick, its start after jitter, and the wall time that a clock change moved it from."""
    named, due = recurrence.wall_time(tick), recurrence.due_at(tick)
    remarks = [f"started {format_duration(due - tick)} later by jitter"] if due != tick else []
    if named is not None and named != tick.astimezone(clocks).replace(tzinfo=None):
        remarks.append(f"moved by a clock change from {named:%H:%M:%S}")
    return format_instant(tick) + (f" ({', '.join(remarks)})" if remarks else "")


def _is_tick_without_exclusions(question: Question) -> bool:
    recurrence = bare_recurrence(question.given, question.now)
    return recurrence is not None and recurrence.reaching_back(question.at).is_tick(question.at)


def _before_activation(request: ProcessRequest) -> Iterator[str]:
    activation = request.status.activation
    created = request.metadata.creation_timestamp
    if activation is not None and activation.since is not None:
        cause = {"Created": "created", "Resumed": "resumed", "Edited": "edited", "Rescheduled": "rescheduled"}
        how = cause.get(str(activation.cause), "started")
        yield (
            f"That is before the present activation, which began at {format_instant(activation.since)}, when the request "
            f"was {how}. Times before it never get a run."
        )
    elif created is not None:
        yield f"That is before the request was created, at {format_instant(created)}."


def _tick_without_run(question: Question, request: ProcessRequest, recurrence: Recurrence) -> Iterator[str]:
    at, now = question.at, question.now
    due, settled = recurrence.due_at(at), request.status.last_schedule_time
    is_settled = settled is not None and at <= settled
    if not is_settled and (end := _end_of_activation(request)):
        yield f"It is a time of the schedule, and no run starts for it: {end}."
        return
    if due > now:
        suspended = (
            ", but the request is suspended, and times of a suspension do not run" if request.spec.suspend else ""
        )
        yield f"That time is still to come, at {format_instant(due)}{suspended}."
        return
    yield "It is a time of the schedule, and no run stands for it."
    if request.spec.suspend and not is_settled:
        yield "The request is suspended, and times of a suspension do not run."
    elif settled is not None and at > settled:
        yield f"The operator has not decided about it yet: it has settled the times until {format_instant(settled)}."
    else:
        yield from _settled_without_run(question, request)
    if request.status.waiting_count:
        yield f"{request.status.waiting_count} due runs wait to start, and one of them may stand for that time."
    yield from _runs_looked_at(question)


def _end_of_activation(request: ProcessRequest) -> str:
    """Describe why the activation starts no further run. Empty if it may start one."""
    activation, schedule = request.status.activation, request.spec.timing.schedule
    limit = schedule.max_runs if schedule is not None else None
    if limit is not None and activation is not None and activation.runs >= limit:
        return f"the present activation has started the {limit} runs of maxRuns, and a reschedule starts a new one"
    if request.status.phase == RequestPhase.FINISHED:
        return "the schedule has finished, and a reschedule starts it again"
    return ""


def _settled_without_run(question: Question, request: ProcessRequest) -> Iterator[str]:
    ticks = [parse_instant(run["spec"]["scheduledTime"]) for run in question.runs if _has_tick(run)]
    if ticks and question.at >= min(ticks):
        yield "Younger and older runs are there: a user may have deleted it, or its kind has a smaller limit in spec.history."
        return
    history = request.spec.history
    age = f", and none older than {format_duration(history.max_age)}" if history.max_age is not None else ""
    yield (
        f"It is older than all runs that are kept: the request keeps {history.successful} successful, {history.failed} "
        f"failed and {history.other} other runs (spec.history){age}."
    )


def _has_tick(run: Object) -> bool:
    return run["spec"].get("scheduledTime") is not None


def _runs_looked_at(question: Question) -> Iterator[str]:
    count = len(question.runs)
    if not count:
        yield "The request has no runs."
        return
    names = f"{question.runs[0]['metadata']['name']} to {question.runs[-1]['metadata']['name']}" if count > 1 else ""
    yield f"Looked at {count} run{'s' if count > 1 else ''}{f' ({names})' if names else ''}."


def _state(request: ProcessRequest, now: datetime) -> Iterator[str]:
    """Describe what keeps the request from running now."""
    if request.spec.suspend:
        reason = (request.metadata.annotations or {}).get(ANNOTATION_SUSPEND_REASON)
        since = request.status.suspended_since
        time = f" since {format_instant(since)}" if since is not None else ""
        why = f": {reason}" if reason else ""
        yield f"The request is suspended{time} (spec.suspend){why}. No run starts until it is resumed."
    for condition in request.status.conditions:
        is_bad = condition.type in ("Accepted", "Ready") and condition.status == "False"
        if is_bad and not request.spec.suspend:
            changed = condition.last_transition_time
            time = f" since {format_instant(changed)}" if changed is not None else ""
            yield f"{condition.type} is False{time} ({condition.reason}): {condition.message}"
            break
    upcoming = request.status.next_run_time
    if upcoming is not None and upcoming > now and not request.spec.suspend:
        yield f"The next run starts at {format_instant(upcoming)}."
