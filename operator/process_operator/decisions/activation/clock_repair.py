"""Clock repair: resets a cursor that is far ahead of the clock, because an earlier clock was wrong.

Without the reset the schedule would start nothing until that time. A cursor that is less than an hour ahead is kept, so
that no tick runs twice. A cursor further ahead is reset to the present, with an Event. A run that has the name of a tick
still keeps that tick from running again. Neighbour: `request.py` calls it before it accepts the request.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import Emit
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.conditions import EventReason
from process_operator.resources.model import format_instant, whole_second

MAX_AHEAD: Final = timedelta(hours=1)


def reset_cursor(snapshot: Snapshot, now: datetime) -> Plan | None:
    """The plan that resets the cursor to `now` (UTC); None if it is at most `MAX_AHEAD` ahead."""
    cursor = snapshot.status.last_schedule_time
    if cursor is None or cursor <= now + MAX_AHEAD:
        return None
    present = whole_second(now)
    message = (
        f"a clock that was wrong had settled the ticks up to {format_instant(cursor)}; "
        f"ticks after {format_instant(present)} are due again if they have no run"
    )
    event = Emit(EventReason.CLOCK_WAS_AHEAD, message, warning=True)
    return Plan((event,), snapshot.status.model_copy(update={"last_schedule_time": present}))
