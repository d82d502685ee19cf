"""Activationes: the unbroken validity of one timing, and what begins a new one.

Start, resume, reschedule and an edit of the timing each begin an activation; its number is written to `status.activation`
before anything is made from it, so the run of a one-shot timing (named after the number) exists once, and a schedule
never makes up ticks of a time in which it should have been quiet. `request.py` asks first of all whether an activation
begins.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from process_operator.decisions.inputs.memo import PerRequestMemo
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.resources import names
from process_operator.resources.conditions import ConditionType, RunReason
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import Activation, ActivationCause, ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, RunPhase, Trigger
from process_operator.resources.schedule import Timing

_SUSPENDED: Final = "suspended-"
_ONE_SHOT: Final = "once-"

_HASHES: Final = PerRequestMemo[str]()

Ending = Literal["Suspended", "Edited", "Rescheduled"]


@dataclass(frozen=True, slots=True)
class ActivationChange:
    """The activation as it has to be written now; `ends` says why the one before is over, where it is."""

    activation: Activation
    last_handled_reschedule: str | None
    ends: Ending | None = None
    unused: bool = False
    """The timing was edited, and nothing follows from that: the request has run its one run."""

    def apply(self, status: ProcessRequestStatus) -> ProcessRequestStatus:
        """The status with this change, and nothing else touched that a person may still want to read."""
        changes: dict[str, object] = {
            "activation": self.activation,
            "last_handled_reschedule": self.last_handled_reschedule,
        }
        if status.activation is not None and status.activation.number != self.activation.number:
            changes["last_wall_time"] = None  # it was of another timing
        if status.activation is not None and _timing_of(status.activation) != _timing_of(self.activation):
            changes["calendars"] = ()  # the new timing is accepted with the calendars as they are now
        return status.model_copy(update=changes)


def _timing_of(activation: Activation) -> str:
    return activation.spec_hash.removeprefix(_SUSPENDED)


def timing_hash(request: ProcessRequest) -> str:
    """16 hex digits of the timing with its defaults filled in, after `once-` for one-shot timings.

    The prefix lets an edit tell whether the timing before it was one-shot, when its text is no longer there.
    """
    return _HASHES.of(request, (), lambda: _hash_of(request.spec.timing))


def _hash_of(timing: Timing) -> str:
    text = json.dumps(timing.to_api(), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return digest if timing.schedule is not None else _ONE_SHOT + digest


def is_suspended(activation: Activation) -> bool:
    """Whether the activation has been put to rest by Unschedule."""
    return activation.spec_hash.startswith(_SUSPENDED)


def next_activation(snapshot: Snapshot, now: datetime) -> ActivationChange | None:
    """What has to be written to `status.activation` before anything else is done; None where it is up to date.

    Args:
        snapshot: the request must be there, and its history known where `needs_history` says so.
        now: UTC.
    """
    request = snapshot.request
    assert request is not None
    activation = snapshot.status.activation
    wanted = timing_hash(request)
    asked = (request.metadata.annotations or {}).get(names.ANNOTATION_RESCHEDULE)
    handled = snapshot.status.last_handled_reschedule
    if activation is None:
        return _first(request, wanted, asked)
    if request.spec.suspend:
        if is_suspended(activation):
            return None
        return ActivationChange(_with_hash(activation, _SUSPENDED + activation.spec_hash), handled, ends="Suspended")
    rescheduled = asked is not None and asked != handled
    if activation.spec_hash == wanted and not rescheduled:
        return None
    cause = _cause(activation, rescheduled=rescheduled)
    fresh = _new_activation(request, activation.number + 1, now.replace(microsecond=0), wanted, cause)
    ends: Ending | None = None if is_suspended(activation) else "Edited"
    if rescheduled:
        return ActivationChange(fresh, asked, ends=ends and "Rescheduled")
    if _keeps_one_shot(snapshot, activation, wanted):
        is_edited = activation.spec_hash.removeprefix(_SUSPENDED) != wanted
        return ActivationChange(_with_hash(activation, wanted), handled, unused=is_edited)
    return ActivationChange(fresh, handled, ends=ends)


def needs_history(snapshot: Snapshot) -> bool:
    """Whether only a list tells if the one run of a request was made: at a resume, and at an edit of its timing."""
    request, activation = snapshot.request, snapshot.status.activation
    if (
        request is None
        or activation is None
        or not activation.number
        or request.spec.suspend
        or snapshot.history is not None
    ):
        return False
    wanted = timing_hash(request)
    return _are_both_one_shot(activation, wanted) and activation.spec_hash != wanted


def _cause(activation: Activation, *, rescheduled: bool) -> ActivationCause:
    if rescheduled:
        return ActivationCause.RESCHEDULED
    return ActivationCause.RESUMED if is_suspended(activation) else ActivationCause.EDITED


def _are_both_one_shot(activation: Activation, wanted: str) -> bool:
    """Whether the timing is one-shot, and was so before."""
    return activation.spec_hash.removeprefix(_SUSPENDED).startswith(_ONE_SHOT) and wanted.startswith(_ONE_SHOT)


def _first(request: ProcessRequest, wanted: str, asked: str | None) -> ActivationChange:
    since = request.metadata.creation_timestamp
    assert since is not None
    if request.spec.suspend:
        # It begins at the resume; until then number 0 stands for "never in force".
        return ActivationChange(_new_activation(request, 0, since, _SUSPENDED + wanted, ActivationCause.CREATED), asked)
    return ActivationChange(_new_activation(request, 1, since, wanted, ActivationCause.CREATED), asked)


def _new_activation(
    request: ProcessRequest, number: int, since: datetime, spec_hash: str, cause: ActivationCause
) -> Activation:
    schedule = request.spec.timing.schedule
    kept = schedule.to_api() if schedule is not None else None
    return Activation(number=number, since=since, runs=0, spec_hash=spec_hash, schedule=kept, cause=cause)


def _with_hash(activation: Activation, spec_hash: str) -> Activation:
    return activation.model_copy(update={"spec_hash": spec_hash})


def _keeps_one_shot(snapshot: Snapshot, activation: Activation, wanted: str) -> bool:
    """Whether a one-shot request keeps its activation at a resume or an edit: its run works, is over, or goes on to wait.

    Only a reschedule makes a second run. A run that still waits for its start has not run, nor has one that missed its
    window, nor one that its suspension canceled before it began.
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
    # A run by hand may have come after it; how the activation ended stands in its condition all the same.
    return not any(c.type == ConditionType.FAILED and c.reason == RunReason.DEADLINE_PASSED for c in conditions)


def _has_begun(snapshot: Snapshot, run: ProcessRun) -> bool:
    """Whether the work of an open run began, or may begin without a word of ours."""
    if run.status.steps or run.status.job_uid is not None:
        return True
    job = snapshot.jobs.get(run.metadata.name)
    return job is not None and not job.waits_for_start


def _keeps_waiting(snapshot: Snapshot, activation: Activation, wanted: str, run: ProcessRun) -> bool:
    """Whether a run that waits is what a resumed request wants: its start does not count from the resume."""
    request = snapshot.request
    assert request is not None
    if not is_suspended(activation) or activation.spec_hash != _SUSPENDED + wanted:
        return False
    later = request.spec.timing.run_later
    return run.spec.trigger == Trigger.IMMEDIATE or (later is not None and later.after is None)


def run_name(snapshot: Snapshot, activation: Activation) -> str:
    """Name of the run that a one-shot timing makes in this activation."""
    return names.activation_run_name(names.child_stem(snapshot.name, snapshot.uid), activation.number)
