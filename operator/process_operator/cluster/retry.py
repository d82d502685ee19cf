"""How often, and how long apart, one call is tried again inside the client.

Short on purpose: it rides out a blip, an overloaded server's "come back in a second" and a fail-over. What lasts longer
is raised, and the reconciler's queue tries the whole key again with its own, longer backoff.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from process_operator.cluster.errors import ApiError, ServerError, TooManyRequests, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Retries:
    """At most `tries` tries; none begins later than `seconds` after the first.

    Between two tries: a random part of `base` seconds, doubled each time up to `cap` (full jitter, so that clients that
    failed together do not come back together); a Retry-After of the server is waited for in addition.
    `sleep`, `chance` (0..1) and `clock` (monotonic seconds) are for tests.
    """

    tries: int = 4
    seconds: float = 10.0
    base: float = 0.5
    cap: float = 4.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    async def run(self, once: Callable[[], Awaitable[Answer]]) -> Answer:
        """Call `once` until it succeeds, fails for good, or the tries are used up; then raises its last ApiError.

        Its `maybe_done` is true if it was so for any of the tries.
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
        """Seconds to wait after so many tries."""
        jitter: float = self.chance() * min(self.cap, self.base * 2 ** (tried - 1))
        return jitter + (error.retry_after or 0.0)
