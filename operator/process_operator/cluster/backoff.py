"""How long to wait after a failure, for whatever goes on for ever: requests, lists, watches of single objects.

`retry.py` rides out a blip within one call; this is for what is tried again after that. Never shorter than the server's
Retry-After, doubled with each failure in a row, and by chance, so that what failed together does not come back
together.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from process_operator.cluster.errors import ApiError

LONGEST_RETRY_AFTER: Final = 300.0
"""Seconds. No API server asks for more; a proxy that does must not stop anything for a day."""


def retry_after(error: BaseException | None) -> float:
    """Seconds that the server wants to be left alone; 0 where it did not say."""
    asked = error.retry_after if isinstance(error, ApiError) else None
    return min(asked or 0.0, LONGEST_RETRY_AFTER)


def backoff(
    failures: int,
    error: BaseException | None,
    *,
    first: float,
    longest: float,
    chance: Callable[[], float] = random.random,
) -> float:
    """Seconds until the next try, after so many failures in a row (1 or more).

    `first`, doubled with each further failure up to `longest`, of that between a half and all; Retry-After on top.
    `error` is None where nobody knows what failed. `chance` gives 0..1.
    """
    pause: float = min(longest, first * 2 ** min(failures - 1, 30))
    return pause * (0.5 + chance() / 2) + retry_after(error)
