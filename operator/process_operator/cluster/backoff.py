"""Exponential backoff with jitter: the pause in seconds before the next try.

`retry.py` uses it for the tries of one call. The work queue, lists and watches use it for failures in a row, without an
end. The pause is partly random, so that clients that failed together do not retry together.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from process_operator.cluster.errors import ApiError

MAX_RETRY_AFTER_SECONDS: Final = 300.0
"""Longest Retry-After that is respected. No API server asks for more, but a proxy may."""


def retry_after(error: BaseException | None) -> float:
    """Give the Retry-After of an error in seconds; 0 if the server sent none."""
    requested = error.retry_after if isinstance(error, ApiError) else None
    return min(requested or 0.0, MAX_RETRY_AFTER_SECONDS)


def backoff(
    failures: int,
    error: BaseException | None,
    *,
    first: float,
    longest: float,
    chance: Callable[[], float] = random.random,
) -> float:
    """Give the seconds until the next try, after a number of failures in a row (1 or more).

    The pause is between a half and all of `first` doubled with each further failure, up to `longest`. The Retry-After
    of `error` is added; `error` is None if it is unknown. `chance` gives 0..1.
    """
    return jittered(failures, first=first, longest=longest, least=0.5, chance=chance) + retry_after(error)


def jittered(failures: int, *, first: float, longest: float, least: float, chance: Callable[[], float]) -> float:
    """Give a random part of an exponential pause in seconds: at least the share `least` (0..1) of it.

    The whole pause is `first` after one failure. It doubles with each further failure, up to `longest`.
    """
    pause = min(longest, first * 2.0 ** min(failures - 1, 30))
    return pause * (least + (1 - least) * chance())
