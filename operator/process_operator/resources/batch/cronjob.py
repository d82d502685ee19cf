"""CronJob: the fields of a batch/v1 CronJob that decisions read, as a small frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from process_operator.resources import names
from process_operator.resources.batch.metadata import Workload
from process_operator.resources.batch.parsing import parse_metadata, parse_time
from process_operator.resources.types import Object


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A Job that a CronJob counts as running."""

    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronJob(Workload):
    """A batch/v1 CronJob: the fields that the CronJob controller acts on, and its progress."""

    schedule: str
    time_zone: str | None = None
    suspend: bool = False
    concurrency_policy: str = "Allow"
    starting_deadline_seconds: int | None = None
    last_schedule_time: datetime | None = None
    active: tuple[ActiveJob, ...] = ()
    """The Jobs that the CronJob controller counts as running."""

    @property
    def taken_over_tick(self) -> datetime | None:
        """The newest tick for which the operator created the Job in place of the CronJob controller."""
        return self._annotated_time(names.ANNOTATION_TAKEN_OVER_TICK)


def parse_cronjob(raw: Object) -> CronJob:
    """Read a CronJob from an API body."""
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    return CronJob(
        metadata=parse_metadata(raw),
        schedule=spec.get("schedule") or "",
        time_zone=spec.get("timeZone"),
        suspend=bool(spec.get("suspend")),
        concurrency_policy=spec.get("concurrencyPolicy") or "Allow",
        starting_deadline_seconds=spec.get("startingDeadlineSeconds"),
        last_schedule_time=parse_time(status.get("lastScheduleTime")),
        active=tuple(
            ActiveJob(job["name"], job.get("uid") or "") for job in status.get("active") or () if job.get("name")
        ),
    )
