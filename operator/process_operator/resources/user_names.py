"""User names in annotations: which user created a run, suspended a request, or rescheduled it.

Clients write them, and the chart's admission policy accepts only the name of the user who sends the request. Neighbours:
`names.py` has the annotations, `decisions/inputs/verified_users.py` copies verified names into a status.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

MAX_USER_NAME: Final = 1024
"""Highest length of a user name in a status, in characters. The API server limits none."""
_BY: Final = " by "
"""Separator in the annotation `reschedule`. The name is part of the value, so no later reschedule can have it."""


def reschedule_value(now: datetime, user: str | None) -> str:
    """Build the value of the annotation `reschedule`: the time (UTC, milliseconds), and the user if the name is known."""
    instant = now.isoformat(timespec="milliseconds")
    return f"{instant}{_BY}{user}" if user else instant


def user_of_reschedule(value: str) -> str:
    """Return the user in a value of the annotation `reschedule`; empty if there is none."""
    return value.partition(_BY)[2]
