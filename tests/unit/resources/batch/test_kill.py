"""The annotation with which the operator notes why it ended a Job."""

from __future__ import annotations

from typing import Any

import pytest

from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.kill import Kill, KillReason


def job_with(*conditions: tuple[str, str], annotations: dict[str, str] | None = None, **status: Any) -> Job:
    found = [{"type": kind, "status": holds} for kind, holds in conditions]
    return parse_job({"metadata": {"annotations": annotations or {}}, "status": {"conditions": found, **status}})


@pytest.mark.parametrize(
    ("value", "kill"),
    [
        ("Canceled", Kill(KillReason.CANCELED)),
        ("Canceled its timing was edited", Kill(KillReason.CANCELED, "its timing was edited")),
        ("Replaced close-2", Kill(KillReason.REPLACED, "close-2")),
        ("Suspended", Kill(KillReason.SUSPENDED)),
        ("Missed", Kill(KillReason.MISSED)),
        ("canceled", None),
        ("Whatever it says", None),
        ("", None),
        (None, None),
    ],
)
def test_the_kill_annotation(value: str | None, kill: Kill | None) -> None:
    job = job_with(annotations={} if value is None else {"process-operator.io/kill": value})

    assert job.kill == kill
    if kill is not None:
        assert str(kill) == value
