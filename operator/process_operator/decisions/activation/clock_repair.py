"""A cursor that is far ahead of the clock: an earlier clock was wrong, and the schedule would rest until that time.

By less than an hour it is waited for, so that nothing runs twice. By more the cursor is taken back to now, with an
Event; a run that has the name of a tick still keeps that tick from running again. Neighbour: `request.py` asks first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import Emit
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.conditions import EventReason
from process_operator.resources.model import format_instant

MAX_AHEAD: Final = timedelta(hours=1)


def reset_cursor(snapshot: Snapshot, now: datetime) -> Plan | None:
    """The plan that takes the cursor back to `now` (UTC); None where it is not so far ahead."""
    cursor = snapshot.status.last_schedule_time
    if cursor is None or cursor <= now + MAX_AHEAD:
        return None
    back = now.replace(microsecond=0)
    message = (
        f"ticks were settled up to {format_instant(cursor)}, by a clock that was wrong; "
        f"those after {format_instant(back)} are due again, where they have no run"
    )
    event = Emit(EventReason.CLOCK_WAS_AHEAD, message, warning=True)
    return Plan((event,), snapshot.status.model_copy(update={"last_schedule_time": back}))
