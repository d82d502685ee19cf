"""Counts of API requests by who sent them, from the audit log of the API server.

The server's metrics do not say who asked, and the Job controller writes Jobs and pods too. `hack/cluster up --audit`
makes the log. Neighbour: `test_request_count.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPERATOR: Final = "process-operator"
"""Beginning of the operator's user agent."""
_STAGES: Final = frozenset({"ResponseComplete", "ResponseStarted"})


class Call(NamedTuple):
    """Verb and resource of an API call: `patch processruns/status`."""

    verb: str
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


@dataclass
class AuditLog:
    """The part of an audit log that is written from now on."""

    path: Path

    def __post_init__(self) -> None:
        self._begin = self.path.stat().st_size

    def calls(self, *namespaces: str | None) -> Counter[Call]:
        """Calls of the operator since then: about these namespaces (None: about none or all of them), or all.

        A watch counts once, when it begins.
        """
        found = ((event.get("objectRef") or {}, event) for event in self._events())
        return Counter(
            _call(about, event) for about, event in found if not namespaces or about.get("namespace") in namespaces
        )

    def created(self, resource: str, namespace: str) -> list[tuple[str, float]]:
        """Objects that the operator has created since then: names, and when the server received them (unix seconds)."""
        return [
            (event["objectRef"]["name"], datetime.fromisoformat(event["requestReceivedTimestamp"]).timestamp())
            for event in self._events()
            if event["verb"] == "create" and "dryRun=" not in event["requestURI"]
            if (event["objectRef"].get("resource"), event["objectRef"].get("namespace")) == (resource, namespace)
        ]

    def seconds_of_runs(self, namespace: str) -> list[float]:
        """Seconds for which each run that the operator has created since then was open.

        They count from its creation to its last status.
        """
        begun: dict[str, float] = {}
        ended: dict[str, float] = {}
        for event in self._events():
            about = event.get("objectRef") or {}
            if (about.get("resource"), about.get("namespace")) != ("processruns", namespace) or "name" not in about:
                continue
            at = datetime.fromisoformat(event["requestReceivedTimestamp"]).timestamp()
            if event["verb"] == "create":
                begun.setdefault(about["name"], at)
            elif (event["verb"], about.get("subresource")) == ("patch", "status"):
                ended[about["name"]] = at
        return [ended.get(name, at) - at for name, at in begun.items()]

    def _events(self) -> Iterator[dict[str, Any]]:
        seen = set()
        with self.path.open("rb") as log:
            log.seek(self._begin)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                event = json.loads(line)
                if not event.get("userAgent", "").startswith(OPERATOR) or event["stage"] not in _STAGES:
                    continue
                if event["auditID"] in seen:  # a stream is there twice: when it begins, and when it ends
                    continue
                seen.add(event["auditID"])
                yield event


def _call(about: dict[str, Any], event: dict[str, Any]) -> Call:
    parts = [part for part in (about.get("resource"), about.get("subresource")) if part]
    dry = " (dry run)" if "dryRun=" in event["requestURI"] else ""
    return Call(event["verb"], ("/".join(parts) or event["requestURI"]) + dry)
