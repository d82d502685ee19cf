"""Limits of the monitor: sizes, times, and the streams that are open at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from process_operator.monitor.failures import RejectedError

BODY_BYTES: Final = 64 * 1024
HEADER_BYTES: Final = 32 * 1024
"""A header with the cookies of a long token, of which an identity provider makes several KB."""
TOKEN_BYTES: Final = 16 * 1024
PAGE_ROWS: Final = 500
LOG_BYTES: Final = 10 * 1024 * 1024
CALL_SECONDS: Final = 30.0
STREAM_SECONDS: Final = 3600.0
WRITE_SECONDS: Final = 30.0
"""Time in which a browser has to accept a part of a stream."""
TARGETS: Final = 200
"""Objects of one action."""

_STREAMS_OF_ONE: Final = 4
_STREAMS: Final = 200


class StreamLimit:
    """The number of open streams of one sort: at most 4 of one user, and 200 of the server."""

    def __init__(self, *, of_one: int = _STREAMS_OF_ONE, of_all: int = _STREAMS) -> None:
        self._of_one = of_one
        self._of_all = of_all
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_more(self, user: str) -> Iterator[None]:
        """Count a stream of a user while it is open. Raises RejectedError (429)."""
        if self._open[user] >= self._of_one:
            raise RejectedError(
                429, "TooManyStreams", f"You have {self._of_one} open pages already. Close one of them."
            )
        if self._open.total() >= self._of_all:
            raise RejectedError(429, "TooManyStreams", "The monitor has no room for another page. Try again later.")
        self._open[user] += 1
        try:
            yield
        finally:
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]
