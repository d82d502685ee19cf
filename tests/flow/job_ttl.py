"""The TTL-after-finished controller: it deletes a finished Job once its `ttlSecondsAfterFinished` has passed.

Neighbour: `controllers.py` has the other controllers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from tests.flow.memory_api import Cluster

from process_operator.resources.kinds import JOB
from process_operator.resources.model import parse_instant

_AFTER_THE_POD: Final = 1
"""Lowest number of seconds between the end of a pod and the deletion of its Job. The Job controller looks at an ended
pod after a second (its `syncJobBatchPeriod`). Here the Job ends at once."""


def expiries(cluster: Cluster) -> Iterator[tuple[str, datetime]]:
    """The names of finished Jobs, and the instants at which each is to be deleted."""
    for job in cluster.all(JOB):
        seconds = job["spec"].get("ttlSecondsAfterFinished")
        for found in job["status"].get("conditions") or () if seconds is not None else ():
            if found["type"] in ("Complete", "Failed") and found["status"] == "True":
                ended_at = parse_instant(found["lastTransitionTime"])
                yield job["metadata"]["name"], ended_at + timedelta(seconds=max(seconds, _AFTER_THE_POD))


def delete_expired(cluster: Cluster) -> None:
    """Delete the due Jobs with their pods."""
    for name, due in list(expiries(cluster)):
        if cluster.clock.now >= due:
            cluster.delete(JOB, name)
