"""Reading CronJobs: a full body field by field, and bodies in which almost everything is absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.builders.workloads import instant

from process_operator.resources.batch.cronjob import ActiveJob, CronJob, parse_cronjob
from process_operator.resources.batch.metadata import WorkloadMetadata

BODIES = Path(__file__).parent / "bodies"
NAME = "close-5f3a9c1e-29909280"


def body(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads((BODIES / f"{name}.json").read_text())
    return raw


def test_a_cronjob_is_read_whole() -> None:
    cronjob = parse_cronjob(body("cronjob"))

    assert cronjob == CronJob(
        metadata=cronjob.metadata,
        schedule="0 9 * * *",
        time_zone="Europe/Madrid",
        suspend=True,
        concurrency_policy="Forbid",
        starting_deadline_seconds=7200,
        last_schedule_time=instant(0),
        active=(ActiveJob(NAME, "0d4f6c1a-6f0b-4a55-9a3c-0a8d2c0f7b11"),),
    )
    assert cronjob.metadata.name == "close-5f3a9c1e"
    assert cronjob.template_hash == "89abcdef01234567"


@pytest.mark.parametrize("raw", [{}, {"metadata": {}, "spec": {}, "status": {}}, {"spec": None, "status": None}])
def test_absent_fields_have_the_defaults_of_the_api(raw: dict[str, Any]) -> None:
    assert parse_cronjob(raw) == CronJob(metadata=WorkloadMetadata(), schedule="")


def test_a_cronjob_is_compact() -> None:
    assert not hasattr(parse_cronjob(body("cronjob")), "__dict__")
