"""Queue for Jobs that acts as Kueue: it suspends the Jobs with its label, and resumes those that it admits.

It acts as Kueue 0.17 does. Admission suspends a Job with the label when the Job is created. It suspends a Job again
that another program resumed. It resumes admitted Jobs in the order of creation. `controllers.py` calls it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tests.builders.objects import Object
from tests.flow.memory_api import Cluster

from process_operator.resources.kinds import JOB
from process_operator.resources.names import LABEL_KUEUE_QUEUE

QUEUE: Final = "team-a"
DEFAULT_QUEUE: Final = "default"


@dataclass
class JobQueue:
    """The queue of a cluster. `admit` is its webhook, `step` its controller."""

    cluster: Cluster
    quota: int = 1
    """Jobs that may run at the same time."""
    has_default: bool = False
    """Whether there is a LocalQueue `default`, so that a Job without the label gets it."""
    deactivated: set[str] = field(default_factory=set)
    """Names of Jobs whose Workload a person has set inactive."""
    resumed_by_others: list[str] = field(default_factory=list)
    """Names of Jobs that were not suspended although the queue had not admitted them."""
    _admitted: set[str] = field(default_factory=set)

    def admit(self, job: Object) -> None:
        """Change a Job that is being created, as the mutating webhook does."""
        labels = job["metadata"].setdefault("labels", {})
        if self.has_default:
            labels.setdefault(LABEL_KUEUE_QUEUE, DEFAULT_QUEUE)
        if LABEL_KUEUE_QUEUE in labels:
            job["spec"]["suspend"] = True

    def preempt(self, name: str) -> None:
        """Take the quota from a Job, for another one of higher priority that stays."""
        self.quota -= 1
        self._admitted.discard(self.cluster.read(JOB, name)["metadata"]["uid"])

    def step(self) -> None:
        """Suspend the Jobs that are not admitted, then admit Jobs within the quota."""
        jobs = [job for job in self.cluster.all(JOB) if LABEL_KUEUE_QUEUE in (job["metadata"].get("labels") or {})]
        open_jobs = sorted((job for job in jobs if not _is_finished(job)), key=lambda job: job["metadata"]["uid"])
        self._admitted &= {job["metadata"]["uid"] for job in open_jobs}
        for job in open_jobs:
            name, uid, suspended = job["metadata"]["name"], job["metadata"]["uid"], bool(job["spec"].get("suspend"))
            if name in self.deactivated:
                self._admitted.discard(uid)
            elif uid not in self._admitted and suspended and len(self._admitted) < self.quota:
                self._admitted.add(uid)
            if uid not in self._admitted and not suspended:
                if not job["status"].get("startTime"):
                    self.resumed_by_others.append(name)
                self._set_suspend(name, suspend=True)
            elif uid in self._admitted and suspended:
                self._set_suspend(name, suspend=False)

    def _set_suspend(self, name: str, *, suspend: bool) -> None:
        self.cluster.patch(JOB, "default", name, {"spec": {"suspend": suspend}})


def _is_finished(job: Object) -> bool:
    return any(
        found["type"] in ("Complete", "Failed") and found["status"] == "True"
        for found in job["status"].get("conditions") or ()
    )
