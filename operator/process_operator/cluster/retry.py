"""Retries of one API call inside the client.

They are short on purpose. They bridge a network error, a Retry-After of an overloaded server and a fail-over. Errors
that last longer are raised, and the work queue retries the whole key with a longer backoff (`backoff.py`).
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from process_operator.cluster.backoff import jittered
from process_operator.cluster.errors import ApiError, ServerError, TooManyRequests, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Retries:
    """Retry policy: at most `tries` tries, each of which starts within `seconds` after the first.

    The pause between two tries is a random part (full jitter) of `base` seconds, doubled each time up to `cap` seconds.
    The server's Retry-After is added. Tests replace `sleep`, `chance` (0..1) and `clock` (monotonic seconds).
    """

    tries: int = 4
    seconds: float = 10.0
    base: float = 0.5
    cap: float = 4.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    async def run(self, once: Callable[[], Awaitable[Answer]]) -> Answer:
        """Call `once` until it succeeds.

        Raises the last ApiError after an error that no retry can heal, or after the last try. Its `maybe_done` is true
        if it is true for any of the tries.
        """
        began = self.clock()
        in_doubt = False
        tried = 0
        while True:
            tried += 1
            try:
                return await once()
            except ApiError as error:
                in_doubt = error.maybe_done = error.maybe_done or in_doubt
                delay = self.delay(tried, error)
                out_of_time = self.clock() - began + delay > self.seconds
                if (
                    not isinstance(error, TooManyRequests | ServerError | Unreachable)
                    or tried >= self.tries
                    or out_of_time
                ):
                    raise
                await self.sleep(delay)

    def delay(self, tried: int, error: ApiError) -> float:
        """Give the pause in seconds after a number of tries."""
        pause = jittered(tried, first=self.base, longest=self.cap, least=0, chance=self.chance)
        return pause + (error.retry_after or 0.0)
