"""Jitter: by how much a tick starts later than its nominal instant. It is drawn from names, so it is the same each
time."""

from __future__ import annotations

import hashlib


def jitter_seconds(key: str, nominal: int, bound: int) -> int:
    """Draw an offset from 0 to less than `bound` seconds. It is 0 if `bound` is at most 1.

    `key` is the request's `<namespace>/<name>`, `nominal` the tick in seconds since 1970. The offset is the number that
    the first 8 bytes of SHA-256(`key|nominal`) make, big endian, modulo `bound`.
    """
    if bound <= 1:
        return 0
    digest = hashlib.sha256(f"{key}|{nominal}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % bound
