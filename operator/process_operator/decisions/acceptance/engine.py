"""Engine of a schedule: a CronJob of Kubernetes or the operator itself creates its Jobs.

Auto chooses CronJob only if the CronJob controller would fire at exactly the same instants and mean the same.
`timing/cronjob_equivalent.py` compares the instants. This module has all other reasons against a CronJob.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.template.shape import TemplateError
from process_operator.resources.conditions import Reason
from process_operator.resources.engine import Engine
from process_operator.resources.process import ConcurrencyPolicy, Process
from process_operator.resources.process_request import CatchUp, ProcessRequest
from process_operator.timing.cronjob_equivalent import CronSchedule, WhyNot, cronjob_equivalent

_POLLING_SECONDS = 10
"""Interval of the CronJob controller. It might never start a Job with a shorter deadline."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine, and the schedule of the CronJob for the engine CronJob."""

    engine: Engine
    cron: CronSchedule | None = None


@dataclass(frozen=True, slots=True)
class _Obstacle:
    why: WhyNot
    weaker: bool = False
    """A user may still choose CronJob. It then promises less, as docs/reference/engine.md describes."""


def choose_engine(
    request: ProcessRequest,
    template: JobTemplate | None,
    *,
    since: datetime,
    now: datetime,
    default: Engine,
    process: Process | None = None,
) -> EngineChoice | None:
    """The engine of a schedule. None for one-shot timings, which need none.

    `template` is None if the Process has steps, because no CronJob creates several Jobs in a row.


    Raises:
        TemplateError: Unsupported, if `engine: CronJob` was chosen and is not possible.
        ScheduleError: the schedule itself is wrong.
    """
    schedule = request.spec.timing.schedule
    if schedule is None:
        if request.spec.engine == Engine.CRON_JOB:
            raise TemplateError(
                Reason.UNSUPPORTED, "spec.engine: CronJob is possible for spec.timing.schedule only; leave it out"
            )
        return None
    wanted = request.spec.engine or default
    if wanted == Engine.OPERATOR:
        return EngineChoice(Engine.OPERATOR)
    cron = cronjob_equivalent(schedule, since=since, now=now, key=request.metadata.key)
    obstacles = list(_obstacles(request, process, template, cron))
    if wanted == Engine.AUTO and obstacles:
        return EngineChoice(Engine.OPERATOR)
    for obstacle in obstacles:
        if not obstacle.weaker:
            raise TemplateError(
                Reason.UNSUPPORTED,
                f"spec.engine: CronJob is not possible: {obstacle.why.field}: {obstacle.why.message}",
            )
    assert isinstance(cron, CronSchedule)
    return EngineChoice(Engine.CRON_JOB, cron)


def _obstacles(
    request: ProcessRequest, process: Process | None, template: JobTemplate | None, cron: CronSchedule | WhyNot
) -> Iterator[_Obstacle]:
    spec, schedule = request.spec, request.spec.timing.schedule
    assert schedule is not None
    if isinstance(cron, WhyNot):
        yield _Obstacle(cron)
    if spec.concurrency_policy == ConcurrencyPolicy.QUEUE:
        yield _Obstacle(WhyNot("spec.concurrencyPolicy", "a CronJob has no Queue"))
    if spec.concurrency_policy == ConcurrencyPolicy.REPLACE:
        yield _Obstacle(
            WhyNot("spec.concurrencyPolicy", "a CronJob deletes the replaced Job without a trace"), weaker=True
        )
    if spec.catch_up == CatchUp.ALL:
        yield _Obstacle(WhyNot("spec.catchUp", "a CronJob starts only the newest run, never All"))
    if process is not None and process.spec.concurrency_policy != ConcurrencyPolicy.ALLOW:
        field = f"Process {process.metadata.name}: spec.concurrencyPolicy"
        yield _Obstacle(WhyNot(field, "a CronJob knows nothing of the runs of other requests"))
    if schedule.finish_time is not None:
        yield _Obstacle(
            WhyNot("spec.timing.schedule.finishTime", "a CronJob fires past it while the operator is away"), weaker=True
        )
    for name, is_set in (
        ("jitter", schedule.jitter is not None),
        ("exclude", bool(schedule.exclude)),
        ("excludeFrom", bool(schedule.exclude_from)),
        ("maxRuns", schedule.max_runs is not None),
    ):
        if is_set:
            yield _Obstacle(WhyNot(f"spec.timing.schedule.{name}", f"a CronJob has no {name}"))
    if spec.starting_deadline_seconds is not None and spec.starting_deadline_seconds < _POLLING_SECONDS:
        yield _Obstacle(WhyNot("spec.startingDeadlineSeconds", f"a CronJob needs {_POLLING_SECONDS} or more"))
    yield from _obstacles_of_the_job(template)


def _obstacles_of_the_job(template: JobTemplate | None) -> Iterator[_Obstacle]:
    if template is None:
        yield _Obstacle(WhyNot("spec.process", "a CronJob makes one Job, and this Process has steps"))
    elif template.uses_scheduled_time:
        yield _Obstacle(WhyNot("spec.jobTemplate", "a CronJob cannot provide PROCESS_SCHEDULED_TIME"))
