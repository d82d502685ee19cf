"""Work budget for one calendar, because a tenant writes its text and all tenants share the operator."""

from __future__ import annotations

from typing import Final

from process_operator.timing.ical.lines import CalendarError

MAX_STEPS: Final = 1_000_000
"""One step is about half a microsecond, so that the most expensive text needs less than a second."""


class Budget:
    """The number of steps left for one calendar."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Subtract steps. Raises CalendarTooLargeError if the budget is used up."""
        self._left -= steps
        if self._left < 0:
            raise CalendarTooLargeError("its events recur too often; remove old events, or add UNTIL to their rules")


class CalendarTooLargeError(CalendarError):
    """A calendar whose events cost too much together, so that no single event can be skipped."""
