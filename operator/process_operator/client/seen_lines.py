"""Lines of a followed log that the user has seen, so that a stream that is opened again repeats none of them.

The kubelet's sinceTime has a resolution of one second. The lines of the newest second are therefore remembered. Pure:
bytes of streams come in, bytes to print come out.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Final

_STAMP: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d) ")
_MAX_BUFFERED_BYTES: Final = 16 * 1024
"""A longer line, such as a progress bar, is printed in parts."""


class SeenLines:
    """The log of one pod over several streams, each with timestamps. `keeps_timestamps` prints them too."""

    def __init__(self, *, keeps_timestamps: bool) -> None:
        self._keeps_timestamps = keeps_timestamps
        self._second: datetime | None = None
        self._seen: Counter[bytes] = Counter()
        self._repeated: Counter[bytes] = Counter()
        self._rest = b""
        self._is_in_line = False
        self.last = b""
        """The newest line without its timestamp."""

    @property
    def since(self) -> str | None:
        """The second of the newest line (RFC 3339, UTC), from which a new stream continues; None before any line."""
        return f"{self._second:%Y-%m-%dT%H:%M:%SZ}" if self._second is not None else None

    def reopen(self) -> None:
        """Begin a new stream. An unfinished line of the last one is repeated by it."""
        self._repeated = self._seen.copy()
        self._rest = b""
        self._is_in_line = False

    def feed(self, chunk: bytes) -> bytes:
        """Take a part of the stream, and return what to print."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        shown = b"".join(self._new(line + b"\n") for line in lines)
        return shown + self.flush() if len(self._rest) > _MAX_BUFFERED_BYTES else shown

    def flush(self) -> bytes:
        """Return the unfinished line."""
        rest, self._rest = self._rest, b""
        if not rest:
            return b""
        shown = self._new(rest)
        self._is_in_line = True
        return shown

    def _new(self, line: bytes) -> bytes:
        if self._is_in_line:
            self._is_in_line = not line.endswith(b"\n")
            return line
        stamp = _STAMP.match(line)
        if stamp is None:
            return line
        if self._repeated[line] > 0:
            self._repeated[line] -= 1
            return b""
        second = datetime.fromisoformat((stamp[1] + stamp[2]).decode()).astimezone(UTC)
        if self._second is None or second > self._second:
            self._second, self._seen = second, Counter()
        if second == self._second:
            self._seen[line] += 1
        self.last = line[stamp.end() :]
        return line if self._keeps_timestamps else self.last
