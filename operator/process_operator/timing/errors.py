"""Errors in a schedule, with a message for the user who wrote it. Every reader of this package raises them."""

from __future__ import annotations

from typing import Final

from process_operator.resources.conditions import Reason

SCHEDULE_FIELD: Final = "spec.timing.schedule"


class ScheduleError(ValueError):
    """A schedule that the operator cannot follow.

    `reason` is the reason of the condition Accepted=False. `field` is the path of the field to change. `message` says
    what is wrong with the field and what is allowed.
    """

    def __init__(self, reason: Reason, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.reason = reason
        self.field = field
        self.message = message
