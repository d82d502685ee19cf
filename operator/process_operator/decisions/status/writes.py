"""Writes of statuses of requests and backfills: whether a new status has to be written, and whether at once.

`controller/status_writer.py` calls it. `request.py` and `decisions/backfill/status.py` make the statuses.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from process_operator.resources.conditions import BackfillReason, ConditionType
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus

_FAST_INTERVAL: Final = timedelta(minutes=1)
"""A schedule with less than this between two ticks does not have its next tick rewritten with each."""
_AWAITED_CONDITIONS: Final = (
    ConditionType.ACCEPTED,
    ConditionType.READY,
    ConditionType.CALENDARS_READY,
    ConditionType.COMPLETE,
    ConditionType.FAILED,
)


def is_worth_a_write(written: ProcessRequestStatus, wanted: ProcessRequestStatus) -> bool:
    """Whether a status differs from the written one in more than the next tick of a fast schedule."""
    # The version of the zone data is written with other changes. A new version alone causes no write.
    written = written.model_copy(update={"tzdata": wanted.tzdata})
    if written == wanted:
        return False
    if wanted.next_run_time is None or written.next_run_time is None or not _is_fast(written, wanted):
        return True
    return written.model_copy(update={"next_run_time": wanted.next_run_time}) != wanted


def is_awaited(written: ProcessRequestStatus, wanted: ProcessRequestStatus) -> bool:
    """Whether a person who changed the request waits for the answer, or a one-shot request has ended."""
    if (written.observed_generation, written.last_handled_reschedule) != (
        wanted.observed_generation,
        wanted.last_handled_reschedule,
    ):
        return True

    def by_type(status: ProcessRequestStatus) -> list[tuple[str, str, str]]:
        return [(c.type, c.status, c.reason) for c in status.conditions if c.type in _AWAITED_CONDITIONS]

    return by_type(written) != by_type(wanted)


def is_backfill_awaited(written: ProcessBackfillStatus, wanted: ProcessBackfillStatus) -> bool:
    """Whether a user waits for the status, because the backfill starts or ends, was edited, or has no request."""

    def seen(status: ProcessBackfillStatus) -> tuple[object, ...]:
        return status.phase, status.observed_generation, status.reason == BackfillReason.REQUEST_NOT_FOUND

    return seen(written) != seen(wanted)


def _is_fast(written: ProcessRequestStatus, wanted: ProcessRequestStatus) -> bool:
    assert written.next_run_time is not None and wanted.next_run_time is not None
    return abs(wanted.next_run_time - written.next_run_time) < _FAST_INTERVAL
