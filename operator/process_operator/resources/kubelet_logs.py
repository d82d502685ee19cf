"""Errors in kubelet log answers: text that the kubelet sends with status 200 in place of a log."""

from __future__ import annotations

import re
from typing import Final

_RUNTIME_ERROR: Final = re.compile(
    rb"\s*(?:unable to retrieve container logs for "
    rb'|failed to (?:try resolving symlinks in path|open log file|tail \d+ lines of log file|seek \d+ in log file) ")'
    rb"[^\n]*\s*"
)
"""Errors of the kubelet and of `ReadLogs` in k8s.io/cri-client about a removed container or log file."""


def is_runtime_error_text(raw: bytes) -> bool:
    """Whether an answer with status 200 is an error about a removed container, and not its log."""
    return _RUNTIME_ERROR.fullmatch(raw) is not None
