"""Users and administrators in a scenario: they apply, edit, cancel and delete. Neighbour: `driver.py`."""

from __future__ import annotations

from typing import Any

from tests.builders.objects import Object
from tests.flow.cluster_view import ClusterView
from tests.flow.controllers import Controllers, Work
from tests.flow.job_queue import JobQueue
from tests.flow.words import later, template

from process_operator.cluster.errors import ApiError
from process_operator.resources.kinds import (
    CONFIG_MAP,
    JOB,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
)
from process_operator.resources.process_backfill import ProcessBackfill


class ClusterUser(ClusterView):
    """Acts on a cluster, and sees it."""

    controllers: Controllers

    def apply(self, name: str = "job", **spec: Any) -> Object:
        """`kubectl apply` of a ProcessRequest (with a template of its own, unless a process is named)."""
        if "process" not in spec:
            spec.setdefault("jobTemplate", template())
        if self.cluster.find(PROCESS_REQUEST, name) is None:
            return self.cluster.create(PROCESS_REQUEST, {"metadata": {"name": name}, "spec": spec})
        return self.edit(name, **spec)

    def edit(self, name: str = "job", **spec: Any) -> Object:
        """Change fields of a request's spec."""
        found = self.cluster.read(PROCESS_REQUEST, name)
        operations = [{"op": "add", "path": f"/spec/{field}", "value": value} for field, value in spec.items()]
        return self.cluster.patch(PROCESS_REQUEST, found["metadata"]["namespace"], name, operations)

    def reschedule(self, value: str, name: str = "job") -> None:
        """`kubectl annotate --overwrite processrequest NAME process-operator.io/reschedule=VALUE`."""
        annotations = {"process-operator.io/reschedule": value}
        self.cluster.patch(PROCESS_REQUEST, "default", name, {"metadata": {"annotations": annotations}})

    def apply_process(self, name: str, **spec: Any) -> Object:
        """`kubectl apply` of a Process."""
        return self.cluster.create(PROCESS, {"metadata": {"name": name}, "spec": {"jobTemplate": template(), **spec}})

    def run_now(self, name: str, request: str = "job", **spec: Any) -> Object:
        """`kubectl create` of a run by hand."""
        body = {"metadata": {"name": name}, "spec": {"request": {"name": request}, **spec}}
        return self.cluster.create(PROCESS_RUN, body)

    def cancel(self, run: str) -> None:
        """`kubectl patch processrun RUN -p '{"spec": {"cancel": true}}'`."""
        self.cluster.patch(PROCESS_RUN, "default", run, {"spec": {"cancel": True}})

    def work(self, **work: Any) -> None:
        """Say what every Job does from now on."""
        self.controllers.work = lambda _name: Work(**work)

    def reject(self, verb: str, kind: Any, error: ApiError | None) -> None:
        """Let the server reject a verb on a kind. None ends this."""
        if error is None:
            self.cluster.rejections.pop((verb, kind), None)
        else:
            self.cluster.rejections[verb, kind] = lambda _body: error

    def queue_jobs(self, *, quota: int = 1, has_default: bool = False) -> JobQueue:
        """Install a queue for Jobs, as Kueue is one."""
        queue = JobQueue(self.cluster, quota=quota, has_default=has_default)
        self.cluster.webhooks[JOB] = queue.admit
        self.controllers.queue = queue
        return queue

    def suspend_job(self, name: str = "", *, suspend: bool = True) -> None:
        """`kubectl patch job NAME -p '{"spec": {"suspend": true}}'`, or false; all Jobs where none is named."""
        for job in [name] if name else self.jobs():
            if self.cluster.find(JOB, job) is not None:
                self.cluster.patch(JOB, "default", job, {"spec": {"suspend": suspend}})

    def config_map(self, name: str, **data: str) -> None:
        """`kubectl apply` of a ConfigMap."""
        body = {"metadata": {"name": name}, "data": data}
        if self.cluster.find(CONFIG_MAP, name) is None:
            self.cluster.create(CONFIG_MAP, body)
        else:
            self.cluster.patch(CONFIG_MAP, "default", name, body)

    def delete_config_map(self, name: str) -> None:
        """`kubectl delete configmap`."""
        self.cluster.delete(CONFIG_MAP, name)

    def backfill(self, name: str, begin: float, end: float, *, request: str = "job", **spec: Any) -> None:
        """Apply a ProcessBackfill, from and to given in seconds after the beginning."""
        body = {"request": {"name": request}, "from": later(begin), "to": later(end), **spec}
        self.cluster.create(PROCESS_BACKFILL, {"metadata": {"name": name}, "spec": body})

    def cancel_backfill(self, name: str) -> None:
        """Cancel a ProcessBackfill."""
        self.cluster.patch(PROCESS_BACKFILL, "default", name, {"spec": {"cancel": True}})

    def backfilled(self, name: str) -> ProcessBackfill:
        """A ProcessBackfill as it is on the server."""
        return ProcessBackfill.model_validate(self.cluster.read(PROCESS_BACKFILL, name))

    def cancel_newest(self, request: str = "job") -> None:
        """Cancel the newest run of a request, if there is one."""
        for run in self.runs(request)[-1:]:
            self.cancel(run.metadata.name)

    def delete_newest(self, request: str = "job") -> None:
        """`kubectl delete processrun` of the newest run of a request, if there is one."""
        for run in self.runs(request)[-1:]:
            self.cluster.delete(PROCESS_RUN, run.metadata.name)

    def delete_jobs(self) -> None:
        """`kubectl delete jobs --all`."""
        for name in self.jobs():
            self.cluster.delete(JOB, name)
