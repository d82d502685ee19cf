"""Every manifest of examples/ is one that the operator accepts, and runs as its comment says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from process_operator.decisions.acceptance.engine import choose_engine
from process_operator.decisions.template.job_template import JobTemplate, build_template
from process_operator.decisions.template.step import step_templates
from process_operator.preview.manifest_set import manifest_set
from process_operator.preview.preview import Period, preview
from process_operator.resources.engine import Engine
from process_operator.resources.names import API_VERSION
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.schema import KINDS
from process_operator.timing.describe import describe_timing
from process_operator.timing.recurrence import check_schedule

if TYPE_CHECKING:
    from process_operator.resources.kind import Resource

EXAMPLES = Path(__file__).parents[3] / "examples"
FILES = sorted(path.name for path in EXAMPLES.iterdir())
NOW = datetime(2026, 11, 22, 17, 0, 30, tzinfo=UTC)
LOCAL_IMAGE = "localhost/busybox:1"

MODELS: dict[str, type[Resource]] = {model.definition.kind.kind: model for model in KINDS}


class Promise(NamedTuple):
    """Claims of an example: its timing in words, and the engine of its Jobs (one-shot timings have none)."""

    schedule: str
    engine: Engine | None = None


PROMISES = {
    "backfill.yaml": Promise("cron 0 * * * * Etc/UTC", Engine.OPERATOR),
    "cron.yaml": Promise("cron */15 8-17 * * 1-5 Europe/Madrid", Engine.OPERATOR),
    "daily.yaml": Promise("daily at 02:30 Europe/Madrid", Engine.OPERATOR),
    "every-10-seconds.yaml": Promise("every 10 seconds", Engine.OPERATOR),
    "every-minute.yaml": Promise("every minute", Engine.CRON_JOB),
    "failing.yaml": Promise("run immediately"),
    "holidays.yaml": Promise("weekdays at 07:00 Europe/Madrid", Engine.OPERATOR),
    "monthly.yaml": Promise("monthly on the last day at 23:30 Europe/Madrid", Engine.OPERATOR),
    "notify.yaml": Promise("run immediately"),
    "one-at-a-time.yaml": Promise("every 30 seconds", Engine.OPERATOR),
    "run-immediately.yaml": Promise("run immediately"),
    "run-later.yaml": Promise("run later, 20s after it is scheduled"),
    "steps.yaml": Promise("daily at 01:00 Europe/Madrid", Engine.OPERATOR),
    "weekly.yaml": Promise("weekly on Mon, Thu at 09:00 America/New_York", Engine.CRON_JOB),
    "with-process.yaml": Promise("run immediately"),
}


def manifests(name: str) -> list[dict[str, Any]]:
    """The objects of a file, as they stand there."""
    return list(yaml.safe_load_all((EXAMPLES / name).read_text()))


def of_ours(name: str) -> list[dict[str, Any]]:
    return [manifest for manifest in manifests(name) if manifest["kind"] in MODELS]


def objects(name: str) -> list[Resource]:
    return [MODELS[manifest["kind"]].model_validate(manifest) for manifest in of_ours(name)]


def request_and_processes(name: str) -> tuple[ProcessRequest, dict[str, Process]]:
    """The first request of a file, and its Processes by name."""
    found = objects(name)
    request = next(item for item in found if isinstance(item, ProcessRequest))
    return request, {item.metadata.name: item for item in found if isinstance(item, Process)}


def templates(name: str) -> list[JobTemplate]:
    """The Jobs that an example becomes: of a Process with steps one for each."""
    request, processes = request_and_processes(name)
    process = processes[request.spec.process.name] if request.spec.process is not None else None
    if process is None or process.spec.steps is None:
        return [build_template(request, process)]
    return [step.template for step in step_templates(request, process, processes)]


def fields(value: object, path: str) -> set[str]:
    """Paths of all fields in a value."""
    if isinstance(value, dict):
        return {path}.union(*(fields(item, f"{path}.{name}") for name, item in value.items()))
    if isinstance(value, list):
        return {path}.union(*(fields(item, f"{path}[{index}]") for index, item in enumerate(value)))
    return {path}


def test_every_example_is_promised_something_here() -> None:
    assert sorted(PROMISES) == FILES


@pytest.mark.parametrize("name", FILES)
def test_the_models_know_every_field(name: str) -> None:
    for manifest, item in zip(of_ours(name), objects(name), strict=True):
        assert manifest["apiVersion"] == API_VERSION
        # A misspelled one is dropped by the model.
        assert fields(manifest["spec"], "spec") - fields(item.to_api()["spec"], "spec") == set()


@pytest.mark.parametrize("name", FILES)
def test_the_timing_is_what_is_promised(name: str) -> None:
    request, processes = request_and_processes(name)
    schedule = request.spec.timing.schedule
    if schedule is not None:
        check_schedule(schedule, now=NOW)
    has_steps = any(process.spec.steps for process in processes.values())
    template = None if has_steps else templates(name)[0]
    process = processes[request.spec.process.name] if request.spec.process is not None else None
    choice = choose_engine(request, template, since=NOW, now=NOW, default=Engine.AUTO, process=process)
    assert describe_timing(request.spec.timing) == PROMISES[name].schedule
    assert (choice and choice.engine) == PROMISES[name].engine


def test_the_calendar_of_the_holidays_is_read() -> None:
    (given,) = manifest_set(manifests("holidays.yaml"), namespace="default").requests
    assert given.request is not None
    shown = preview(given.request, None, Period(datetime(2026, 12, 22, 12, tzinfo=UTC), count=3), given.calendars)
    assert [f"{tick.local:%d %B}" for tick in shown.ticks] == ["23 December", "28 December", "29 December"]
    spring = preview(given.request, None, Period(datetime(2027, 4, 4, 12, tzinfo=UTC), count=1), given.calendars)
    assert [f"{tick.local:%d %B}" for tick in spring.ticks] == ["06 April"]


@pytest.mark.parametrize("name", FILES)
def test_its_image_is_the_one_that_the_demo_can_replace(name: str) -> None:
    pods = [template.spec["template"]["spec"] for template in templates(name)]
    assert {container["image"] for pod in pods for container in pod["containers"]} == {LOCAL_IMAGE}
