"""Controllers of Kubernetes, as far as runs depend on them: Jobs get pods, pods work and end, CronJobs fire.

What they do follows from the objects and the clock, so that a scenario says what the work is like (`Work`) and lets
time pass. Orders of events are those seen on Kubernetes 1.36; what lasts tenths of a second there is a whole second
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.builders.objects import Object
from tests.flow.job_queue import JobQueue
from tests.flow.job_ttl import delete_expired, expiries
from tests.flow.memory_api import Cluster, copied

from process_operator.resources import names
from process_operator.resources.kinds import CRONJOB, EVENT, JOB, POD
from process_operator.resources.model import format_instant, parse_instant
from process_operator.resources.schedule import Schedule
from process_operator.timing.recurrence import Recurrence, compile_schedule

_SECOND: Final = timedelta(seconds=1)
_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Work:
    """Work of a Job's pod: its seconds (None: until deleted), exit code and log."""

    seconds: float | None = 5
    exit_code: int = 0
    log: str = "all done\n"
    starts: bool = True
    """Otherwise its container waits until the pod is deleted."""
    waiting: Object = field(default_factory=lambda: {"reason": "ErrImagePull", "message": "not found"})
    """State of its container while it waits."""
    report_seconds: float = 1
    """Seconds after which the kubelet reports that the container runs. It runs after one second."""
    killed_for: str = ""
    """The probe for which the kubelet killed the container, as its Event says; empty if it ended by itself."""


@dataclass
class Controllers:
    """Drives Jobs, pods and CronJobs of a cluster. `work` says what each Job's pod does, by the Job's name."""

    cluster: Cluster
    work: Callable[[str], Work] = field(default=lambda _name: Work())
    cronjobs_away: bool = False
    """Whether the CronJob controller is stopped."""
    overlooks: frozenset[datetime] = frozenset()
    """Ticks that the CronJob controller forgets in a burst, and never starts."""
    lag: timedelta = timedelta()
    """Time between a tick and its sync by the CronJob controller."""
    forgets_status: bool = False
    """The CronJob controller dies between each Job that it makes and the status of the CronJob."""
    queue: JobQueue | None = None
    """The queue that admits Jobs, in scenarios with one."""
    missing_images: frozenset[str] = frozenset()
    """Images that cannot be pulled."""
    lost_node: bool = False
    """No node confirms that its pods are gone."""
    jobs_away: bool = False
    """Whether the Job controller is stopped: Jobs get no pods."""

    def next_at(self) -> datetime | None:
        """The next instant at which the clock alone makes something happen."""
        return min(self._instants(), default=None)

    def step(self) -> bool:
        """Do the due work; whether there was any."""
        version = self.cluster.list(JOB, None)[1]
        self.cluster.collect_garbage()
        if self.queue is not None:
            self.queue.step()
        for pod in self.cluster.all(POD):
            self._pod(pod)
        if not self.jobs_away:
            for job in self.cluster.all(JOB):
                self._job(job)
        delete_expired(self.cluster)
        if not self.cronjobs_away:
            for cronjob in self.cluster.all(CRONJOB):
                self._cronjob(cronjob)
        return self.cluster.list(JOB, None)[1] != version

    # ---- instants

    def _instants(self) -> Iterator[datetime]:
        now = self.cluster.clock.now
        yield from (due for _, due in expiries(self.cluster))
        for pod in self.cluster.all(POD):
            yield from self._pod_instants(pod)
        for job in self.cluster.all(JOB) if not self.jobs_away else ():
            deadline = _job_deadline(job)
            if deadline is not None and not _finished(job) and not _is_ending(job):
                yield deadline
        for cronjob in self.cluster.all(CRONJOB) if not self.cronjobs_away else ():
            if not cronjob["spec"].get("suspend"):
                tick = _calendar(cronjob).next_after(now - self.lag)
                if tick is not None:
                    yield tick + self.lag

    def _pod_instants(self, pod: Object) -> Iterator[datetime]:
        if _deleted_at(pod) is not None:
            if not self.lost_node:
                yield _deleted_at(pod) or _LONG_AGO
        elif pod["status"].get("phase") == "Pending":
            if self._starts(pod):
                yield self._reported_at(pod)
        elif pod["status"].get("phase") == "Running":
            work = self.work(_job_of(pod))
            if work.seconds is not None:
                yield _started(pod) + timedelta(seconds=work.seconds)

    # ---- pods

    def _pod(self, pod: Object) -> None:
        now = self.cluster.clock.now
        deleted_at = _deleted_at(pod)
        phase = pod["status"].get("phase")
        work = self.work(_job_of(pod))
        if deleted_at is not None:
            if now >= deleted_at and not self.lost_node:
                if phase in ("Pending", "Running") and self.has_started(pod):
                    self._end_pod(pod, 143, "Failed")
                self.cluster.remove(POD, pod["metadata"]["name"])
        elif phase == "Pending" and self._starts(pod) and now >= self._reported_at(pod):
            self._report_start(pod)
        elif phase == "Running" and work.seconds is not None and now >= _started(pod) + timedelta(seconds=work.seconds):
            self._end_pod(pod, work.exit_code, "Failed" if work.exit_code else "Succeeded")

    def has_started(self, pod: Object) -> bool:
        """Whether its container has started, also if the kubelet has not reported it."""
        if pod["status"].get("phase") == "Pending":
            return self._starts(pod) and self.cluster.clock.now >= _created(pod) + _SECOND
        return True

    def _reported_at(self, pod: Object) -> datetime:
        return _created(pod) + timedelta(seconds=self.work(_job_of(pod)).report_seconds)

    def _report_start(self, pod: Object) -> None:
        self._status(POD, pod, {"phase": "Running", "containerStatuses": [_running(self.cluster.clock.text())]})

    def _starts(self, pod: Object) -> bool:
        return self.work(_job_of(pod)).starts and pod["spec"]["containers"][0]["image"] not in self.missing_images

    def _end_pod(self, pod: Object, code: int, phase: str) -> None:
        if pod["status"].get("phase") == "Pending":
            self._report_start(pod)
        pod = self.cluster.read(POD, pod["metadata"]["name"])
        if self.work(_job_of(pod)).killed_for:
            self._say_why(pod, self.work(_job_of(pod)).killed_for)
        ended = {
            "exitCode": code,
            "reason": "Error" if code else "Completed",
            "startedAt": pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"],
            "finishedAt": self.cluster.clock.text(),
        }
        container = {"name": "main", "ready": False, "restartCount": 0, "state": {"terminated": ended}}
        self._status(POD, pod, {"phase": phase, "containerStatuses": [container]})

    def _say_why(self, pod: Object, words: str) -> None:
        involved = {"uid": pod["metadata"]["uid"], "fieldPath": "spec.containers{main}"}
        for reason, message in (("Unhealthy", words), ("Killing", "Stopping container main")):
            body = {"involvedObject": involved, "reason": reason, "message": message}
            now = self.cluster.clock.text()
            self.cluster.create(EVENT, {"metadata": {"generateName": "event-"}, **body, "lastTimestamp": now})

    # ---- Jobs

    def _job(self, job: Object) -> None:
        if _finished(job):
            return
        pods = [pod for pod in self.cluster.all(POD) if _owner_uid(pod) == job["metadata"]["uid"]]
        deadline = _job_deadline(job)
        if _is_ending(job):
            if not pods:
                self._finish(job, "Failed", "DeadlineExceeded", failed=1 if "startTime" in job["status"] else 0)
        elif deadline is not None and self.cluster.clock.now >= deadline:
            self._begin_end(job, pods)
        elif job["spec"].get("suspend"):
            self._suspend(job, pods)
        elif "startTime" not in job["status"]:
            self._start(job)
        else:
            self._count(job, pods)

    def _start(self, job: Object) -> None:
        conditions = [{**found, "status": "False"} for found in job["status"].get("conditions") or []]
        self._status(
            JOB, job, {"startTime": self.cluster.clock.text(), "active": 1, "ready": 0, "conditions": conditions}
        )
        name = job["metadata"]["name"]
        number = self.cluster.made[POD].total()
        template = job["spec"]["template"]
        identity = {names.LABEL_JOB_NAME: name, names.LABEL_CONTROLLER_UID: job["metadata"]["uid"]}
        labels = {**(template["metadata"].get("labels") or {}), **identity}
        owner = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": name,
            "uid": job["metadata"]["uid"],
            "controller": True,
        }
        pod = self.cluster.create(
            POD,
            {
                "metadata": {
                    "name": f"{name}-{number:04d}",
                    "namespace": job["metadata"]["namespace"],
                    "labels": labels,
                    "ownerReferences": [owner],
                },
                "spec": {**template["spec"], "nodeName": "node-1"},
            },
        )
        waiting = {"reason": "ContainerCreating"}
        if not self._starts(pod):
            waiting = self.work(name).waiting
        container = {"name": "main", "ready": False, "restartCount": 0, "state": {"waiting": waiting}}
        self._status(
            POD, pod, {"phase": "Pending", "startTime": self.cluster.clock.text(), "containerStatuses": [container]}
        )

    def _count(self, job: Object, pods: list[Object]) -> None:
        phases = [pod["status"].get("phase") for pod in pods if _deleted_at(pod) is None]
        if "Succeeded" in phases:
            self._announce(job, "SuccessCriteriaMet", "CompletionsReached")
            self._finish(job, "Complete", "CompletionsReached", succeeded=1)
        elif "Failed" in phases or not pods:
            self._announce(job, "FailureTarget", "BackoffLimitExceeded")
            self._finish(job, "Failed", "BackoffLimitExceeded", failed=1)
        elif "Running" in phases and not job["status"].get("ready"):
            self._status(JOB, job, {"ready": 1})

    def _begin_end(self, job: Object, pods: list[Object]) -> None:
        self._announce(job, "FailureTarget", "DeadlineExceeded", terminating=len(pods))
        for pod in pods:
            self._delete_pod(pod)
        if not pods:
            self._job(self.cluster.read(JOB, job["metadata"]["name"]))

    def _suspend(self, job: Object, pods: list[Object]) -> None:
        conditions = [found for found in job["status"].get("conditions") or [] if found["type"] != "Suspended"]
        suspended = self._condition("Suspended", "JobSuspended")
        is_told = any(
            found["type"] == "Suspended" and found["status"] == "True"
            for found in job["status"].get("conditions") or []
        )
        if not is_told:
            changes: Object = {"conditions": [*conditions, suspended], "startTime": None, "active": None, "ready": None}
            self._status(JOB, job, {**changes, "terminating": len(pods) or None})
        elif not pods and job["status"].get("terminating"):
            self._status(JOB, job, {"terminating": None})
        for pod in pods:
            if _deleted_at(pod) is None:
                self._delete_pod(pod)

    def _announce(self, job: Object, kind: str, reason: str, **counts: int) -> None:
        conditions = [*(job["status"].get("conditions") or []), self._condition(kind, reason)]
        self._status(JOB, job, {"conditions": conditions, "active": None, "ready": 0, **counts})

    def _finish(self, job: Object, kind: str, reason: str, **counts: int) -> None:
        job = self.cluster.read(JOB, job["metadata"]["name"])
        conditions = [*(job["status"].get("conditions") or []), self._condition(kind, reason)]
        changes: Object = {"conditions": conditions, "active": None, "ready": None, "terminating": None, **counts}
        if kind == "Complete":
            changes["completionTime"] = self.cluster.clock.text()
        self._status(JOB, job, changes)

    def _delete_pod(self, pod: Object) -> None:
        """Grace is one second; the deletionTimestamp is its end."""
        gone_at = _whole(self.cluster.clock.now) + _SECOND
        metadata = {"deletionTimestamp": format_instant(gone_at), "deletionGracePeriodSeconds": 1}
        self.cluster.patch(POD, pod["metadata"]["namespace"], pod["metadata"]["name"], {"metadata": metadata})

    def _condition(self, kind: str, reason: str) -> Object:
        moment = self.cluster.clock.text()
        return {"type": kind, "status": "True", "reason": reason, "message": f"{reason}.", "lastTransitionTime": moment}

    def _status(self, kind: Any, body: Object, changes: Object) -> None:
        metadata = body["metadata"]
        self.cluster.patch(
            kind, metadata["namespace"], metadata["name"], {"status": copied(changes)}, subresource="status"
        )

    # ---- CronJobs

    def _cronjob(self, cronjob: Object) -> None:
        """The controller of Kubernetes: the newest unmet tick alone, and nothing while Forbid has a Job that runs."""
        spec, now = cronjob["spec"], self.cluster.clock.now - self.lag
        counted = cronjob["status"].get("active") or []
        active = [job for job in counted if self._still_counts(cronjob, job)]
        if active != counted:
            self._status(CRONJOB, cronjob, {"active": active or None})
        if spec.get("suspend"):
            return
        last = cronjob["status"].get("lastScheduleTime")
        earliest = parse_instant(last) if last else _created(cronjob)
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None:
            earliest = max(earliest, now - timedelta(seconds=deadline))
        tick = _calendar(cronjob).previous(now)
        if tick is None or tick <= earliest or tick in self.overlooks:
            return
        if active and spec.get("concurrencyPolicy") == "Forbid":
            return
        if active and spec.get("concurrencyPolicy") == "Replace":
            for job in active:
                self.cluster.delete(JOB, job["name"])
            active = []
        self._fire(cronjob, tick, active)

    def _still_counts(self, cronjob: Object, counted: Object) -> bool:
        """Whether a Job counts as active. A Job that the CronJob does not own counts until it is deleted."""
        job = self.cluster.find(JOB, counted["name"])
        if job is None or job["metadata"]["uid"] != counted["uid"]:
            return False
        return _owner_uid(job) != cronjob["metadata"]["uid"] or not _finished(job)

    def fire(self, tick: datetime) -> None:
        """Make the Job of a tick for every CronJob, as a controller does whose view is stale."""
        for cronjob in self.cluster.all(CRONJOB):
            self._fire(cronjob, tick, [])

    def _fire(self, cronjob: Object, tick: datetime, active: list[Object]) -> None:
        template = cronjob["spec"]["jobTemplate"]
        metadata = copied(template.get("metadata") or {})
        name = f"{cronjob['metadata']['name']}-{int(tick.timestamp()) // 60}"
        metadata["name"] = name
        metadata["namespace"] = cronjob["metadata"]["namespace"]
        metadata.setdefault("annotations", {})[names.ANNOTATION_CRONJOB_TICK] = format_instant(tick)
        metadata["ownerReferences"] = [
            {
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "name": cronjob["metadata"]["name"],
                "uid": cronjob["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
        job = self.cluster.find(JOB, name)
        if job is None:
            job = self.cluster.create(JOB, {"metadata": metadata, "spec": copied(template["spec"])})
        elif _owner_uid(job) != cronjob["metadata"]["uid"] or any(found["name"] == name for found in active):
            return
        if not self.forgets_status:
            active = [*active, {"name": name, "uid": job["metadata"]["uid"]}]
            self._status(CRONJOB, cronjob, {"active": active, "lastScheduleTime": format_instant(tick)})
        self._job(self.cluster.read(JOB, name))


def _calendar(cronjob: Object) -> Recurrence:
    spec = cronjob["spec"]
    schedule = Schedule(cron=spec["schedule"], time_zone=spec.get("timeZone") or "Etc/UTC")
    return compile_schedule(schedule, since=_LONG_AGO)


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _created(body: Object) -> datetime:
    return parse_instant(body["metadata"]["creationTimestamp"])


def _started(pod: Object) -> datetime:
    return parse_instant(pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"])


def _running(at: str) -> Object:
    return {"name": "main", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": at}}}


def _deleted_at(pod: Object) -> datetime | None:
    text = pod["metadata"].get("deletionTimestamp")
    return parse_instant(text) if text else None


def _owner_uid(body: Object) -> str:
    owners = body["metadata"].get("ownerReferences") or []
    return next((owner["uid"] for owner in owners if owner.get("controller")), "")


def _job_of(pod: Object) -> str:
    return str(pod["metadata"]["labels"][names.LABEL_JOB_NAME])


def _job_deadline(job: Object) -> datetime | None:
    seconds = job["spec"].get("activeDeadlineSeconds")
    if seconds is None or job["spec"].get("suspend"):
        return None
    if seconds == 0:
        return _LONG_AGO
    start = job["status"].get("startTime")
    return parse_instant(start) + timedelta(seconds=seconds) if start else None


def _conditions(job: Object) -> set[str]:
    return {found["type"] for found in job["status"].get("conditions") or [] if found["status"] == "True"}


def _finished(job: Object) -> bool:
    return bool(_conditions(job) & {"Complete", "Failed"})


def _is_ending(job: Object) -> bool:
    return "FailureTarget" in _conditions(job)
