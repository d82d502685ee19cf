"""Work budget for reading one calendar, because its text is a tenant's and the operator is shared by all of them.

Neighbours: `rule_days.py`, `calendar.py` and `zones.py` spend from it.
"""

from __future__ import annotations

from typing import Final

from process_operator.timing.ical.lines import CalendarError

MAX_STEPS: Final = 1_000_000
"""One step is about half a microsecond, so the costliest text takes less than a second."""


class Budget:
    """The steps that reading a calendar may still take."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Take steps. Raises CalendarError if the budget is used up."""
        self._left -= steps
        if self._left < 0:
            raise CalendarTooLargeError("its events recur too often; remove old ones, or give their rules an UNTIL")


class CalendarTooLargeError(CalendarError):
    """A calendar whose events cost too much; none of them is to blame alone, so none can be skipped."""
