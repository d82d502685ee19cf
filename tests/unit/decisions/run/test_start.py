"""Start timeout of a run: the time since its Job was started, as far as the Job's status shows that time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders.snapshots import request, run, snapshot, view
from tests.builders.workloads import condition, instant, job

from process_operator.decisions.inputs.run_view import RunOrders
from process_operator.decisions.run.start import start_timed_out
from process_operator.resources.batch.job import Job

SECONDS = 60


@pytest.mark.parametrize(
    ("waiting", "is_watched"),
    [
        pytest.param(job(), True, id="a Job that was started"),
        pytest.param(job(condition("Suspended", status="False")), True, id="a Job whose resume is in its status"),
        pytest.param(job(condition("Suspended")), False, id="a Job whose resume the Job controller could not write"),
        pytest.param(job(condition("Suspended"), suspend=True), False, id="a suspended Job"),
        pytest.param(job(started=None), False, id="a Job that the Job controller has not seen"),
    ],
)
def test_the_timeout_counts_from_the_last_start(waiting: Job, *, is_watched: bool) -> None:
    orders = RunOrders(now=instant(10), request=request(), start_timeout=SECONDS)
    timed_out = start_timed_out(view(snapshot(request()), run()), waiting, orders)
    assert timed_out.wake_at == (instant(0) + timedelta(seconds=SECONDS) if is_watched else None)
    assert not timed_out.actions
