"""Kubelet log answers: text that the kubelet sends with status 200 in place of a log."""

from __future__ import annotations

import re
from typing import Final

_RUNTIME_ERROR: Final = re.compile(
    rb"\s*(?:unable to retrieve container logs for "
    rb'|failed to (?:try resolving symlinks in path|open log file|tail \d+ lines of log file|seek \d+ in log file) ")'
    rb"[^\n]*\s*"
)
"""What the kubelet and `ReadLogs` of k8s.io/cri-client say where container or file are gone."""


def is_runtime_error_text(raw: bytes) -> bool:
    """Whether an answer with status 200 is the kubelet's word that the container is removed, and not its log."""
    return _RUNTIME_ERROR.fullmatch(raw) is not None
