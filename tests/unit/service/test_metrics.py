"""Metrics: their values, and their rows in docs/reference/metrics.md. `tests/cluster/test_high_availability.py` asks a
process."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from process_operator.app import Operator
from process_operator.cluster.connection import connect
from process_operator.decisions.plan.actions import CreateRun, FinishRun, GrowSummary
from process_operator.resources.kinds import JOB
from process_operator.resources.model import format_instant
from process_operator.resources.names import ANNOTATION_ENGINE, ANNOTATION_MISSED_REASON
from process_operator.resources.process_run import ProcessRunStatus, RunPhase, RunSummary
from process_operator.service.metrics import Metrics
from process_operator.settings import Settings

NOW = datetime(2027, 3, 1, 9, 0, 1, tzinfo=UTC)
TICK = datetime(2027, 3, 1, 9, 0, 0, tzinfo=UTC)
KEY = ("erp", "report")
DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


@pytest.fixture
async def operator(tmp_path: Path) -> Operator:
    """Wired, never started: nothing is sent to the address."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: u, user: {}}]}"
    )
    connection = await connect(kubeconfig=str(kubeconfig))
    return Operator(connection, Settings(metrics_per_request=True), clock=lambda: NOW)


def created(trigger: str = "Schedule", *, job: bool = True, annotations: dict[str, str] | None = None) -> CreateRun:
    metadata: dict[str, Any] = {"name": "run"} | ({"annotations": annotations} if annotations else {})
    spec = {"trigger": trigger, "scheduledTime": format_instant(TICK)}
    return CreateRun({"metadata": metadata, "spec": spec}, {} if job else None)


def finished(phase: RunPhase, count: int | None = None) -> FinishRun:
    return FinishRun("run", ProcessRunStatus(phase=phase, reason="Why", summary=summary(count)))


def grown(count: int, run: str = "run") -> GrowSummary:
    return GrowSummary(run, ProcessRunStatus(phase=RunPhase.MISSED, summary=summary(count)))


def summary(count: int | None) -> RunSummary | None:
    if count is None:
        return None
    return RunSummary(from_=TICK, to=TICK + timedelta(seconds=count - 1), count=count)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"process_operator_{name}", labels)


@dataclass(frozen=True)
class Counted:
    """Actions, and the value of a metric after them."""

    id: str
    actions: list[Any]
    name: str
    expected: float | None
    labels: dict[str, str] = field(default_factory=dict)


COUNTED: Final = [
    Counted(
        "a run that starts",
        actions=[created()],
        name="runs_created_total",
        labels={"trigger": "Schedule"},
        expected=1,
    ),
    Counted("is a second late", actions=[created()], name="tick_lateness_seconds_sum", expected=1),
    Counted(
        "one that has to wait has no lateness",
        actions=[created(job=False)],
        name="tick_lateness_seconds_count",
        expected=0,
    ),
    Counted(
        "one that the CronJob controller started has a lateness",
        actions=[created(job=False, annotations={ANNOTATION_ENGINE: "CronJob"})],
        name="tick_lateness_seconds_count",
        expected=1,
    ),
    Counted(
        "a record of a tick that did not start is no run",
        actions=[created(annotations={ANNOTATION_MISSED_REASON: "Missed/DeadlinePassed"}, job=False)],
        name="runs_created_total",
        labels={"trigger": "Schedule"},
        expected=None,
    ),
    Counted("a backfill is never late", actions=[created("Backfill")], name="tick_lateness_seconds_count", expected=0),
    Counted(
        "ends are counted by phase",
        actions=[finished(RunPhase.FAILED), finished(RunPhase.FAILED)],
        name="runs_finished_total",
        labels={"phase": "Failed"},
        expected=2,
    ),
    Counted(
        "ends are counted by request, if that is configured",
        actions=[finished(RunPhase.FAILED)],
        name="request_runs_finished_total",
        labels={"namespace": "erp", "request": "report", "phase": "Failed"},
        expected=1,
    ),
    Counted(
        "a missed tick is not started",
        actions=[finished(RunPhase.MISSED)],
        name="ticks_not_started_total",
        labels={"phase": "Missed"},
        expected=1,
    ),
    Counted(
        "a summary counts its ticks",
        actions=[finished(RunPhase.SKIPPED, 7), grown(9), grown(20)],
        name="ticks_not_started_total",
        labels={"phase": "Skipped"},
        expected=7,
    ),
    Counted(
        "a summary counts its later ticks",
        actions=[finished(RunPhase.MISSED, 7), grown(9), grown(20)],
        name="ticks_not_started_total",
        labels={"phase": "Missed"},
        expected=20,
    ),
    Counted(
        "those of before a restart are not counted again",
        actions=[grown(50), grown(60)],
        name="ticks_not_started_total",
        labels={"phase": "Missed"},
        expected=10,
    ),
]


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: case.id)
async def test_actions(
    operator: Operator,
    case: Counted,
) -> None:
    for action in case.actions:
        operator.parts.metrics.action(KEY, action)
    assert value(operator.parts.metrics, case.name, **case.labels) == case.expected


async def test_requests_to_the_api_are_counted_by_their_outcome(operator: Operator) -> None:
    for code in ("201", "201", "unreachable"):
        operator.parts.metrics.api_request("create", JOB, code, 0.01)
    assert value(operator.parts.metrics, "api_requests_total", verb="create", resource="jobs", code="201") == 2
    assert value(operator.parts.metrics, "api_requests_total", verb="create", resource="jobs", code="unreachable") == 1
    assert value(operator.parts.metrics, "api_request_duration_seconds_count", verb="create") == 3


async def test_gauges_show_what_is_there(operator: Operator) -> None:
    operator.parts.controller.queue.add(KEY)
    operator.parts.controller.agenda.put(KEY, NOW - timedelta(seconds=3))
    assert value(operator.parts.metrics, "queue_depth") == 1
    assert value(operator.parts.metrics, "agenda_entries") == 1
    assert value(operator.parts.metrics, "agenda_overdue_seconds") == 3
    assert value(operator.parts.metrics, "leader") == 0
    assert value(operator.parts.metrics, "ready") == 0


async def test_calendars_that_cannot_be_read_are_counted(operator: Operator) -> None:
    calendars, place = operator.parts.controller.store.calendars, ("erp", "holidays")
    sources = [{"configMap": {"name": "holidays", "key": key}} for key in ("company.ics", "plant.ics")]
    calendars.index(KEY, {"spec": {"timing": {"schedule": {"excludeFrom": sources}}}})
    empty = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:a\r\n{}END:VCALENDAR\r\n"
    hourly = "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20270301T090000Z\r\nRRULE:FREQ=HOURLY\r\nEND:VEVENT\r\n"
    counted = []
    for data in (
        None,
        {"company.ics": empty.format("")},
        {"company.ics": empty.format(""), "plant.ics": empty.format(hourly)},
        {"company.ics": empty.format(""), "plant.ics": empty.format("")},
    ):
        calendars.apply(place, None if data is None else {"data": data})
        counted.append(value(operator.parts.metrics, "calendars_unreadable"))
    assert counted == [2, 1, 1, 0]


async def test_each_metric_is_documented_with_its_type_and_labels(operator: Operator) -> None:
    for action in (created(), finished(RunPhase.MISSED)):
        operator.parts.metrics.action(KEY, action)
    operator.parts.metrics.api_request("get", JOB, "200", 0.01)
    operator.parts.metrics.notification("pager", "failed")
    body, content_type = operator.parts.metrics.exposition()
    assert content_type.startswith("text/plain")
    exposed = {}
    for family in text_string_to_metric_families(body.decode()):
        if family.name.startswith("process_operator"):
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            name = f"{family.name}_total" if family.type == "counter" else family.name
            exposed[name] = (family.type, labels)
    rows = re.findall(r"^\| `(process_operator_\w+)` \| (\w+) \| (.*?) \|", DOCUMENT.read_text(), re.MULTILINE)
    assert {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows} == exposed
