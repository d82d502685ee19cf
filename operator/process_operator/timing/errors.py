"""What is wrong with a schedule, in words for the person who wrote it. Raised by every reader of this package."""

from __future__ import annotations

from typing import Final, Literal

Reason = Literal["InvalidSchedule", "InvalidTimeZone", "NeverFires", "Unsupported"]

SCHEDULE_FIELD: Final = "spec.timing.schedule"


class ScheduleError(ValueError):
    """A schedule that cannot be followed.

    `reason` is the reason of the condition Accepted=False, `field` the path of the field to change, `message` says what
    is wrong with it and what is allowed.
    """

    def __init__(self, reason: Reason, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.reason: Reason = reason
        self.field = field
        self.message = message
