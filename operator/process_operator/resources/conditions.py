"""Conditions of the four kinds, and all reasons that the operator writes to statuses and Events.

Other programs can add condition types of their own to the objects. The operator keeps them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field

from process_operator.resources.model import Instant, Int64, Model, whole_second
from process_operator.resources.status_text import MAX_CONDITION_MESSAGE, MAX_CONDITION_REASON, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MAX_CONDITIONS: Final = 32
"""Highest number of conditions of one object, which leaves room for those of other programs."""


class ConditionType(StrEnum):
    """The types that the operator writes. Ready, Stalled and Reconciling are types of kstatus."""

    ACCEPTED = "Accepted"
    READY = "Ready"
    STALLED = "Stalled"
    RECONCILING = "Reconciling"
    COMPLETE = "Complete"
    FAILED = "Failed"
    FINISHED = "Finished"
    NOTIFICATIONS_READY = "NotificationsReady"
    NOTIFIED = "Notified"
    CALENDARS_READY = "CalendarsReady"


class ConditionStatus(StrEnum):
    """Whether a condition holds. The operator writes no Unknown; conditions of other programs may have it."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Reasons of the conditions of requests and processes."""

    # Accepted=True, Ready=True
    ACCEPTED = "Accepted"
    IN_FORCE = "InForce"
    SUSPENDED = "Suspended"
    # Complete, Failed
    SCHEDULE_FINISHED = "ScheduleFinished"
    # Accepted=False, and with it Ready=False
    INVALID_SCHEDULE = "InvalidSchedule"
    INVALID_TIME_ZONE = "InvalidTimeZone"
    NEVER_FIRES = "NeverFires"
    PROCESS_NOT_FOUND = "ProcessNotFound"
    PARAMETER_MISSING = "ParameterMissing"
    PARAMETER_UNKNOWN = "ParameterUnknown"
    PARAMETER_INVALID = "ParameterInvalid"
    TEMPLATE_REJECTED = "TemplateRejected"
    QUOTA_EXCEEDED = "QuotaExceeded"
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    EXCLUDE_NOT_FOUND = "ExcludeNotFound"
    UNSUPPORTED = "Unsupported"
    # Ready=False, also of an accepted request: the API server rejects an object of the request, or cannot validate it
    REJECTED = "Rejected"
    WEBHOOK_FAILED = "WebhookFailed"
    NAME_TAKEN = "NameTaken"
    API_ERROR = "APIError"
    # Ready=False: an internal error of the operator prevents a decision
    INTERNAL_ERROR = "InternalError"
    # Ready=False: a run that does not start blocks the next one
    RUN_NOT_STARTED = "RunNotStarted"
    # NotificationsReady; the last two also of runs, Notified=False
    RECEIVERS_FOUND = "ReceiversFound"
    RECEIVER_NOT_FOUND = "ReceiverNotFound"
    RECEIVER_NOT_ALLOWED = "ReceiverNotAllowed"
    # CalendarsReady
    CALENDARS_READ = "CalendarsRead"
    EVENTS_SKIPPED = "EventsSkipped"
    CALENDAR_UNREADABLE = "CalendarUnreadable"
    CALENDAR_NOT_FOUND = "CalendarNotFound"

    @property
    def may_heal(self) -> bool:
        """Whether the cause can go away without a change of the request, so that the request is not Stalled."""
        return self in _MAY_HEAL


_MAY_HEAL = frozenset(
    {
        Reason.PROCESS_NOT_FOUND,
        Reason.EXCLUDE_NOT_FOUND,
        Reason.QUOTA_EXCEEDED,
        Reason.WEBHOOK_FAILED,
        Reason.NAME_TAKEN,
        Reason.API_ERROR,
        Reason.INTERNAL_ERROR,
    }
)


class EventReason(StrEnum):
    """Reasons of the Events on a request."""

    SCHEDULED = "Scheduled"
    RUN_STARTED = "RunStarted"
    RUN_FINISHED = "RunFinished"
    # Warnings
    RUN_FAILED = "RunFailed"
    RUN_SKIPPED = "RunSkipped"
    RUN_MISSED = "RunMissed"
    NOT_ACCEPTED = "NotAccepted"
    JOB_KILLED = "JobKilled"
    TIMING_NOT_USED = "TimingNotUsed"
    BLOCKED = "Blocked"
    ADOPTED = "Adopted"
    ORPHANED = "Orphaned"
    CLOCK_WAS_AHEAD = "ClockWasAhead"
    BACKFILL_FINISHED = "BackfillFinished"
    BACKFILL_FAILED = "BackfillFailed"


class BackfillReason(StrEnum):
    """Reasons of a backfill."""

    # Pending, Running
    STARTED = "Started"
    SUSPENDED = "Suspended"
    REQUEST_NOT_FOUND = "RequestNotFound"
    NOT_ACCEPTED = "RequestNotAccepted"
    # In the end
    COMPLETED = "Completed"
    CANCELED = "Canceled"
    RUNS_FAILED = "RunsFailed"
    NOT_SCHEDULED = "NotScheduled"
    NO_TICKS = "NoTicks"
    TOO_MANY_TICKS = "TooManyTicks"


class RunReason(StrEnum):
    """Reasons of a run that the operator writes. `status.reason` can also be one of Kubernetes, such as ImagePullBackOff."""

    # Succeeded
    COMPLETED = "Completed"
    # Canceled
    CANCELED = "Canceled"
    REPLACED = "Replaced"
    UNSCHEDULED = "Unscheduled"
    # Canceled, or Succeeded if the operator observed the end
    JOB_DELETED = "JobDeleted"
    # Missed
    DEADLINE_PASSED = "DeadlinePassed"
    SUPERSEDED = "Superseded"
    EDITED = "Edited"
    RESCHEDULED = "Rescheduled"
    TOO_MANY = "TooMany"
    # Missed; or Pending, if the Job of the run is suspended
    SUSPENDED = "Suspended"
    # Skipped
    OVERLAP = "Overlap"
    # Failed
    EXIT_CODE = "ExitCode"
    OOM_KILLED = "OOMKilled"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    POD_FAILURE_POLICY = "PodFailurePolicy"
    START_ERROR = "StartError"
    INIT_CONTAINER_FAILED = "InitContainerFailed"
    LIVENESS_PROBE_FAILED = "LivenessProbeFailed"
    STARTUP_PROBE_FAILED = "StartupProbeFailed"
    POST_START_HOOK_FAILED = "PostStartHookFailed"
    INJECTED_CONTAINER_FAILED = "InjectedContainerFailed"
    POD_DELETED = "PodDeleted"
    POD_LOST = "PodLost"
    START_TIMEOUT = "StartTimeout"
    REJECTED = "Rejected"
    PARAMETER_MISSING = "ParameterMissing"  # decisions write the three of `Reason`; the generated page needs them here
    PARAMETER_UNKNOWN = "ParameterUnknown"
    PARAMETER_INVALID = "ParameterInvalid"
    STEP_FAILED = "StepFailed"
    # Failed; Running, if another ProcessRun has the name of the next step
    NAME_TAKEN = "NameTaken"
    # Unknown
    JOB_GONE = "JobGone"
    # Unknown, of a run of an earlier request with the same name
    FORMER_REQUEST = "FormerRequest"
    # Unknown, of a step whose run a user deleted
    RUN_DELETED = "RunDeleted"
    # Pending
    WAITING = "Waiting"
    # Pending; Canceled, of a run with steps whose request was deleted
    REQUEST_NOT_FOUND = "RequestNotFound"
    QUOTA_EXCEEDED = "QuotaExceeded"
    FAILED_CREATE = "FailedCreate"
    NO_PARALLELISM = "NoParallelism"
    # Running
    RETRYING = "Retrying"
    PARTLY_ENDED = "PartlyEnded"
    NOT_TERMINATED = "NotTerminated"
    # Running, although its request is suspended with SuspendRunning
    NOT_SUSPENDED = "NotSuspended"


class NotifiedReason(StrEnum):
    """Reasons of the condition Notified of a run, beside those of NotificationsReady."""

    DELIVERED = "Delivered"
    DELIVERY_FAILED = "DeliveryFailed"


class LogReason(StrEnum):
    """The reasons for which `status.log` of a run is not the end of the container's log."""

    NOT_CAPTURED = "NotCaptured"
    NEVER_STARTED = "NeverStarted"
    FROM_TERMINATION_MESSAGE = "FromTerminationMessage"
    POD_GONE = "PodGone"
    NODE_GONE = "NodeGone"
    KUBELET_UNREACHABLE = "KubeletUnreachable"


def _within(max_characters: int) -> BeforeValidator:
    """A validator that cuts a text, so that a condition is never rejected for its length."""
    return BeforeValidator(lambda text: cut(text, max_characters) if isinstance(text, str) else text)


class Condition(Model):
    """One aspect of the current state, for programs."""

    type: str = Field(min_length=1, max_length=316, description="Type of the condition, in CamelCase.")
    status: ConditionStatus = Field(description="True, False or Unknown.")
    observed_generation: Int64 | None = Field(
        None, ge=0, description="The metadata.generation that the condition was computed from."
    )
    last_transition_time: Instant | None = Field(None, description="Time of the last change of the status.")
    reason: Annotated[str, _within(MAX_CONDITION_REASON)] = Field(
        min_length=1,
        max_length=MAX_CONDITION_REASON,
        description="Reason of the status, as one word in CamelCase, for programs.",
    )
    message: Annotated[str, _within(MAX_CONDITION_MESSAGE)] = Field(
        "", max_length=MAX_CONDITION_MESSAGE, description="Reason of the status, as a sentence, for people."
    )


def merge_conditions(
    old: tuple[Condition, ...],
    new: tuple[Condition, ...],
    now: datetime,
    *,
    written: tuple[Condition, ...] = (),
) -> tuple[Condition, ...]:
    """Give `new` with transition times: the old time if the status is unchanged, else `now` (UTC).

    `now` is cut to the second, because transition times are written in whole seconds. `new` has all conditions of the
    operator; its types that are only in `old` are dropped. The conditions of other programs stay. The result equals
    `old` if nothing changed, so that no write is needed. `written` has the conditions that the API server holds, if
    `old` is newer. A status that returns to the written one before it was ever written has made no transition.
    """
    before, second = {condition.type: condition for condition in old}, whole_second(now)
    stored = {condition.type: condition for condition in written}
    merged = []
    for condition in new:
        candidates = stored.get(condition.type), before.get(condition.type)
        known = next((each for each in candidates if each is not None and _holds_as(each, condition)), None)
        if known is None:
            merged.append(condition.model_copy(update={"last_transition_time": second}))
        elif _says_the_same(known, condition):
            merged.append(known)
        else:
            merged.append(condition.model_copy(update={"last_transition_time": known.last_transition_time}))
    merged += [condition for condition in old if _is_of_another(condition.type)][: MAX_CONDITIONS - len(merged)]
    is_same = len(merged) == len(old) and all(before.get(condition.type) == condition for condition in merged)
    return old if is_same else tuple(merged)


def find_condition(conditions: Iterable[Condition], type_: ConditionType) -> Condition | None:
    """The condition of a type; None if there is none."""
    return next((condition for condition in conditions if condition.type == type_), None)


def own_conditions(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Give the conditions that the operator writes."""
    return tuple(condition for condition in conditions if not _is_of_another(condition.type))


def with_those_of_others(
    ours: Iterable[Mapping[str, Any]], there: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Give the conditions of the operator, and those of other programs that are `there`, in API form."""
    kept = [condition for condition in ours if not _is_of_another(condition["type"])]
    return kept + [condition for condition in there if _is_of_another(condition["type"])][: MAX_CONDITIONS - len(kept)]


def _is_of_another(type_: str) -> bool:
    return type_ not in _OURS


_OURS: Final = frozenset(ConditionType)


def _holds_as(known: Condition, new: Condition) -> bool:
    return known.status == new.status and known.last_transition_time is not None


def _says_the_same(known: Condition, new: Condition) -> bool:
    return (known.status, known.reason, known.message, known.observed_generation) == (
        new.status,
        new.reason,
        new.message,
        new.observed_generation,
    )


def cause(reason: str | None, message: str | None) -> str:
    """Write a reason and its message as one text, such as `OOMKilled: the container used too much memory`."""
    return ": ".join(text for text in (reason, message) if text)
