"""Ledger of the objects that operators created, from the server's answers on their way through the proxies.

A run or Job may be deleted before the count (by retention, or by a fault), so the ledger keeps the server's own answer
at the moment of the write. Neighbours: `proxy.py` writes it, `judgement.py` reads it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import orjson
from tests.builders.objects import Object

from process_operator.resources.names import LABEL_REQUEST_UID


@dataclass
class Ledger:
    """Runs as they were last answered, by UID, and the UIDs of all Jobs that ever had a name."""

    runs: dict[str, Object] = field(default_factory=dict)
    jobs: defaultdict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    writes: int = 0

    def write(self, method: str, path: str, status: int, body: bytes) -> None:
        """Record the server's answer to a write."""
        if method not in ("POST", "PATCH") or status >= 300 or "dryRun=" in path:
            return
        self.writes += 1
        self.take(orjson.loads(body))

    def take(self, found: Object) -> None:
        """Record an object as the server showed it."""
        metadata = found["metadata"]
        if found["kind"] == "ProcessRun":
            held = self.runs.get(metadata["uid"])
            if held is None or int(held["metadata"]["resourceVersion"]) <= int(metadata["resourceVersion"]):
                self.runs[metadata["uid"]] = found
        elif found["kind"] == "Job":
            self.jobs[metadata["namespace"], metadata["name"]].add(metadata["uid"])

    def runs_of(self, request_uid: str) -> list[Object]:
        """The runs of one request (not of another one that had or gets its name)."""
        return [
            run for run in self.runs.values() if run["metadata"].get("labels", {}).get(LABEL_REQUEST_UID) == request_uid
        ]
