"""Limits of one decision and of one request."""

from __future__ import annotations

MAX_STARTS = 10
"""Starts of one request in one decision; the rest follow at once in the next."""
MAX_WAITING = 100
"""Maximum number of queued runs of one request. Beyond it the oldest are Missed (TooMany)."""
