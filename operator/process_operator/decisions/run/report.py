"""Status writes and Events of a run: while it is open, and once at its end.

`outcome.py` and `open_outcome.py` provide the state. `follow.py` and `finish.py` decide when it is written.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from process_operator.decisions.inputs.missed_tick import MissedReason, summary_of
from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.plan.actions import Emit, FinishRun, ReportRun
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.run.log_link import with_link
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, EventReason, RunReason
from process_operator.resources.model import format_duration, whole_second
from process_operator.resources.process_run import ProcessRun, RunLog, RunPhase
from process_operator.resources.status_text import reason_and_message

_NOT_REPLACED: Final = "its Job is not created again from the new template: "
_END: Final = "; it has not started: "


def finish(view: RunView, outcome: RunOutcome, log: RunLog, orders: RunOrders) -> Part[None]:
    """Write the end of a run, and emit an Event about it."""
    now, process = orders.now, process_name(orders, view.run)
    status = view.run.status.model_copy(
        update={
            **_facts(view, outcome, process),
            **_still_known(view, outcome),
            "end_time": outcome.end_time,
            "duration": _duration(outcome),
            "log": with_link(view, outcome, log, process=process, now=now),
            "conditions": end_conditions(outcome.phase, outcome.reason, outcome.message, now),
        }
    )
    return part(FinishRun(view.name, status), _end_event(view, outcome))


def finish_missed(view: RunView, missed_reason: MissedReason, orders: RunOrders) -> Part[None]:
    """Write why a run never started, and emit an Event about it."""
    deadline = orders.request.spec.starting_deadline_seconds if orders.request else None
    message = missed_reason.message(deadline)
    status = view.run.status.model_copy(
        update={
            "phase": missed_reason.phase,
            "process": process_name(orders, view.run),
            **reason_and_message(missed_reason.reason, message),
            "summary": summary_of(view.run),
            "conditions": end_conditions(missed_reason.phase, missed_reason.reason, message, orders.now),
        }
    )
    outcome = not_started(missed_reason.phase, missed_reason.reason, message)
    return part(FinishRun(view.name, status), _end_event(view, outcome))


def end_conditions(phase: RunPhase, reason: str, message: str, now: datetime) -> tuple[Condition, ...]:
    """Conditions of a finished run: Finished always, Complete after a success, Failed and Stalled after any other end."""
    now = whole_second(now)
    types = [ConditionType.FINISHED]
    types += [ConditionType.COMPLETE] if phase == RunPhase.SUCCEEDED else [ConditionType.FAILED, ConditionType.STALLED]
    return tuple(
        Condition(type=type_, status=ConditionStatus.TRUE, last_transition_time=now, reason=reason, message=message)
        for type_ in types
    )


def reconciling(reason: str, message: str, generation: int) -> Condition:
    """The condition Reconciling of an object that has not started, or has an end for which users wait."""
    return Condition(
        type=ConditionType.RECONCILING,
        status=ConditionStatus.TRUE,
        observed_generation=generation,
        reason=reason or "Pending",
        message=message,
    )


def process_name(orders: RunOrders, run: ProcessRun) -> str:
    """Name of the Process that a run runs, or of the request if that has its own Job template."""
    request, known = orders.request, orders.process or run.status.process
    if known is not None:
        return known
    if request is not None and request.spec.process is not None:
        return request.spec.process.name
    return run.spec.request.name


def not_started(phase: RunPhase, reason: str, message: str) -> RunOutcome:
    """The outcome of a run that has no Job."""
    return RunOutcome(phase=phase, reason=reason, message=message)


def _facts(view: RunView, outcome: RunOutcome, process: str | None) -> dict[str, Any]:
    job = view.job
    return {
        "phase": outcome.phase,
        "process": process,
        **reason_and_message(outcome.reason, outcome.message),
        "start_time": outcome.start_time,
        "exit_code": outcome.exit_code,
        "attempts": outcome.attempts,
        "pod": outcome.pod,
        "node": outcome.node,
        "parameters": (job.parameters if job is not None else None) or view.run.status.parameters,
        "job": job.metadata.name if job is not None else view.run.status.job,
        # Only of a started Job. A Job that waits may be created again, so its absence is not the end of the run.
        "job_uid": job.metadata.uid if job is not None and view.is_started else view.run.status.job_uid,
    }


def _still_known(view: RunView, outcome: RunOutcome) -> dict[str, Any]:
    """Facts that the run reported while it was running, and that its remaining Job and pods no longer show."""
    seen = view.run.status
    if seen.phase != RunPhase.RUNNING:
        return {}
    known: dict[str, Any] = {"pod": seen.pod, "node": seen.node} if outcome.pod is None else {}
    if outcome.attempts is None:
        known["attempts"] = seen.attempts
    if outcome.phase == RunPhase.RUNNING and seen.start_time is not None:
        known["start_time"] = min(outcome.start_time or seen.start_time, seen.start_time)
    return known


def _duration(outcome: RunOutcome) -> str | None:
    if outcome.start_time is None or outcome.end_time is None or outcome.phase == RunPhase.UNKNOWN:
        return None  # the end of the work of an unknown run is not known
    return format_duration(outcome.end_time - outcome.start_time)


def report_outcome(view: RunView, outcome: RunOutcome) -> Part[None]:
    """Write the state of an open run if phase or reason differ. A message alone is not worth a request.

    The message of Suspended is an exception, because it names the client that suspended the Job. Another one is the
    beginning of a message that explains why the Job is not replaced (`not_replaced`).
    """
    seen, wanted = view.run.status, reason_and_message(outcome.reason, outcome.message)
    is_same = (seen.phase, seen.reason) == (outcome.phase, wanted["reason"])
    is_same = is_same and _why_not_replaced(seen.message) == _why_not_replaced(wanted["message"])
    if is_same and (outcome.reason != RunReason.SUSPENDED or seen.message == wanted["message"]):
        return part()
    update = {**_facts(view, outcome, view.process), **_still_known(view, outcome)}
    return part(ReportRun(view.name, seen.model_copy(update=update)))


def not_replaced(outcome: RunOutcome, objection: str) -> RunOutcome:
    """The state of a run that does not start, with the reason for which a corrected template does not replace its Job."""
    return replace(outcome, message=f"{_NOT_REPLACED}{objection}{_END}{outcome.message or outcome.reason}")


def _why_not_replaced(message: str | None) -> str:
    return (message or "").partition(_END)[0] if (message or "").startswith(_NOT_REPLACED) else ""


def report(view: RunView, reason: str, message: str, *, is_message_kept: bool = True) -> Part[None]:
    """Write why an open run waits if the reason differs. Write a new message too unless `is_message_kept`."""
    seen, wanted = view.run.status, reason_and_message(reason, message)
    if seen.reason == wanted["reason"] and (is_message_kept or seen.message == wanted["message"]):
        return part()
    return part(ReportRun(view.name, seen.model_copy(update={"process": view.process, **wanted})))


def begin_steps(view: RunView, orders: RunOrders) -> Part[None]:
    """Write the steps of a run before any run of a step is created, so an edit of its Process counts for later runs."""
    begun = {
        "process": process_name(orders, view.run),
        "steps": orders.steps,
        "stop_on_failure": orders.stop_on_failure,
        "parameters": orders.parameters or None,
        "reason": None,
        "message": None,
    }
    status = view.run.status.model_copy(update=begun)
    return part(ReportRun(view.name, status, begins_steps=True), start_event(view))


def start_event(view: RunView) -> Emit:
    """The Event about the start of a run."""
    return Emit(EventReason.RUN_STARTED, f"started run {view.name}", about=view.name)


def _end_event(view: RunView, outcome: RunOutcome) -> Emit:
    text = f"run {view.name}: {outcome.phase}"
    detail = ", ".join(part for part in (outcome.reason, outcome.message) if part)
    match outcome.phase:
        case RunPhase.SUCCEEDED:
            return Emit(
                EventReason.RUN_FINISHED, f"{text} after {_duration(outcome) or 'an unknown time'}", about=view.name
            )
        case RunPhase.CANCELED:
            return Emit(EventReason.RUN_FINISHED, f"{text} ({detail})", about=view.name)
        case RunPhase.SKIPPED:
            return Emit(EventReason.RUN_SKIPPED, f"{text} ({detail})", warning=True, about=view.name)
        case RunPhase.MISSED:
            return Emit(EventReason.RUN_MISSED, f"{text} ({detail})", warning=True, about=view.name)
        case _:
            return Emit(EventReason.RUN_FAILED, f"{text} ({detail})", warning=True, about=view.name)
