"""Evaluation of a watched load by the benchmarks: lateness, backlog, delays of records and requests per run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from load import Load
from sustained import requests_per_run

FIRST = 1_800_000_000


def job(name: str, *conditions: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"conditions": [{"type": kind} for kind in conditions]}}


def run(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": status}


def test_what_is_due_and_has_no_job_is_the_backlog() -> None:
    load = Load(2, FIRST, 3)
    for index, late in ((0, 0.1), (1, 0.2), (2, 1.5)):
        load.note_job("ADDED", job(f"load-{FIRST + index}"), FIRST + index + late)
    assert [load.backlog(seconds) for seconds in (1, 2, 3)] == [1, 2, 4]
    assert sorted(load.lateness()) == pytest.approx([0.1, 0.2, 1.5])


def test_a_job_that_comes_again_under_its_name_is_double() -> None:
    load = Load(1, FIRST, 1)
    load.note_job("ADDED", job("load-1"), FIRST)
    load.note_job("ADDED", job("load-1"), FIRST + 1)
    assert load.made_twice == {"load-1"}


def test_a_record_counts_from_the_end_of_its_job_and_only_with_times_and_log() -> None:
    load = Load(1, FIRST, 1)
    load.note_job("ADDED", job("load-1"), FIRST)
    load.note_job("MODIFIED", job("load-1", "SuccessCriteriaMet"), FIRST + 1)
    load.note_job("MODIFIED", job("load-1", "SuccessCriteriaMet", "Complete"), FIRST + 2)
    load.note_run("MODIFIED", run("load-1", endTime="2027-01-15T08:00:02Z"), FIRST + 2.5)
    assert not load.complete.is_set()
    load.note_run("MODIFIED", run("load-1", endTime="2027-01-15T08:00:02Z", log={"text": "done"}), FIRST + 3)
    assert load.delays() == [1]
    assert load.complete.is_set()


def test_requests_beyond_the_two_posts_are_counted_and_removals_are_not() -> None:
    load = Load(1, FIRST, 2)
    load.recorded = {"load-1": FIRST + 3, "load-2": FIRST + 3}
    load.requests = Counter(
        {
            ("create", "processruns"): 2,
            ("create", "jobs"): 3,
            ("get", "pods"): 2,
            ("patch", "processruns"): 2,
            ("patch", "processrequests"): 1,
            ("deletecollection", "processruns"): 1,
        }
    )
    assert requests_per_run(load) == 2.5
