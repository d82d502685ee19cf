"""Requests, runs, Jobs and calendars as values, for the tables about decisions. Every instant is on 1 March 2027,
UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypedDict, Unpack

from tests.builders.instants import at
from tests.builders.objects import Object

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.compiled_request import CompiledRequest
from process_operator.decisions.inputs.history import BackfillMark, FinishedRun, RunEnd
from process_operator.decisions.inputs.observations import CalendarFile, Delivery, DryRun, RunObservations
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.run_view import RunView, view_of
from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.resources import names
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.process import Process
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import Activation, ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, RunPhase, RunSummary, StepStatus
from process_operator.resources.schedule import Schedule
from process_operator.timing.recurrence import Recurrence, compile_schedule

UID: Final = "uid-of-the-request"
STEM: Final = names.child_stem("close", UID)


class Known(TypedDict, total=False):
    """Fields of a snapshot that a test may set, see `Snapshot`."""

    status: ProcessRequestStatus
    process: Process | None
    step_processes: Mapping[str, Process]
    process_lock: ProcessLock | None
    cronjobs: tuple[CronJob, ...]
    runs: tuple[ProcessRun, ...]
    step_runs: tuple[ProcessRun, ...]
    step_ends: Mapping[str, StepStatus | None]
    jobs: Mapping[str, Job]
    gone_jobs: frozenset[str]
    pods: Mapping[str, tuple[Pod, ...]]
    observations: Mapping[str, RunObservations]
    history: tuple[FinishedRun, ...] | None
    backfills: tuple[ProcessBackfill, ...]
    backfill_status: Mapping[str, ProcessBackfillStatus]
    dry_run: DryRun | None
    blocked: Mapping[str, Blocked]
    calendars: Mapping[tuple[str, str], CalendarFile]
    deliveries: Mapping[str, Delivery]
    defaults: Defaults
    compiled_before: CompiledRequest | None


class Facts(TypedDict, total=False):
    """Further facts about a finished run, see `FinishedRun`."""

    start: datetime | None
    by_cronjob: bool
    backfill: BackfillMark | None
    steps: tuple[StepStatus, ...]
    recorded: datetime | None
    end_to_notify: RunEnd | None


CONTAINER: Final[Object] = {"name": "main", "image": "busybox"}


def every(seconds: int, *, since: str = "12:00", **bounds: object) -> Recurrence:
    """Calendar with a tick every `seconds` since an instant."""
    schedule = Schedule.model_validate({"secondly": {"every": seconds}, **bounds})
    return compile_schedule(schedule, since=at(since))


def template(**container: object) -> Object:
    """A Job template as a person writes it."""
    return {"spec": {"template": {"spec": {"containers": [{**CONTAINER, **container}]}}}}


def request(
    timing: Object | None = None, *, status: Object | None = None, metadata: Object | None = None, **spec: object
) -> ProcessRequest:
    """The ProcessRequest `close`, made at noon: Run Immediately, unless a timing is given."""
    spec = {"timing": timing or {"runImmediately": {}}, **spec}
    if "process" not in spec:
        spec.setdefault("jobTemplate", template())
    return ProcessRequest.model_validate(
        {
            "metadata": {
                "name": "close",
                "namespace": "erp",
                "uid": UID,
                "generation": 3,
                "creationTimestamp": "2027-03-01T12:00:00Z",
                **(metadata or {}),
            },
            "spec": spec,
            "status": status or {},
        }
    )


def schedule(seconds: int = 10, **bounds: object) -> Object:
    """Timing with a tick every `seconds`."""
    return {"schedule": {"secondly": {"every": seconds}, **bounds}}


def process(**spec: object) -> Process:
    """The Process `close-day`."""
    return Process.model_validate(
        {"metadata": {"name": "close-day", "namespace": "erp"}, "spec": {"jobTemplate": template(), **spec}}
    )


def activation(number: int = 1, *, since: str = "12:00", runs: int = 0, spec_hash: str = "hash") -> Activation:
    """An activation as the status holds it."""
    return Activation(number=number, since=at(since), runs=runs, spec_hash=spec_hash)


def snapshot(of: ProcessRequest, **known: Unpack[Known]) -> Snapshot:
    """Snapshot of a request; its activation began at noon, unless a status is given."""
    known.setdefault(
        "status", of.status if of.status.activation is not None else ProcessRequestStatus(activation=activation())
    )
    return Snapshot(namespace="erp", name="close", request=of, **known)


def run(
    name: str = f"{STEM}-s1",
    *,
    trigger: str = "Schedule",
    due: str = "12:00",
    annotations: dict[str, str] | None = None,
    spec: Object | None = None,
    status: Object | None = None,
) -> ProcessRun:
    """An open run of the request."""
    fields: Object = {"request": {"name": "close"}, "trigger": trigger}
    if trigger != "Manual":
        fields["scheduledTime"] = at(due)
    metadata = {
        "name": name,
        "namespace": "erp",
        "uid": f"uid-of-{name}",
        "creationTimestamp": at(due),
        "labels": {names.LABEL_REQUEST: "close", names.LABEL_REQUEST_UID: UID, names.LABEL_RUN: name},
        "ownerReferences": [
            {"apiVersion": names.API_VERSION, "kind": "ProcessRequest", "name": "close", "uid": UID, "controller": True}
        ],
        "annotations": annotations or {},
    }
    return ProcessRun.model_validate({"metadata": metadata, "spec": {**fields, **(spec or {})}, "status": status or {}})


def finished(
    name: str,
    phase: RunPhase = RunPhase.SUCCEEDED,
    *,
    due: str | None = "12:00",
    end: str | None = None,
    reason: str = "",
    missed_reason: str = "",
    to: str | None = None,
    count: int = 1,
    **facts: Unpack[Facts],
) -> FinishedRun:
    """The operator's memory of a finished run; with `to` it stands for `count` ticks."""
    made = at(due or "12:00")
    summary = RunSummary(from_=made, to=at(to), count=count) if to is not None else None
    ended = at(end) if end is not None else None
    return FinishedRun(
        name=name,
        uid=f"uid-of-{name}",
        phase=phase,
        reason=reason,
        created=made,
        scheduled=None if due is None else made,
        end=ended,
        summary=summary,
        missed_reason=missed_reason,
        **facts,
    )


def owned_by(run: str) -> Object:
    """The owner of a Job: the run of that name."""
    return {"kind": "ProcessRun", "name": run, "uid": f"uid-of-{run}", "controller": True}


def job(
    name: str = f"{STEM}-s1",
    *,
    finished_at: str | None = None,
    metadata: Object | None = None,
    spec: Object | None = None,
    status: Object | None = None,
) -> Job:
    """The Job of a run: it runs, or it has succeeded."""
    usual: Object = {"startTime": "2027-03-01T12:00:00Z", "active": 1, "ready": 1}
    if finished_at is not None:
        moment = at(finished_at).strftime("%Y-%m-%dT%H:%M:%SZ")
        usual = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": moment}]}
    return parse_job(
        {
            "metadata": {
                "name": name,
                "namespace": "erp",
                "uid": f"uid-of-job-{name}",
                "labels": {names.LABEL_REQUEST: "close", names.LABEL_REQUEST_UID: UID},
                "ownerReferences": [owned_by(name)],
                **(metadata or {}),
            },
            "spec": spec or {},
            "status": usual if status is None else status,
        }
    )


def waiting_job(name: str = f"{STEM}-s1") -> Job:
    """The Job of a Run Later that the operator made suspended, because it waits for its start."""
    metadata = {"annotations": {names.ANNOTATION_WAITS_FOR_START: "true"}}
    return job(name, metadata=metadata, spec={"suspend": True}, status={})


def view(of: Snapshot, a_run: ProcessRun) -> RunView:
    """View of a run, as decisions use it."""
    return view_of(of, a_run)


def seconds(number: float) -> timedelta:
    """A duration in seconds."""
    return timedelta(seconds=number)
