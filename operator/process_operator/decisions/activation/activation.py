"""Activations: the period for which one timing is in force without a break, and what begins a new one.

A start, a resume, a reschedule and an edit of the timing each begin an activation. Its number is written to
`status.activation` before anything is created from it. The run of a one-shot timing is named after the number, and
therefore exists once. A schedule never catches up on ticks of a time in which it was not in force. `request.py` first
decides whether an activation begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.inputs.timing_hash import ONE_SHOT
from process_operator.resources import names
from process_operator.resources.conditions import ConditionType, RunReason
from process_operator.resources.model import whole_second
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import Activation, ActivationCause, ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, RunPhase, Trigger

_SUSPENDED: Final = "suspended-"

Ending = Literal[RunReason.SUSPENDED, RunReason.EDITED, RunReason.RESCHEDULED]
"""Reason of the ticks that the activation before leaves undecided."""


@dataclass(frozen=True, slots=True)
class ActivationChange:
    """The activation to write now. `ends` is why the one before has ended, if it has."""

    activation: Activation
    last_handled_reschedule: str | None
    ends: Ending | None = None
    unused: bool = False
    """The timing was edited without effect, because the request has run its one run."""
    suspended_since: datetime | None = None
    """Start of the suspension (UTC), if the activation is suspended now. A resume clears it in the status."""

    def apply(self, status: ProcessRequestStatus) -> ProcessRequestStatus:
        """The status with this change. Everything else that a user might read stays."""
        changes: dict[str, object] = {
            "activation": self.activation,
            "last_handled_reschedule": self.last_handled_reschedule,
            "suspended_since": self.suspended_since,
        }
        if status.activation is not None and status.activation.number != self.activation.number:
            changes["last_wall_time"] = None  # it belongs to the earlier timing
        if status.activation is not None and _timing_of(status.activation) != _timing_of(self.activation):
            changes["calendars"] = ()  # the new timing is accepted with the calendars as they are now
        return status.model_copy(update=changes)


def _timing_of(activation: Activation) -> str:
    return activation.spec_hash.removeprefix(_SUSPENDED)


def is_suspended(activation: Activation) -> bool:
    """Whether the activation was suspended by Unschedule."""
    return activation.spec_hash.startswith(_SUSPENDED)


def next_activation(snapshot: Snapshot, now: datetime) -> ActivationChange | None:
    """The change to write to `status.activation` before anything else is decided; None if it is up to date.

    Args:
        snapshot: the request must exist, and its history must be known if `needs_history` is true.
        now: UTC.
    """
    request = snapshot.request
    assert request is not None
    activation = snapshot.status.activation
    wanted = snapshot.compiled.timing_hash
    requested = (request.metadata.annotations or {}).get(names.ANNOTATION_RESCHEDULE)
    handled = snapshot.status.last_handled_reschedule
    if activation is None:
        return _first(request, wanted, requested)
    if request.spec.suspend:
        if is_suspended(activation):
            return None
        suspended = _with_hash(activation, _SUSPENDED + activation.spec_hash)
        return ActivationChange(suspended, handled, ends=RunReason.SUSPENDED, suspended_since=whole_second(now))
    rescheduled = requested is not None and requested != handled
    if activation.spec_hash == wanted and not rescheduled:
        return None
    cause = _cause(activation, rescheduled=rescheduled)
    fresh = _new_activation(request, activation.number + 1, whole_second(now), wanted, cause)
    was_suspended = is_suspended(activation)
    if rescheduled:
        return ActivationChange(fresh, requested, ends=None if was_suspended else RunReason.RESCHEDULED)
    if _keeps_one_shot(snapshot, activation, wanted):
        is_edited = _timing_of(activation) != wanted
        return ActivationChange(_with_hash(activation, wanted), handled, unused=is_edited)
    return ActivationChange(fresh, handled, ends=None if was_suspended else RunReason.EDITED)


def needs_history(snapshot: Snapshot) -> bool:
    """Whether only a list shows if the one run of a request exists, at a resume or at an edit of its timing."""
    request, activation = snapshot.request, snapshot.status.activation
    if (
        request is None
        or activation is None
        or not activation.number
        or request.spec.suspend
        or snapshot.history is not None
    ):
        return False
    wanted = snapshot.compiled.timing_hash
    return _are_both_one_shot(activation, wanted) and activation.spec_hash != wanted


def _cause(activation: Activation, *, rescheduled: bool) -> ActivationCause:
    if rescheduled:
        return ActivationCause.RESCHEDULED
    return ActivationCause.RESUMED if is_suspended(activation) else ActivationCause.EDITED


def _are_both_one_shot(activation: Activation, wanted: str) -> bool:
    """Whether the timing is one-shot, and was so before."""
    return _timing_of(activation).startswith(ONE_SHOT) and wanted.startswith(ONE_SHOT)


def _first(request: ProcessRequest, wanted: str, requested: str | None) -> ActivationChange:
    since = request.metadata.creation_timestamp
    assert since is not None
    if request.spec.suspend:
        # It begins at the resume. Until then number 0 means "never in force".
        suspended = _new_activation(request, 0, since, _SUSPENDED + wanted, ActivationCause.CREATED)
        return ActivationChange(suspended, requested, suspended_since=since)
    return ActivationChange(_new_activation(request, 1, since, wanted, ActivationCause.CREATED), requested)


def _new_activation(
    request: ProcessRequest, number: int, since: datetime, spec_hash: str, cause: ActivationCause
) -> Activation:
    schedule = request.spec.timing.schedule
    kept = schedule.to_api() if schedule is not None else None
    return Activation(number=number, since=since, runs=0, spec_hash=spec_hash, schedule=kept, cause=cause)


def _with_hash(activation: Activation, spec_hash: str) -> Activation:
    return activation.model_copy(update={"spec_hash": spec_hash})


def _keeps_one_shot(snapshot: Snapshot, activation: Activation, wanted: str) -> bool:
    """Whether a one-shot request keeps its activation at a resume or an edit.

    It does if its run has started, has ended, or keeps waiting, because only a reschedule creates a second run. A run
    counts as not run if it waits for its start, missed its window, or was canceled by a suspension before it started.
    """
    if not _are_both_one_shot(activation, wanted):
        return False
    name = run_name(snapshot, activation)
    run = next((run for run in snapshot.runs if run.metadata.name == name), None)
    if run is not None:
        return _has_begun(snapshot, run) or _keeps_waiting(snapshot, activation, wanted, run)
    ended = next((run for run in snapshot.history or () if run.name == name), None)
    if ended is not None:
        was_unscheduled = ended.phase == RunPhase.CANCELED and ended.reason == RunReason.UNSCHEDULED
        return ended.phase != RunPhase.MISSED and not (was_unscheduled and ended.start is None)
    last, conditions = snapshot.status.last_run, snapshot.status.conditions
    if activation.runs == 0:
        return False
    if last is not None and last.name == name:
        return last.phase != RunPhase.MISSED
    # A manual run may have been the last one. The condition still shows how the activation ended.
    return not any(c.type == ConditionType.FAILED and c.reason == RunReason.DEADLINE_PASSED for c in conditions)


def _has_begun(snapshot: Snapshot, run: ProcessRun) -> bool:
    """Whether an open run has started, or can start without an action of the operator."""
    if run.status.steps or run.status.job_uid is not None:
        return True
    job = snapshot.jobs.get(run.metadata.name)
    return job is not None and not job.waits_for_start


def _keeps_waiting(snapshot: Snapshot, activation: Activation, wanted: str, run: ProcessRun) -> bool:
    """Whether a waiting run stays valid after a resume, because its start does not count from the resume."""
    request = snapshot.request
    assert request is not None
    if not is_suspended(activation) or activation.spec_hash != _SUSPENDED + wanted:
        return False
    later = request.spec.timing.run_later
    return run.spec.trigger == Trigger.IMMEDIATE or (later is not None and later.after is None)


def run_name(snapshot: Snapshot, activation: Activation) -> str:
    """Name of the run that a one-shot timing creates in this activation."""
    return names.activation_run_name(names.child_stem(snapshot.name, snapshot.uid), activation.number)
