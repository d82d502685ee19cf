"""Namespace with a queue of Kueue that admits one pod at a time, as a user sees it.

Neighbours: `conftest.py` makes one for each test, `tests/cluster/workspace.py` has what is not about queues.
"""

from __future__ import annotations

import json
from typing import Final

from tests.builders.objects import Object
from tests.cluster.manifests import held, job_template
from tests.cluster.workspace import Workspace, name_of
from tests.kueue.kueue_manager import NAMESPACE_LABEL

from process_operator.resources.names import LABEL_KUEUE_QUEUE

QUEUE: Final = "team-a"
DEFAULT: Final = "default"
URGENT: Final = "urgent"
_CPU: Final = "100m"
_HOG: Final = "hog"
_PRIORITY_LABEL: Final = "kueue.x-k8s.io/priority-class"


def queued(script: str = "echo done", *, label: bool = True) -> Object:
    """A Job template that takes the whole quota; `label`: and names the queue."""
    template = job_template(script)
    _use_quota(template)
    return {**template, "metadata": {"labels": {LABEL_KUEUE_QUEUE: QUEUE}}} if label else template


def _use_quota(template: Object) -> None:
    for container in template["spec"]["template"]["spec"]["containers"]:
        container["resources"] = {"requests": {"cpu": _CPU}}


class QueueSpace(Workspace):
    """One namespace, its LocalQueue `team-a`, and the ClusterQueue behind it."""

    def set_up(self) -> None:
        """Make the queues, and wait until Kueue knows them."""
        self.cluster.run("label", "namespace", self.namespace, f"{NAMESPACE_LABEL}=true")
        flavor = {"name": "anything", "resources": [{"name": "cpu", "nominalQuota": _CPU}]}
        spec = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
            "resourceGroups": [{"coveredResources": ["cpu"], "flavors": [flavor]}],
            "preemption": {"withinClusterQueue": "LowerPriority"},
        }
        self.apply_all(
            _kueue("ResourceFlavor", "anything", spec={}),
            _kueue("WorkloadPriorityClass", URGENT, value=1000),
            _kueue("ClusterQueue", self.namespace, spec=spec),
        )
        self.add_local_queue(QUEUE)

    def tear_down(self) -> None:
        """Delete the ClusterQueue, which belongs to no namespace."""
        self.cluster.run("delete", "clusterqueue", self.namespace, "--wait=false")

    def add_local_queue(self, name: str) -> None:
        """Make a LocalQueue, and wait until it is active."""
        self.apply(_kueue("LocalQueue", name, spec={"clusterQueue": self.namespace}))
        self._ok(self.cluster.wait("localqueue", name, self.namespace, "condition=Active"))

    def occupy(self, *, urgent: bool = False) -> None:
        """Create a Job of another owner that takes the quota, and wait until it works."""
        labels = {LABEL_KUEUE_QUEUE: QUEUE} | ({_PRIORITY_LABEL: URGENT} if urgent else {})
        metadata = {"name": _HOG, "labels": labels}
        spec = job_template(held())["spec"]
        spec["template"]["spec"]["restartPolicy"] = "Never"
        body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
        _use_quota(body)
        self.apply(body)
        self.wait(lambda: self.cluster.get("job", _HOG, self.namespace)["status"].get("ready"), "the quota is taken")

    def vacate(self) -> None:
        """Give the quota back."""
        self.delete("job", _HOG)

    def deactivate(self, job: Object, *, active: bool = False) -> None:
        """Set `spec.active` of the Workload of a Job."""
        workload = self._workload(job)
        self._ok(self.cluster.patch("workload", name_of(workload), self.namespace, {"spec": {"active": active}}))

    def _workload(self, job: Object) -> Object:
        found = json.loads(self.cluster.run("get", "workloads", "--namespace", self.namespace, "--output", "json"))
        uid = job["metadata"]["uid"]
        (workload,) = [w for w in found["items"] if w["metadata"]["ownerReferences"][0]["uid"] == uid]
        return dict(workload)

    def wait_held(self, of: str, *, count: int = 1) -> list[Object]:
        """Wait until this number of Jobs of a request are suspended and their runs report that they are queued; the
        runs."""

        def look() -> list[Object]:
            held_jobs = {name_of(job) for job in self.jobs(of) if job["spec"].get("suspend")}
            found = [run for run in self.runs(of) if name_of(run) in held_jobs and _is_queued(run)]
            return found if len(found) >= count else []

        return self.wait(look, f"{count} runs of {of} are queued by Kueue")

    def assert_left_to_kueue(self, of: str) -> None:
        """Check that only Kueue changed the spec of a Job, once: it was created suspended, and resumed."""
        changes = {name_of(job): job["metadata"]["generation"] for job in self.jobs(of)}
        assert all(generation <= 2 for generation in changes.values()), changes


def _is_queued(run: Object) -> bool:
    status = run["status"]
    says = f"queued by Kueue (LocalQueue {QUEUE})" in status.get("message", "")
    return (status["phase"], status.get("reason")) == ("Pending", "Suspended") and says


def _kueue(kind: str, name: str, **parts: object) -> Object:
    return {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": {"name": name}, **parts}
