"""Notifications: the receivers and the CloudEvent of each run's end, and the conditions about them.

The operator notifies while the run has no condition `Notified`. After a crash it therefore notifies again, with the same
id. Ends that were written more than an hour ago are not notified. Logs are never sent, nor text that may come from a
log. Neighbours: `inputs/history.py` keeps the ends, `actions/notify/notifier.py` sends the notifications.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from process_operator.decisions.inputs.history import FinishedRun, RunEnd
from process_operator.decisions.inputs.observations import Delivery
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import Emit, LoadHistory, MarkNotified, Notify
from process_operator.decisions.plan.part import Part, join, part
from process_operator.decisions.run.log_text import clean_message
from process_operator.resources import names
from process_operator.resources.conditions import (
    Condition,
    ConditionStatus,
    ConditionType,
    NotifiedReason,
    Reason,
    RunReason,
    find_condition,
)
from process_operator.resources.model import format_duration, format_instant, whole_second
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import RunPhase
from process_operator.resources.status_text import cut

NOTIFY_WITHIN: Final = timedelta(hours=1)
"""Older ends are not notified, because a notification that late helps no receiver."""

_MAX_EVENT_MESSAGE_CHARS: Final = 1024
_MAX_CONDITION_CHARS: Final = 512
_FROM_LOGS: Final = frozenset({RunReason.EXIT_CODE, RunReason.INIT_CONTAINER_FAILED})
"""Reasons whose message may be the last line of a log. The message of StepFailed repeats it."""


def plan_notifications(snapshot: Snapshot, now: datetime) -> Part[None]:
    """Send the notifications that are due, and write their results into the runs."""
    assert snapshot.request is not None
    if snapshot.history is None:
        return part(LoadHistory()) if snapshot.request.spec.notify else part()
    if not snapshot.request.spec.notify and not snapshot.deliveries:
        return part()
    return join(
        _plan_run(snapshot, run, run.end_to_notify, now) for run in snapshot.history if run.end_to_notify is not None
    )


def _plan_run(snapshot: Snapshot, run: FinishedRun, end: RunEnd, now: datetime) -> Part[None]:
    delivery = snapshot.deliveries.get(end.uid)
    if delivery is None:
        return _notify(snapshot, run, end, now)
    if delivery.again_at is not None and now < delivery.again_at:
        return part(wake_at=delivery.again_at)
    return part(_mark(snapshot, run, end, delivery, now)) if delivery.done else part()


def _notify(snapshot: Snapshot, run: FinishedRun, end: RunEnd, now: datetime) -> Part[None]:
    wanted = _wanted(snapshot, run)
    if not wanted or now >= end.recorded + NOTIFY_WITHIN:
        return part()
    unusable = {name for name, _, _ in _unusable(snapshot)}
    usable = tuple(name for name in wanted if name not in unusable)
    if not usable:
        return part(_mark(snapshot, run, end, Delivery(done=True), now))
    return part(Notify(run.name, end.uid, event_of(snapshot, run, end), usable))


def _wanted(snapshot: Snapshot, run: FinishedRun) -> tuple[str, ...]:
    assert snapshot.request is not None
    return tuple(rule.receiver for rule in snapshot.request.spec.notify if run.phase in rule.phases)


def _unusable(snapshot: Snapshot) -> list[tuple[str, Reason, str]]:
    """Receivers that the request names and cannot use: name, reason and problem."""
    assert snapshot.request is not None
    known = {receiver.name: receiver for receiver in snapshot.defaults.receivers}
    here = sorted(name for name, receiver in known.items() if receiver.serves(snapshot.namespace))
    offer = f"namespace {snapshot.namespace} may use {', '.join(here) or 'none'}"
    found = []
    for rule in snapshot.request.spec.notify:
        if rule.receiver not in known:
            problem = f'there is no receiver "{rule.receiver}"; {offer}'
            found.append((rule.receiver, Reason.RECEIVER_NOT_FOUND, problem))
        elif rule.receiver not in here:
            problem = f'namespace {snapshot.namespace} must not use the receiver "{rule.receiver}"; {offer}'
            found.append((rule.receiver, Reason.RECEIVER_NOT_ALLOWED, problem))
    return found


def _mark(snapshot: Snapshot, run: FinishedRun, end: RunEnd, delivery: Delivery, now: datetime) -> MarkNotified:
    wanted = _wanted(snapshot, run)
    unusable = [(reason, problem) for name, reason, problem in _unusable(snapshot) if name in wanted]
    words = [*delivery.failures, *(problem for _, problem in unusable)]
    reason: str = NotifiedReason.DELIVERED
    if delivery.failures:
        reason = NotifiedReason.DELIVERY_FAILED
    elif unusable:
        reason = unusable[0][0]
    condition = Condition(
        type=ConditionType.NOTIFIED,
        status=ConditionStatus.FALSE if words else ConditionStatus.TRUE,
        last_transition_time=whole_second(now),
        reason=reason,
        message=cut("; ".join(words), _MAX_CONDITION_CHARS),
    )
    return MarkNotified(run.name, end.uid, condition)


def event_of(snapshot: Snapshot, run: FinishedRun, end: RunEnd) -> dict[str, Any]:
    """The CloudEvent about the end of a run, as a JSON object. The same end always gives the same event."""
    collection = f"/apis/{names.API_VERSION}/namespaces/{snapshot.namespace}/processrequests"
    return {
        "specversion": "1.0",
        "id": f"{end.uid}-finished",
        "source": f"{collection}/{snapshot.name}",
        "type": f"io.process-operator.run.{run.phase.lower()}",
        "subject": run.name,
        "time": format_instant(run.end or end.recorded),
        "datacontenttype": "application/json",
        "data": {name: value for name, value in _data(snapshot, run, end).items() if value is not None},
    }


def _data(snapshot: Snapshot, run: FinishedRun, end: RunEnd) -> dict[str, Any]:
    took = run.end - run.start if run.start is not None and run.end is not None else None
    return {
        "namespace": snapshot.namespace,
        "request": snapshot.name,
        "run": run.name,
        "process": end.process or None,
        "phase": run.phase.value,
        "trigger": end.trigger.value,
        "scheduledTime": _instant(end.scheduled),
        "startTime": _instant(run.start),
        "endTime": _instant(run.end),
        "duration": format_duration(took) if took is not None else None,
        "reason": clean_message(run.reason) or None,
        "message": _message(run, end) or None,
        "exitCode": end.exit_code,
        "logUrl": end.log_url,
    }


def _message(run: FinishedRun, end: RunEnd) -> str:
    if run.reason in _FROM_LOGS:
        return f"exit code {end.exit_code}; the ProcessRun has its log" if end.exit_code is not None else ""
    if run.reason == RunReason.STEP_FAILED:
        failed = [step for step in run.steps if step.phase not in (None, RunPhase.SUCCEEDED)]
        words = (f'step "{step.name}": {step.phase}' + (f" ({step.reason})" if step.reason else "") for step in failed)
        return cut(clean_message("; ".join(words)), _MAX_EVENT_MESSAGE_CHARS)
    return cut(clean_message(end.message), _MAX_EVENT_MESSAGE_CHARS)


def _instant(value: datetime | None) -> str | None:
    return None if value is None else format_instant(value)


# ---- the request


def notification_conditions(snapshot: Snapshot) -> tuple[Condition, ...]:
    """NotificationsReady, if the request names receivers."""
    request = snapshot.request
    if request is None or not request.spec.notify:
        return ()
    unusable = _unusable(snapshot)
    return (
        Condition(
            type=ConditionType.NOTIFICATIONS_READY,
            status=ConditionStatus.FALSE if unusable else ConditionStatus.TRUE,
            observed_generation=request.metadata.generation,
            reason=unusable[0][1] if unusable else Reason.RECEIVERS_FOUND,
            message="; ".join(f"spec.notify: {problem}" for _, _, problem in unusable),
        ),
    )


def receiver_events(snapshot: Snapshot, status: ProcessRequestStatus) -> tuple[Emit, ...]:
    """An Event if a request newly names a receiver that it cannot use."""
    before = find_condition(snapshot.status.conditions, ConditionType.NOTIFICATIONS_READY)
    after = find_condition(status.conditions, ConditionType.NOTIFICATIONS_READY)
    if after is None or after.status == ConditionStatus.TRUE:
        return ()
    is_new = before is None or (before.status, before.message) != (after.status, after.message)
    return (Emit(after.reason, after.message, warning=True),) if is_new else ()
