"""Cluster view: requests, runs, Jobs and their states, as users see them in a scenario. Neighbour: `driver.py`."""

from __future__ import annotations

from collections import Counter

from tests.builders.objects import Object
from tests.flow.memory_api import Cluster
from tests.flow.words import created, shown

from process_operator.resources.kinds import (
    JOB,
    PROCESS_REQUEST,
    PROCESS_RUN,
)
from process_operator.resources.names import ANNOTATION_CLAIMED_AHEAD
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, ProcessRunStatus


class ClusterView:
    """Reads a cluster."""

    cluster: Cluster

    def request(self, name: str = "job") -> ProcessRequest:
        """A request as it is on the server."""
        return ProcessRequest.model_validate(self.cluster.read(PROCESS_REQUEST, name))

    def runs(self, request: str = "job", *, pruned: bool = False) -> list[ProcessRun]:
        """The runs of a request, oldest tick first; with `pruned` also the deleted ones, in their last state."""
        bodies = self.cluster.all(PROCESS_RUN) + (self._removed() if pruned else [])
        runs = [ProcessRun.model_validate(body) for body in bodies]
        mine = [run for run in runs if run.spec.request.name == request]
        return sorted(mine, key=lambda run: (run.spec.scheduled_time or created(run), run.metadata.name))

    def _removed(self) -> list[Object]:
        """The deleted runs in their last state, without withdrawn claims, which never were runs."""
        withdrawn = {body["metadata"]["uid"] for body in self.withdrawn()}
        return [body for body in self.cluster.deleted[PROCESS_RUN] if body["metadata"]["uid"] not in withdrawn]

    def withdrawn(self) -> list[Object]:
        """The runs that were made ahead of their ticks and deleted before they had a Job."""
        jobs = [*self.cluster.all(JOB), *self.cluster.deleted[JOB]]
        started = {owner["uid"] for job in jobs for owner in job["metadata"].get("ownerReferences") or ()}
        return [
            body
            for body in self.cluster.deleted[PROCESS_RUN]
            if "endTime" not in body["status"] and body["metadata"]["uid"] not in started
            if ANNOTATION_CLAIMED_AHEAD in body["metadata"].get("annotations", {})
        ]

    def newest(self, request: str = "job") -> ProcessRunStatus:
        """The status of the newest run of a request."""
        return self.runs(request)[-1].status

    def acceptance(self, name: str = "job") -> tuple[str, str]:
        """Phase of a request, and the reason of its condition Accepted."""
        status = self.request(name).status
        return str(status.phase), next(found.reason for found in status.conditions if found.type == "Accepted")

    def run(self, name: str) -> ProcessRun:
        """One run as it is on the server."""
        return ProcessRun.model_validate(self.cluster.read(PROCESS_RUN, name))

    def phases(self, request: str = "job", *, pruned: bool = False) -> list[str]:
        """`Phase/Reason` of each run of a request, oldest tick first; a summary with its count."""
        return [shown(run) for run in self.runs(request, pruned=pruned)]

    def requests_seen(self) -> list[str]:
        """Names of all requests that ever had a run."""
        bodies = self.cluster.all(PROCESS_RUN) + self._removed()
        return sorted({body["spec"]["request"]["name"] for body in bodies})

    def schedules(self) -> list[str]:
        """Names of the existing requests with a schedule."""
        bodies = self.cluster.all(PROCESS_REQUEST)
        return [body["metadata"]["name"] for body in bodies if "schedule" in body["spec"]["timing"]]

    def jobs(self) -> list[str]:
        """Names of the existing Jobs."""
        return [job["metadata"]["name"] for job in self.cluster.all(JOB)]

    def counts(self) -> Counter[str]:
        """Number of runs by phase, among all runs that ever were; summaries with their counts."""
        counter: Counter[str] = Counter()
        for body in [*self.cluster.all(PROCESS_RUN), *self._removed()]:
            summary = body["status"].get("summary")
            counter[body["status"]["phase"]] += summary["count"] if summary else 1
        return counter
